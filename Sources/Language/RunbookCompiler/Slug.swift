/// Makes ids from running text, as the page's readers would.
enum Slug {
  /// Longest slug; longer ones end before the word that goes beyond.
  private static let limit = 48

  /// The id for `text`: `[a-z0-9-]`, at most 48 bytes; nil where it has no Latin letter and no digit.
  static func make(_ text: String) -> String? {
    var bytes = fold(text)
    if bytes.count > limit {
      bytes = bytes[..<limit].lastIndex(of: hyphen).map { Array(bytes[..<$0]) } ?? Array(bytes.prefix(limit))
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  private static let hyphen = UInt8(ascii: "-")

  /// Letters in lower case without their accents, digits, and one `-` for all else in between.
  static func fold(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var isApart = false
    func add(_ byte: UInt8) {
      if isApart, !bytes.isEmpty { bytes.append(hyphen) }
      isApart = false
      bytes.append(byte)
    }
    for scalar in text.unicodeScalars {
      switch scalar {
      case "a"..."z", "0"..."9": add(UInt8(scalar.value))
      case "A"..."Z": add(UInt8(scalar.value) | 0x20)
      // An apostrophe or an accent of its own parts no word.
      case "'", "’", "\u{300}"..."\u{36F}": break
      case "\u{C0}"..."\u{17F}":
        let letter = latin[Int(scalar.value) - 0xC0]
        if letter == hyphen { isApart = true } else { add(letter) }
        if scalar == "ß" { add(UInt8(ascii: "s")) }
      default: isApart = true
      }
    }
    return bytes
  }

  /// The base letters of U+00C0 to U+017F (Unicode: Latin-1 Supplement, Latin Extended-A); `-` for signs.
  private static let latin = Array(
    ("aaaaaaaceeeeiiiidnooooo-ouuuuytsaaaaaaaceeeeiiiidnooooo-ouuuuyty"
      + "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooo"
      + "rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs").utf8)
}
