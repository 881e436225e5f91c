/// Whether a line is JSON, without building a value of it.
///
/// The events' full grammar is the schema's concern; this is what every reader of the line depends on.
enum JSONShape {
  /// Whether `text` is one JSON object (RFC 8259) of valid UTF-8 without white space between its tokens.
  static func isSound(_ text: UnsafeRawBufferPointer) -> Bool {
    var parser = Parser(text: text)
    return parser.value(depth: 0) && parser.offset == text.count
      && text.first == UInt8(ascii: "{")
  }

  private struct Parser {
    let text: UnsafeRawBufferPointer
    var offset = 0

    private var next: UInt8 { offset < text.count ? text[offset] : 0 }

    private mutating func take(_ byte: UInt8) -> Bool {
      guard next == byte, offset < text.count else { return false }
      offset += 1
      return true
    }

    mutating func value(depth: Int) -> Bool {
      guard depth < 64 else { return false }
      switch next {
      case UInt8(ascii: "{"): return list(UInt8(ascii: "}"), depth, named: true)
      case UInt8(ascii: "["): return list(UInt8(ascii: "]"), depth, named: false)
      case UInt8(ascii: "\""): return string()
      case UInt8(ascii: "t"): return word("true")
      case UInt8(ascii: "f"): return word("false")
      case UInt8(ascii: "n"): return word("null")
      default: return integer()
      }
    }

    private mutating func list(_ end: UInt8, _ depth: Int, named: Bool) -> Bool {
      offset += 1
      if take(end) { return true }
      while true {
        if named { guard string(), take(UInt8(ascii: ":")) else { return false } }
        guard value(depth: depth + 1) else { return false }
        if take(end) { return true }
        guard take(UInt8(ascii: ",")) else { return false }
      }
    }

    private mutating func word(_ word: StaticString) -> Bool {
      guard EventLineScan.has(word, in: text, at: offset) else { return false }
      offset += word.utf8CodeUnitCount
      return true
    }

    private mutating func integer() -> Bool {
      _ = take(UInt8(ascii: "-"))
      let start = offset
      while (0x30...0x39).contains(next) { offset += 1 }
      return offset > start && (offset == start + 1 || text[start] != 0x30)
    }

    private mutating func string() -> Bool {
      guard take(UInt8(ascii: "\"")) else { return false }
      let start = offset
      var isPlain = true
      while offset < text.count {
        let byte = text[offset]
        if byte == UInt8(ascii: "\"") {
          let bytes = UnsafeRawBufferPointer(rebasing: text[start..<offset])
          offset += 1
          return isPlain || String(validating: bytes, as: UTF8.self) != nil
        }
        if byte < 0x20 { return false }
        if byte >= 0x80 { isPlain = false }
        if byte == UInt8(ascii: "\\") {
          guard offset + 1 < text.count else { return false }
          let escape = text[offset + 1]
          if escape == UInt8(ascii: "u") {
            guard offset + 6 <= text.count, text[(offset + 2)..<(offset + 6)].allSatisfy(Self.isDigit) else {
              return false
            }
            offset += 6
          } else {
            guard "\"\\/bfnrt".utf8.contains(escape) else { return false }
            offset += 2
          }
        } else {
          offset += 1
        }
      }
      return false
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
  }
}
