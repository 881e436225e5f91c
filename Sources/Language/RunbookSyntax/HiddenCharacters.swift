import RunbookDiagnostics

/// Finds characters that make a text look other than it is: control, bidirectional and invisible ones.
enum HiddenCharacters {
  /// One diagnostic for each run of such characters in `range`.
  ///
  /// Joiners and variation selectors are allowed where scripts and emoji need them: next to a character from
  /// U+0100 on; U+FE0F also after `#`, `*`, a digit, `©` and `®`.
  static func diagnostics(
    in range: SourceRange, of bytes: UnsafeBufferPointer<UInt8>, place: String
  ) -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    var previous: Unicode.Scalar = " "
    var run: (first: Unicode.Scalar, range: SourceRange, count: Int)?
    var offset = range.start
    func report() {
      guard let found = run else { return }
      diagnostics.append(
        .invisibleCharacter(name(of: found.first), count: found.count, in: place, at: found.range))
    }
    while true {
      let start = offset
      offset = plainEnd(of: bytes, from: offset, before: range.end)
      if offset > start { previous = Unicode.Scalar(bytes[offset - 1]) }
      guard offset < range.end else { break }
      // Bytes that are no UTF-8 are reported elsewhere.
      let (scalar, length) = decode(bytes, at: offset, before: range.end) ?? ("\u{FFFD}", 1)
      defer {
        previous = scalar
        offset += length
      }
      guard isHidden(scalar, after: previous) else { continue }
      if let found = run, found.range.end == offset {
        run = (found.first, SourceRange(start: found.range.start, end: offset + length), found.count + 1)
      } else {
        report()
        run = (scalar, SourceRange(offset..<offset + length), 1)
      }
    }
    report()
    return diagnostics
  }

  /// Where the plain bytes from `start` on end.
  private static func plainEnd(
    of bytes: UnsafeBufferPointer<UInt8>, from start: Int, before limit: Int
  ) -> Int {
    var offset = start
    guard let base = bytes.baseAddress else { return offset }
    while true {
      // Eight bytes at once, as long as each of them is in 0x20...0x7E.
      while offset + 8 <= limit {
        let word = UnsafeRawPointer(base + offset).loadUnaligned(as: UInt64.self)
        let isTooLow = word &- 0x2020_2020_2020_2020
        let isTooHigh = word &+ 0x0101_0101_0101_0101
        guard (word | isTooLow | isTooHigh) & 0x8080_8080_8080_8080 == 0 else { break }
        offset += 8
      }
      let end = min(offset + 8, limit)
      while offset < end, isPlain(bytes[offset]) { offset += 1 }
      if offset < end || offset == limit { return offset }
    }
  }

  /// Printable ASCII, tab and line ends.
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F || byte == ASCII.tab || ASCII.isLineEnd(byte)
  }

  private static func isHidden(_ scalar: Unicode.Scalar, after previous: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0D: false
    case 0x00...0x1F, 0x7F...0x9F, 0xAD, 0x34F, 0x61C, 0x115F...0x1160, 0x17B4...0x17B5, 0x180B...0x180F: true
    case 0x200C...0x200D: previous.value < 0x100
    case 0xFE00...0xFE0E: previous.value < 0x100
    case 0xFE0F: previous.value < 0x100 && !"#*0123456789©®".unicodeScalars.contains(previous)
    case 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0x2800, 0x3164, 0xFEFF, 0xFFA0: true
    case 0xFFF9...0xFFFB, 0xE0000...0xE0FFF: true
    default: false
    }
  }

  /// The number, and the name of those that attacks and editors leave most.
  private static func name(of scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    let number = "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    switch scalar.value {
    case 0x1B: return "\(number) (escape)"
    case 0xAD: return "\(number) (soft hyphen)"
    case 0x200B: return "\(number) (zero width space)"
    case 0x200C...0x200D: return "\(number) (zero width joiner)"
    case 0x200E...0x200F, 0x202A...0x202E, 0x2066...0x2069, 0x61C: return "\(number) (text direction)"
    case 0xFEFF: return "\(number) (byte order mark)"
    default: return number
    }
  }

  private static func decode(
    _ bytes: UnsafeBufferPointer<UInt8>, at offset: Int, before limit: Int
  ) -> (Unicode.Scalar, Int)? {
    var iterator = bytes[offset..<min(limit, offset + 4)].makeIterator()
    var codec = UTF8()
    guard case .scalarValue(let scalar) = codec.decode(&iterator) else { return nil }
    return (scalar, UTF8.width(scalar))
  }
}
