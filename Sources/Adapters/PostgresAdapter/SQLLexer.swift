import RunbookModel

/// Takes SQL apart by the rules of PostgreSQL with `standard_conforming_strings` on, which every transaction
/// of this adapter makes sure of.
///
/// It need not know more than where constants, identifiers and comments begin and end: that decides where a
/// statement ends and where `${name}` may stand.
struct SQLLexer {
  private(set) var tokens: [SQLToken] = []
  private(set) var problems: [SQLProblem] = []
  /// Where `$${` stands for `${` inside a constant, a quoted identifier or a comment.
  private(set) var escapes: [Int] = []

  private let bytes: [UInt8]
  private var index = 0

  /// Reads all of `text`. The tokens are those before the first `malformed` problem.
  init(_ text: String) {
    bytes = Array(text.utf8)
    do throws(SQLProblem) {
      // The server reads up to it: what was judged would not be what runs.
      if let end = bytes.firstIndex(of: 0) { throw malformed("a NUL character in SQL", end..<(end + 1)) }
      while let token = try next() { tokens.append(token) }
    } catch {
      problems.append(error)
    }
  }

  private func byte(_ offset: Int = 0) -> UInt8 {
    index + offset < bytes.count ? bytes[index + offset] : 0
  }

  private static func isIdentifierStart(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == UInt8(ascii: "_") || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private static func isIdentifierPart(_ byte: UInt8) -> Bool {
    isIdentifierStart(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
  }

  private mutating func next() throws(SQLProblem) -> SQLToken? {
    try skipSpaceAndComments()
    guard index < bytes.count else { return nil }
    let start = index
    let kind = try kind()
    return SQLToken(kind: kind, range: start..<index)
  }

  private mutating func kind() throws(SQLProblem) -> SQLToken.Kind {
    let first = byte()
    switch first {
    case UInt8(ascii: "'"): return try string(prefix: 0, hasEscapes: false)
    case UInt8(ascii: "\""): return try quotedIdentifier(prefix: 0)
    case UInt8(ascii: "$"): return try dollar()
    case UInt8(ascii: ";"):
      index += 1
      return .semicolon
    case UInt8(ascii: "("):
      index += 1
      return .openingParenthesis
    case UInt8(ascii: ")"):
      index += 1
      return .closingParenthesis
    case UInt8(ascii: "\\"):
      throw malformed(
        "'\\' begins no SQL; commands of psql cannot be run here", index..<(index + 1),
        ["write a bash step that calls psql, with 'on' naming the same target"])
    default:
      if let constant = try prefixedConstant() { return constant }
      if Self.isIdentifierStart(first) { return try word() }
      if Self.isDigit(first) || (first == UInt8(ascii: ".") && Self.isDigit(byte(1))) { return number() }
      guard first >= 0x20, first < 0x7f else {
        throw malformed("a control character in SQL", index..<(index + 1))
      }
      index += 1
      return .symbol(first)
    }
  }

  private mutating func skipSpaceAndComments() throws(SQLProblem) {
    while index < bytes.count {
      switch byte() {
      case 0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d: index += 1
      case UInt8(ascii: "-") where byte(1) == UInt8(ascii: "-"):
        while index < bytes.count, byte() != 0x0a, byte() != 0x0d {
          noteEscape()
          index += 1
        }
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): try skipBlockComment()
      default: return
      }
    }
  }

  /// Block comments nest, as the SQL standard says.
  private mutating func skipBlockComment() throws(SQLProblem) {
    let start = index
    var depth = 0
    repeat {
      guard index < bytes.count else {
        throw malformed("a comment that is never closed", start..<(start + 2), ["block comments nest"])
      }
      if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
        depth += 1
        index += 2
      } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
        depth -= 1
        index += 2
      } else {
        noteEscape()
        index += 1
      }
    } while depth > 0
  }

  /// `E'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'` and `U&"…"`; nil for everything else.
  private mutating func prefixedConstant() throws(SQLProblem) -> SQLToken.Kind? {
    switch byte() | 0x20 {
    case UInt8(ascii: "e") where byte(1) == UInt8(ascii: "'"): return try string(prefix: 1, hasEscapes: true)
    case UInt8(ascii: "b"), UInt8(ascii: "x"), UInt8(ascii: "n"):
      guard byte(1) == UInt8(ascii: "'") else { return nil }
      return try string(prefix: 1, hasEscapes: false)
    case UInt8(ascii: "u") where byte(1) == UInt8(ascii: "&"):
      if byte(2) == UInt8(ascii: "'") { return try string(prefix: 2, hasEscapes: false) }
      if byte(2) == UInt8(ascii: "\"") { return try quotedIdentifier(prefix: 2) }
      return nil
    default: return nil
    }
  }

  private mutating func string(prefix: Int, hasEscapes: Bool) throws(SQLProblem) -> SQLToken.Kind {
    let start = index
    index += prefix + 1
    while index < bytes.count {
      switch byte() {
      case UInt8(ascii: "'"):
        index += 1
        if byte() == UInt8(ascii: "'") {
          index += 1
        } else if let next = continuation() {
          index = next
        } else {
          return .literal
        }
      case UInt8(ascii: "\\") where hasEscapes: index += 2
      default: scanText("a string constant")
      }
    }
    throw malformed("a string constant that is never closed", start..<(start + prefix + 1))
  }

  /// Where the constant that just ended goes on: behind white space with a line end in it, comments included,
  /// another quote continues it with the rules it began with (`quotecontinue` in PostgreSQL's scan.l).
  private func continuation() -> Int? {
    var place = index
    var crossesLines = false
    while place < bytes.count {
      switch bytes[place] {
      case 0x0a, 0x0d:
        crossesLines = true
        place += 1
      case 0x20, 0x09, 0x0b, 0x0c: place += 1
      case UInt8(ascii: "-") where place + 1 < bytes.count && bytes[place + 1] == UInt8(ascii: "-"):
        while place < bytes.count, bytes[place] != 0x0a, bytes[place] != 0x0d { place += 1 }
      case UInt8(ascii: "'"): return crossesLines ? place + 1 : nil
      default: return nil
      }
    }
    return nil
  }

  private mutating func quotedIdentifier(prefix: Int) throws(SQLProblem) -> SQLToken.Kind {
    let start = index
    index += prefix + 1
    var name: [UInt8] = []
    while index < bytes.count {
      if byte() == UInt8(ascii: "\"") {
        index += 1
        guard byte() == UInt8(ascii: "\"") else {
          return .quotedIdentifier(
            prefix == 0 ? String(decoding: name, as: UTF8.self) : Self.unescaped(name) ?? "")
        }
        name.append(UInt8(ascii: "\""))
        index += 1
      } else {
        name.append(byte())
        scanText("a quoted identifier")
      }
    }
    throw malformed("a quoted identifier that is never closed", start..<(start + prefix + 1))
  }

  /// What `U&"…"` means where no UESCAPE follows: `\0061`, `\+000061` and `\\` stand for a character; nil where
  /// the server refuses it, and for surrogates, which are in no name that is known.
  private static func unescaped(_ bytes: [UInt8]) -> String? {
    var name = ""
    var rest = bytes[...]
    while let slash = rest.firstIndex(of: UInt8(ascii: "\\")) {
      name += String(decoding: rest[..<slash], as: UTF8.self)
      rest = rest[(slash + 1)...]
      if rest.first == UInt8(ascii: "\\") {
        name += "\\"
        rest = rest.dropFirst()
        continue
      }
      var count = 4
      if rest.first == UInt8(ascii: "+") {
        count = 6
        rest = rest.dropFirst()
      }
      let digits = rest.prefix(count)
      guard digits.count == count, digits.allSatisfy(isHexadecimal),
        let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16), code > 0,
        let scalar = Unicode.Scalar(code)
      else { return nil }
      name.unicodeScalars.append(scalar)
      rest = rest.dropFirst(count)
    }
    return name + String(decoding: rest, as: UTF8.self)
  }

  /// `${name}`, `$1`, or the start of a dollar-quoted constant.
  private mutating func dollar() throws(SQLProblem) -> SQLToken.Kind {
    let start = index
    if byte(1) == UInt8(ascii: "{") {
      guard let name = name(at: index) else {
        throw malformed(
          "'${' that begins no name", start..<(start + 2), ["names are [a-z][a-z0-9_]*: ${name}"])
      }
      index = name.end
      if index < bytes.count, Self.isIdentifierPart(byte()), byte() != UInt8(ascii: "$") {
        misplaced("'${\(name.text)}' is glued to what follows", start..<index)
      }
      return .name(name.text)
    }
    if Self.isDigit(byte(1)) {
      repeat { index += 1 } while Self.isDigit(byte())
      throw malformed(
        "'$' and a number stand for a parameter that nothing fills", start..<index, ["write ${name}"])
    }
    var end = index + 1
    while end < bytes.count, Self.isIdentifierPart(bytes[end]), bytes[end] != UInt8(ascii: "$") { end += 1 }
    guard end < bytes.count, bytes[end] == UInt8(ascii: "$") else {
      throw malformed("'$' that begins neither a name nor a quoted text", start..<(start + 1))
    }
    let delimiter = bytes[start...end]
    index = end + 1
    while index + delimiter.count <= bytes.count {
      if byte() == UInt8(ascii: "$"), bytes[index..<(index + delimiter.count)] == delimiter {
        index += delimiter.count
        return .literal
      }
      scanText("a dollar-quoted constant")
    }
    throw malformed(
      "a dollar-quoted constant that is never closed", start..<(end + 1),
      ["it ends at the next \(String(decoding: delimiter, as: UTF8.self))"])
  }

  private mutating func word() throws(SQLProblem) -> SQLToken.Kind {
    let start = index
    while index < bytes.count, Self.isIdentifierPart(byte()) {
      if byte() == UInt8(ascii: "$"), byte(1) == UInt8(ascii: "{") {
        let end = name(at: index)?.end ?? index + 2
        misplaced(
          "'\(String(decoding: bytes[index..<end], as: UTF8.self))' inside an identifier", index..<end)
        break
      }
      index += 1
    }
    // Only ASCII letters fold, as in a server whose encoding has several bytes a character.
    let folded = bytes[start..<index].map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }
    return .word(String(decoding: folded, as: UTF8.self))
  }

  /// Ends where the server's number ends: until PostgreSQL 14 a word may follow it without a space.
  private mutating func number() -> SQLToken.Kind {
    if byte() == UInt8(ascii: "0"), "xob".utf8.contains(byte(1) | 0x20), Self.isHexadecimal(byte(2)) {
      index += 2
      while Self.isHexadecimal(byte()) || byte() == UInt8(ascii: "_") { index += 1 }
      return .number
    }
    skipDigits()
    if byte() == UInt8(ascii: "."), byte(1) != UInt8(ascii: ".") {
      index += 1
      skipDigits()
    }
    if byte() | 0x20 == UInt8(ascii: "e") {
      let sign = byte(1) == UInt8(ascii: "+") || byte(1) == UInt8(ascii: "-") ? 1 : 0
      if Self.isDigit(byte(1 + sign)) {
        index += 1 + sign
        skipDigits()
      }
    }
    return .number
  }

  /// Digits, with single `_` between them.
  private mutating func skipDigits() {
    while Self.isDigit(byte()) || (byte() == UInt8(ascii: "_") && Self.isDigit(byte(1))) { index += 1 }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66)
  }

  /// One byte of quoted text; a `${name}` there would be text and is an error.
  private mutating func scanText(_ place: String) {
    defer { index += 1 }
    if noteEscape() { return }
    guard byte() == UInt8(ascii: "$"), let name = name(at: index) else { return }
    misplaced("'${\(name.text)}' inside \(place)", index..<name.end)
    index = name.end - 1
  }

  /// Skips the first `$` of `$${`, so that the rest is text.
  @discardableResult
  private mutating func noteEscape() -> Bool {
    guard byte() == UInt8(ascii: "$"), byte(1) == UInt8(ascii: "$"), byte(2) == UInt8(ascii: "{") else {
      return false
    }
    escapes.append(index)
    index += 2
    return true
  }

  private func name(at start: Int) -> (text: String, end: Int)? {
    guard start + 1 < bytes.count, bytes[start + 1] == UInt8(ascii: "{"),
      let close = bytes[start...].firstIndex(of: UInt8(ascii: "}"))
    else { return nil }
    let text = String(decoding: bytes[(start + 2)..<close], as: UTF8.self)
    return Template.isName(text) ? (text, close + 1) : nil
  }

  private func malformed(_ message: String, _ range: Range<Int>, _ notes: [String] = []) -> SQLProblem {
    SQLProblem(kind: .malformed, message: message, range: range, notes: notes)
  }

  private mutating func misplaced(_ message: String, _ range: Range<Int>) {
    problems.append(
      SQLProblem(
        kind: .misplacedName, message: message + ": it is bound as one value, never pasted into the text",
        range: range, notes: ["build the text in SQL: 'prefix ' || ${name}, or format('…%s…', ${name})"]))
  }
}
