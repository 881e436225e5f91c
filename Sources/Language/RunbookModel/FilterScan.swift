/// What a look at a jq filter's text tells, without jq: whether it can stand in a program with other filters,
/// and which variables it needs.
///
/// All filters of a page compile as one program, each in parentheses. That is safe only where a filter cannot
/// close them (`1) | (halt`), hide them in a comment or a string, or reach out of its sandbox.
public struct FilterScan: Sendable {
  /// A `$name` that the filter does not bind itself.
  public struct Use: Sendable, Hashable {
    /// The name without `$`.
    public let name: String
    /// Byte range in the filter, `$` included.
    public let range: Range<Int>
  }

  /// Something that no filter may hold.
  public struct Problem: Sendable, Hashable {
    /// What kind of thing it is.
    public enum Kind: Sendable, Hashable {
      /// Brackets or strings that do not balance, comments, control characters.
      case shape
      /// A word that reaches out of the sandbox.
      case forbiddenWord
    }

    /// The kind.
    public let kind: Kind
    /// Lower case, no full stop.
    public let message: String
    /// Byte range in the filter.
    public let range: Range<Int>
  }

  /// In the order of the text, each as often as it stands there.
  public let variables: [Use]
  /// In the order of the text; empty where the filter may be compiled.
  public let problems: [Problem]

  /// Scans `source` in one pass over its bytes.
  public init(_ source: String) {
    var lexer = FilterLexer(bytes: Array(source.utf8))
    lexer.run()
    problems = lexer.problems.sorted { $0.range.lowerBound < $1.range.lowerBound }
    let bound = FilterBindings.names(boundIn: lexer.tokens)
    variables = lexer.tokens.compactMap { token in
      guard case .variable(let name) = token.kind, !bound.contains(name) else { return nil }
      return Use(name: name, range: token.range)
    }
  }

  /// The byte ranges of a filter's words, marks, numbers and strings, in order.
  package static func tokens(of source: String) -> [Range<Int>] {
    var lexer = FilterLexer(bytes: Array(source.utf8))
    lexer.run()
    return lexer.tokens.map(\.range)
  }

  /// Words that read or write outside the filter, or end the program (jq 1.6 and 1.7 manuals).
  static let forbiddenWords: Set<String> = [
    "input", "inputs", "env", "import", "include", "input_filename", "input_line_number", "debug", "stderr",
    "halt", "halt_error", "modulemeta", "get_search_list",
  ]
}

extension Filter {
  /// Names of the variables the filter needs, sorted, without `$`; those it binds itself are left out.
  public var variables: [String] { Set(FilterScan(source).variables.map(\.name)).sorted() }
}

/// A word or mark of a filter that binding and calling depend on.
struct FilterToken {
  enum Kind: Equatable {
    /// A function or keyword.
    case word(String)
    case variable(String)
    /// One byte of punctuation; brackets among them.
    case mark(UInt8)
    /// A field, an object key, a number or a string.
    case other
  }

  var kind: Kind
  var range: Range<Int>
}

/// Which variables a filter binds itself.
enum FilterBindings {
  /// Names after `as`, `def f(` and `label`, without regard to where their scope ends: jq itself is exact.
  static func names(boundIn tokens: [FilterToken]) -> Set<String> {
    var names: Set<String> = ["__loc__"]
    for (index, token) in tokens.enumerated() {
      switch token.kind {
      case .word("as"): bindPattern(tokens, from: index + 1, &names)
      case .word("def"): bindParameters(tokens, from: index + 2, &names)
      case .word("label"): _ = bindOne(tokens, at: index + 1, &names)
      case .word, .variable, .mark, .other: break
      }
    }
    return names
  }

  /// `$x`, `[$a, $b]`, `{a: $x, $y}`, and more of them after `?//`.
  private static func bindPattern(_ tokens: [FilterToken], from start: Int, _ names: inout Set<String>) {
    var index = start
    while index < tokens.count {
      index = bindOne(tokens, at: index, &names)
      guard index + 2 < tokens.count, tokens[index].kind == .mark(UInt8(ascii: "?")),
        tokens[index + 1].kind == .mark(UInt8(ascii: "/")), tokens[index + 2].kind == .mark(UInt8(ascii: "/"))
      else { return }
      index += 3
    }
  }

  private static func bindParameters(_ tokens: [FilterToken], from index: Int, _ names: inout Set<String>) {
    guard index < tokens.count, tokens[index].kind == .mark(UInt8(ascii: "(")) else { return }
    _ = bindOne(tokens, at: index, &names)
  }

  /// Binds one variable, or all in one pair of brackets; the index behind.
  private static func bindOne(_ tokens: [FilterToken], at start: Int, _ names: inout Set<String>) -> Int {
    var index = start
    var depth = 0
    while index < tokens.count {
      switch tokens[index].kind {
      case .variable(let name): names.insert(name)
      case .mark(UInt8(ascii: "(")), .mark(UInt8(ascii: "[")), .mark(UInt8(ascii: "{")): depth += 1
      case .mark(UInt8(ascii: ")")), .mark(UInt8(ascii: "]")), .mark(UInt8(ascii: "}")): depth -= 1
      case .mark, .word, .other: if depth == 0 { return index }
      }
      index += 1
      if depth <= 0 { return index }
    }
    return index
  }
}
