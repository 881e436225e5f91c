import RunbookModel

/// The forms in which a secret turns up in output: as it is, and as programs encode and quote it.
///
/// Of a secret of several lines each line counts as one too. What an encoding mixes with bytes around the secret
/// is left out: of base64 the first and last digit where they hold bits of a neighbour.
enum Disguises {
  /// A shorter text has no disguises: its encodings would be found everywhere.
  static let leastLength = 6
  /// Patterns of more bytes together are not worth their memory (some 300 bytes each): of such a secret only the
  /// text, its lines and its base64 count.
  private static let mostBytes = 120_000

  /// Forms of secrets.
  struct Patterns {
    /// All of them.
    private(set) var all: Set<[UInt8]> = []
    /// Those that programs break over lines: base64.
    private(set) var wrapped: Set<[UInt8]> = []

    /// Finds them; nil without any.
    var automaton: MaskAutomaton? { MaskAutomaton(all, wrapped: wrapped) }

    mutating func formUnion(_ other: Patterns) {
      all.formUnion(other.all)
      wrapped.formUnion(other.wrapped)
    }

    fileprivate init(_ all: Set<[UInt8]>, wrapped: Set<[UInt8]>) {
      (self.all, self.wrapped) = (all.union(wrapped), wrapped)
    }

    /// None.
    init() {}
  }

