public import RunbookModel

/// One line of a `compose` or `redis` body taken apart into words, as a shell would, but without a shell.
///
/// Quotes group as in POSIX shells; `${name}` is filled into exactly one word and never split again. Unquoted
/// `| > < & ; ( ) `` ` `` and `$(` are errors, because somebody expects a shell.
public struct CommandWords: Sendable, Hashable {
  /// One word.
  public struct Word: Sendable, Hashable {
    /// Literal text and names, in order; quotes removed.
    public let pieces: [Template.Piece]
    /// Byte range in the body.
    public let range: Range<Int>

    /// The word where it holds no name.
    public var literal: String? {
      switch pieces.count {
      case 0: ""
      case 1: if case .literal(let text) = pieces[0] { text } else { nil }
      default: nil
      }
    }

    /// The word with plain values put in; a secret stays `***`.
    public func displayText(_ values: [String: Value]) -> String {
      pieces.map { piece in
        switch piece {
        case .literal(let text): text
        case .name(let name, _): values[name]?.displayText ?? "${\(name)}"
        }
      }.joined()
    }
  }

  /// What does not fit, and where in the body.
  public struct Problem: Error, Sendable, Hashable {
    /// For people, lower case.
    public let message: String
    /// Byte range in the body.
    public let range: Range<Int>
  }

  /// The words of one line.
  public let words: [Word]

  /// Takes one line apart; `offset` is where it stands in the body. A `#` at a word's start begins a comment.
  public init(line: String, offset: Int) throws(Problem) {
    var scanner = WordScanner(bytes: Array(line.utf8), base: offset)
    words = try scanner.words()
  }

  /// All non-empty lines of a body. A backslash at a line's end joins the next line.
  public static func lines(of body: String) -> (lines: [CommandWords], problems: [Problem]) {
    var lines: [CommandWords] = []
    var problems: [Problem] = []
    let bytes = Array(body.utf8)
    var start = 0
    while start < bytes.count {
      var end = start
      while end < bytes.count, bytes[end] != 0x0a || (end > start && bytes[end - 1] == UInt8(ascii: "\\")) {
        end += 1
      }
      do throws(Problem) {
        let line = try CommandWords(line: String(decoding: bytes[start..<end], as: UTF8.self), offset: start)
        if !line.words.isEmpty { lines.append(line) }
      } catch {
        problems.append(error)
      }
      start = end + 1
    }
    return (lines, problems)
  }
}

private struct WordScanner {
  let bytes: [UInt8]
  let base: Int
  var index = 0
  var literal: [UInt8] = []
  var pieces: [Template.Piece] = []

  init(bytes: [UInt8], base: Int) {
    self.bytes = bytes
    self.base = base
  }

  mutating func words() throws(CommandWords.Problem) -> [CommandWords.Word] {
    var words: [CommandWords.Word] = []
    while true {
      skipSpace()
      guard index < bytes.count, bytes[index] != UInt8(ascii: "#") else { return words }
      let start = index
      try word()
      words.append(CommandWords.Word(pieces: pieces, range: (base + start)..<(base + index)))
    }
  }

  private mutating func skipSpace() {
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count, bytes[index + 1] == 0x0a {
        index += 2
      } else if isSpace(bytes[index]) {
        index += 1
      } else {
        return
      }
    }
  }

  private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d }

  private mutating func word() throws(CommandWords.Problem) {
    literal = []
    pieces = []
    while index < bytes.count, !isSpace(bytes[index]) {
      switch bytes[index] {
      case UInt8(ascii: "'"): try singleQuoted()
      case UInt8(ascii: "\""): try doubleQuoted()
      case UInt8(ascii: "\\"):
        guard index + 1 < bytes.count else {
          throw problem("a backslash at the end of the line", index..<(index + 1))
        }
        if bytes[index + 1] != 0x0a { literal.append(bytes[index + 1]) }
        index += 2
      case UInt8(ascii: "$"): try dollar()
      case UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "&"), UInt8(ascii: ";"),
        UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "`"):
        let mark = String(decoding: [bytes[index]], as: UTF8.self)
        throw problem(
          "'\(mark)' means nothing here, because no shell reads this line; quote it", index..<(index + 1))
      default:
        literal.append(bytes[index])
        index += 1
      }
    }
    flush()
  }

  private mutating func flush() {
    if !literal.isEmpty { pieces.append(.literal(String(decoding: literal, as: UTF8.self))) }
    literal = []
  }

  private func problem(_ message: String, _ range: Range<Int>) -> CommandWords.Problem {
    CommandWords.Problem(message: message, range: (base + range.lowerBound)..<(base + range.upperBound))
  }

  private mutating func singleQuoted() throws(CommandWords.Problem) {
    guard let close = bytes[(index + 1)...].firstIndex(of: UInt8(ascii: "'")) else {
      throw problem("a single quote that is not closed on this line", index..<(index + 1))
    }
    literal += bytes[(index + 1)..<close]
    index = close + 1
  }

  private mutating func doubleQuoted() throws(CommandWords.Problem) {
    let open = index
    index += 1
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""):
        index += 1
        return
      case UInt8(ascii: "\\") where index + 1 < bytes.count && "\"\\$`".utf8.contains(bytes[index + 1]):
        literal.append(bytes[index + 1])
        index += 2
      case UInt8(ascii: "$"): try dollar()
      default:
        literal.append(bytes[index])
        index += 1
      }
    }
    throw problem("a double quote that is not closed on this line", open..<(open + 1))
  }

  /// `$${`, `${name}`, or an error: `$(`, `$name` and `${x:-y}` would be read by a shell that is not there.
  private mutating func dollar() throws(CommandWords.Problem) {
    let next = index + 1 < bytes.count ? bytes[index + 1] : 0
    if next == UInt8(ascii: "$"), index + 2 < bytes.count, bytes[index + 2] == UInt8(ascii: "{") {
      literal += "${".utf8
      index += 3
      return
    }
    if next == UInt8(ascii: "{") {
      guard let close = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
        throw problem("'${' without '}'", index..<(index + 2))
      }
      let name = String(decoding: bytes[(index + 2)..<close], as: UTF8.self)
      guard Template.isName(name) else {
        throw problem("'${\(name)}' is no name; names are [a-z][a-z0-9_]*", index..<(close + 1))
      }
      flush()
      pieces.append(.name(name, (base + index)..<(base + close + 1)))
      index = close + 1
      return
    }
    if next == UInt8(ascii: "(") || next == UInt8(ascii: "_") || Character(Unicode.Scalar(next)).isLetter {
      throw problem(
        "'$' would need a shell, and no shell reads this line; write ${name}", index..<(index + 2))
    }
    literal.append(bytes[index])
    index += 1
  }
}
