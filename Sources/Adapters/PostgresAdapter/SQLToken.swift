/// One lexical element of SQL as PostgreSQL reads it; comments and white space are none.
struct SQLToken: Equatable, Sendable {
  /// What it is.
  enum Kind: Equatable, Sendable {
    /// An unquoted identifier or key word, folded to lower case.
    case word(String)
    /// A quoted identifier, as it is between the quotes.
    case quotedIdentifier(String)
    /// A string, bit string or dollar-quoted constant.
    case literal
    case number
    /// `${name}`.
    case name(String)
    case semicolon
    case openingParenthesis
    case closingParenthesis
    /// One character of an operator or of punctuation.
    case symbol(UInt8)
  }

  /// What it is.
  var kind: Kind
  /// Byte range in the body.
  var range: Range<Int>

  /// Whether it is this key word, written without quotes.
  func isWord(_ word: String) -> Bool { kind == .word(word) }

  /// The key word or unquoted identifier, folded to lower case.
  var word: String? { if case .word(let word) = kind { word } else { nil } }

  /// Whether it is this character.
  func isSymbol(_ character: Unicode.Scalar) -> Bool { kind == .symbol(UInt8(ascii: character)) }
}

/// What keeps a body from being read as SQL, and where.
struct SQLProblem: Error, Equatable, Sendable {
  /// What kind of problem it is.
  enum Kind: Sendable { case malformed, misplacedName }

  /// What kind of problem it is.
  var kind: Kind
  /// For people, lower case.
  var message: String
  /// Byte range in the body.
  var range: Range<Int>
  /// What to do about it.
  var notes: [String] = []
}