  /// All forms of `secret`, itself among them.
  static func patterns(of secret: [UInt8]) -> Patterns {
    var texts: Set<[UInt8]> = [secret]
    for line in secret.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }) where line.count >= leastLength {
      texts.insert(Array(line))
    }
    guard secret.count >= leastLength else { return Patterns(texts, wrapped: []) }
    let patterns = Patterns(texts.union(texts.flatMap(encodings)), wrapped: Set(texts.flatMap(base64)))
    guard patterns.all.reduce(0, { $0 + $1.count }) > mostBytes else { return patterns }
    return Patterns(texts, wrapped: Set((0..<3).map { base64(secret, at: $0).middle }))
  }

  private static func encodings(of text: [UInt8]) -> [[UInt8]] {
    hexadecimal(text) + percent(text) + json(text) + shell(text)
  }

  // MARK: base64 (RFC 4648, sections 4 and 5)

  /// At the three places where it can begin in what is encoded; with and without padding, both alphabets.
  private static func base64(_ text: [UInt8]) -> [[UInt8]] {
    let patterns = (0..<3).flatMap { place in
      let (middle, ends) = base64(text, at: place)
      return [middle] + ends
    }
    return patterns
      + patterns.map { pattern in
        pattern.map { digit in
          digit == UInt8(ascii: "+")
            ? UInt8(ascii: "-") : digit == UInt8(ascii: "/") ? UInt8(ascii: "_") : digit
        }
      }
  }

  /// The digits that only the text decides, where so many bytes modulo 3 stand before it; and the same with what
  /// comes at the end of all that is encoded.
  private static func base64(_ text: [UInt8], at place: Int) -> (middle: [UInt8], ends: [[UInt8]]) {
    let digits = base64Digits([UInt8](repeating: 0, count: place) + text)
    // The first digits hold bits of what stands before, the last one of what follows.
    let first = place == 0 ? 0 : place + 1
    let sure = (place + text.count) * 8 / 6
    let middle = Array(digits[first..<sure])
    guard digits.count > sure else { return (middle, []) }
    let padding = [UInt8](repeating: UInt8(ascii: "="), count: (4 - digits.count % 4) % 4)
    return (middle, [Array(digits[first...]), digits[first...] + padding])
  }

  private static func base64Digits(_ bytes: [UInt8]) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var digits: [UInt8] = []
    var bits = 0
    var held: UInt32 = 0
    for byte in bytes {
      held = held << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        digits.append(alphabet[Int(held >> UInt32(bits) & 63)])
      }
    }
    if bits > 0 { digits.append(alphabet[Int(held << UInt32(6 - bits) & 63)]) }
    return digits
  }

  // MARK: Digits

  private static let lower = Array("0123456789abcdef".utf8)
  private static let upper = Array("0123456789ABCDEF".utf8)

  private static func digits(_ byte: UInt8, _ alphabet: [UInt8]) -> [UInt8] {
    [alphabet[Int(byte >> 4)], alphabet[Int(byte & 15)]]
  }

  private static func hexadecimal(_ text: [UInt8]) -> [[UInt8]] {
    [lower, upper].map { alphabet in text.flatMap { digits($0, alphabet) } }
  }

  /// Percent-encoding (RFC 3986, section 2.1): as strict as it gets, as scripts in a browser do it, as parts of a
  /// path, as forms do it (WHATWG URL, section 5.2), and of every byte.
  private static func percent(_ text: [UInt8]) -> [[UInt8]] {
    let spared = ["-._~", "-._~!*'()", "-._~/", "-._~!$&'()*+,;=:@", "-._~!$&'()*+,;=:@/?#[]"].map {
      Array($0.utf8)
    }
    var patterns: [[UInt8]] = []
    for alphabet in [upper, lower] {
      func encoded(_ isSpared: (UInt8) -> Bool) -> [UInt8] {
        text.flatMap { isSpared($0) ? [$0] : [UInt8(ascii: "%")] + digits($0, alphabet) }
      }
      for marks in spared { patterns.append(encoded { isAlphanumeric($0) || marks.contains($0) }) }
      for marks in ["*-._", "-._~"] {
        let form = encoded { isAlphanumeric($0) || marks.utf8.contains($0) || $0 == 0x20 }
        patterns.append(form.map { $0 == 0x20 ? UInt8(ascii: "+") : $0 })
      }
      patterns.append(encoded { _ in false })
    }
    return patterns
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  // MARK: Escapes

  /// The inside of a JSON string (RFC 8259, section 7): plain, ASCII only, with `\/`, safe in HTML as Go writes it,
  /// and once more inside of another JSON string.
  private static func json(_ text: [UInt8]) -> [[UInt8]] {
    guard let string = String(validating: text, as: UTF8.self) else { return [] }
    var patterns: [[UInt8]] = []
    for alphabet in [lower, upper] {
      for isASCII in [false, true] {
        let plain = escaped(string, alphabet) { isASCII && $0 > 0x7e }
        patterns.append(plain)
        patterns.append(plain.flatMap { $0 == UInt8(ascii: "/") ? [UInt8(ascii: "\\"), $0] : [$0] })
        patterns.append(
          escaped(string, alphabet) { isASCII && $0 > 0x7e || [0x26, 0x3c, 0x3e].contains($0) })
        patterns.append(escaped(String(decoding: plain, as: UTF8.self), alphabet) { isASCII && $0 > 0x7e })
      }
    }
    return patterns
  }

  private static func escaped(_ text: String, _ alphabet: [UInt8], _ isNumeric: (UInt16) -> Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      let units = Array(String(scalar).utf16)
      switch scalar {
      case "\"", "\\": bytes += [UInt8(ascii: "\\"), UInt8(truncatingIfNeeded: scalar.value)]
      case "\n": bytes += "\\n".utf8
      case "\r": bytes += "\\r".utf8
      case "\t": bytes += "\\t".utf8
      case "\u{8}": bytes += "\\b".utf8
      case "\u{c}": bytes += "\\f".utf8
      case _ where scalar.value < 0x20 || units.contains(where: isNumeric):
        for unit in units {
          bytes += "\\u".utf8
          bytes += digits(UInt8(unit >> 8), alphabet) + digits(UInt8(unit & 255), alphabet)
        }
      default: bytes += String(scalar).utf8
      }
    }
    return bytes
  }

  /// Inside of quotes and without them, as shells, `printf %q`, Python's `shlex.quote` and SQL write it.
  private static func shell(_ text: [UInt8]) -> [[UInt8]] {
    func replacing(_ change: (UInt8) -> [UInt8]?) -> [UInt8] { text.flatMap { change($0) ?? [$0] } }
    let quote = UInt8(ascii: "'")
    func backslash(_ marks: String) -> [UInt8] {
      replacing { marks.utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : nil }
    }
    // `$'…'`: bash 5 writes control characters and bytes that are no text by letter or in octal.
    let ansi = replacing { byte in
      switch byte {
      case quote, UInt8(ascii: "\\"): [UInt8(ascii: "\\"), byte]
      case 0x0a: Array("\\n".utf8)
      case 0x09: Array("\\t".utf8)
      case 0x0d: Array("\\r".utf8)
      case 0x1b: Array("\\E".utf8)
      case 0..<0x20, 0x7f: Array("\\".utf8) + [0x30 + byte >> 6, 0x30 + byte >> 3 & 7, 0x30 + byte & 7]
      default: nil
      }
    }
    return [
      replacing { $0 == quote ? Array(#"'\''"#.utf8) : nil },
      replacing { $0 == quote ? Array(#"'"'"'"#.utf8) : nil },
      replacing { $0 == quote ? Array("''".utf8) : nil },
      backslash(#""\$`"#), backslash(#""\$`!"#), backslash(" \t!\"#$&'()*,;<=>?[\\]^`{|}~"),
      backslash(" \t!\"$&'()*,;<>?[\\]^`{|}"), backslash("'\\"), ansi,
    ]
  }
}
