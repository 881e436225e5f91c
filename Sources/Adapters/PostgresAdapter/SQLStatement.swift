/// The one statement of a step, with `${name}` turned into `$1`, `$2`, ….
///
/// A name that stands in several places is one parameter: the server infers one type for it, so that
/// `GROUP BY ${unit}` means the same as `date_trunc(${unit}, …)` above it.
struct SQLStatement: Equatable, Sendable {
  /// What is sent, without what follows the statement.
  let text: String
  /// The names, in the order of their numbers from 1.
  let names: [String]
  /// What the statement consists of, without its semicolon; at least one token.
  let tokens: [SQLToken]

  /// Where text that is sent differs from the body: both offsets of each place behind a difference, in order.
  private let shifts: [Shift]
  private let body: String

  private struct Shift: Equatable, Sendable {
    var sent: Int
    var body: Int
  }

  /// Takes the statement from a body that the lexer read whole; nil where there is none.
  init?(body: String, tokens: [SQLToken], escapes: [Int]) {
    let end = Self.end(of: tokens)
    guard end > 0 else { return nil }
    let used = tokens[..<end]
    var sent: [UInt8] = []
    var names: [String] = []
    var shifts: [Shift] = []
    let bytes = Array(body.utf8)
    var index = 0
    let stop = used.last?.range.upperBound ?? 0
    var replacements: [(range: Range<Int>, text: String)] = []
    for token in used {
      guard case .name(let name) = token.kind else { continue }
      let number = names.firstIndex(of: name) ?? names.count
      if number == names.count { names.append(name) }
      replacements.append((token.range, "$\(number + 1)"))
    }
    for escape in escapes where escape < stop { replacements.append((escape..<(escape + 1), "")) }
    for replacement in replacements.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      sent += bytes[index..<replacement.range.lowerBound]
      sent += replacement.text.utf8
      index = replacement.range.upperBound
      shifts.append(Shift(sent: sent.count, body: index))
    }
    sent += bytes[index..<stop]
    text = String(decoding: sent, as: UTF8.self)
    self.names = names
    self.tokens = Array(used)
    self.shifts = shifts
    self.body = body
  }

  /// The index of the semicolon that ends the first statement, or the count of `tokens`.
  ///
  /// Semicolons in parentheses (`CREATE RULE … DO (…; …)`) and in a body that begins with `BEGIN ATOMIC` end
  /// nothing.
  static func end(of tokens: [SQLToken]) -> Int {
    var parentheses = 0
    var blocks = 0
    let defines =
      tokens.first?.isWord("create") == true
      && tokens.dropFirst().first { !$0.isWord("or") && !$0.isWord("replace") }
        .map { $0.isWord("function") || $0.isWord("procedure") } == true
    for (index, token) in tokens.enumerated() {
      switch token.kind {
      case .openingParenthesis: parentheses += 1
      case .closingParenthesis: parentheses = max(0, parentheses - 1)
      case .word("begin") where defines && index + 1 < tokens.count && tokens[index + 1].isWord("atomic"):
        blocks += 1
      case .word("case") where blocks > 0: blocks += 1
      case .word("end") where blocks > 0: blocks -= 1
      case .semicolon where parentheses == 0 && blocks == 0: return index
      case .word, .quotedIdentifier, .literal, .number, .name, .semicolon, .symbol: break
      }
    }
    return tokens.count
  }

  /// Where in the body the server means: it counts characters of the sent text from 1.
  ///
  /// - Returns: Line and column in characters, both from 1.
  func position(ofCharacter number: Int) -> (line: Int, column: Int) {
    let sent = String(text.unicodeScalars.prefix(max(0, number - 1))).utf8.count
    var offset = sent
    if let shift = shifts.last(where: { $0.sent <= sent }) { offset = shift.body + sent - shift.sent }
    let before = String(decoding: Array(body.utf8).prefix(offset), as: UTF8.self)
    let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
    return (lines.count, (lines.last?.unicodeScalars.count ?? 0) + 1)
  }
}
