/// Makes text from a file safe for a terminal, and measures its columns.
package enum TerminalText {
  /// Columns between tab stops, CommonMark's.
  static let tabStop = 4

  /// One character as a terminal shows it.
  package struct Run {
    /// What is shown.
    package var text: String
    /// Columns it takes; of a tab, which depends on its place, 1.
    package var width: Int
    /// Bytes it takes in the source.
    var byteCount: Int
    /// Whether it stands for a tab.
    package var isTab = false
  }

  /// `text` with everything that acts on a terminal spelled out, line ends included.
  package static func inert(_ text: some StringProtocol) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return String(text) }
    var shown: [UInt8] = []
    shown.reserveCapacity(text.utf8.count * 2)
    for scalar in text.unicodeScalars {
      if scalar == "\t" {
        shown.append(UInt8(ascii: " "))
      } else if isActive(scalar) {
        spellOut(scalar, in: &shown)
      } else {
        shown += UTF8.encode(scalar)!
      }
    }
    return String(decoding: shown, as: UTF8.self)
  }

  /// The characters of `bytes` in order; their byte counts add up to the count of `bytes`.
  package static func runs(of bytes: ArraySlice<UInt8>) -> [Run] {
    var runs: [Run] = []
    var pending = String.UnicodeScalarView()
    func flush() {
      for character in String(pending) {
        runs.append(
          Run(text: String(character), width: width(of: character), byteCount: character.utf8.count))
      }
      pending = String.UnicodeScalarView()
    }
    var rest = bytes
    while let byte = rest.first {
      guard let (scalar, length) = decodeScalar(rest) else {
        flush()
        runs.append(Run(text: "<\(hexadecimal(UInt32(byte), digits: 2))>", width: 4, byteCount: 1))
        rest.removeFirst()
        continue
      }
      rest.removeFirst(length)
      if scalar == "\t" {
        flush()
        runs.append(Run(text: " ", width: 1, byteCount: 1, isTab: true))
      } else if isActive(scalar) {
        flush()
        var bytes: [UInt8] = []
        spellOut(scalar, in: &bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        runs.append(Run(text: text, width: text.utf8.count, byteCount: length))
      } else {
        pending.append(scalar)
      }
    }
    flush()
    return runs
  }

  /// `text` without the blanks at its end.
  static func trimmingTrailingBlanks(_ text: String) -> String {
    var rest = Substring(text)
    while rest.last == " " { rest.removeLast() }
    return String(rest)
  }

  /// Adds `<U+…>` with four digits or more.
  private static func spellOut(_ scalar: Unicode.Scalar, in text: inout [UInt8]) {
    text += "<U+".utf8
    let digits = max(4, (35 - scalar.value.leadingZeroBitCount) / 4)
    for index in (0..<digits).reversed() {
      let digit = UInt8(truncatingIfNeeded: scalar.value >> (4 * UInt32(index))) & 15
      text.append(digit < 10 ? 0x30 + digit : 0x37 + digit)
    }
    text.append(UInt8(ascii: ">"))
  }

  /// Columns of one character: the first scalar decides, an emoji selector makes it wide.
  private static func width(of character: Character) -> Int {
    let scalars = character.unicodeScalars
    if scalars.contains("\u{FE0F}") { return 2 }
    guard let first = scalars.first, scalars.count > 1 || first.value >= 0x300 else { return 1 }
    switch first.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return isWide(first) ? 2 : 1
    }
  }

  /// Control characters, line separators and what changes the order or the look of the text around it.
  private static func isActive(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1F, 0x7F...0x9F: true
    case 0xAD, 0x61C, 0x180E, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: true
    case 0xFFF9...0xFFFB, 0xE0001, 0xE0020...0xE007F: true
    default: false
    }
  }

  /// East Asian Wide and Fullwidth (Unicode Standard Annex 11) and what is shown as emoji by default.
  private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F: true
    case 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60: true
    case 0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x1AFF0...0x1B2FF, 0x20000...0x3FFFD: true
    default: scalar.properties.isEmojiPresentation
    }
  }

  /// The scalar that valid UTF-8 begins with, and its length.
  private static func decodeScalar(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar, Int)? {
    var iterator = bytes.makeIterator()
    var codec = UTF8()
    guard case .scalarValue(let scalar) = codec.decode(&iterator) else { return nil }
    return (scalar, UTF8.width(scalar))
  }

  private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}
