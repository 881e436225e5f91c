import RunbookModel

/// What a statement can do, judged by its head and the functions it calls, without asking any server.
struct SQLClassification: Equatable, Sendable {
  /// What it can change.
  var claim: Effect.Claim
  /// The call that keeps a query from being known as a read.
  var call: Call?
  /// Whether the server refuses it inside a transaction.
  var needsNoTransaction = false
  /// Whether a rolled back transaction leaves nothing of it: false where functions of any kind run.
  var isTransactional = true
  /// How much a server can tell of it beforehand.
  var kind: Kind

  /// How much a server can tell of a statement without running it.
  enum Kind: Equatable, Sendable {
    /// `EXPLAIN` takes it: names, types and privileges are all checked.
    case planned
    /// `SHOW` and the like.
    case session
    /// Only its grammar and, here and there, names are checked.
    case utility
  }

  /// A call that may or does change more than the statement's head says.
  struct Call: Equatable, Sendable {
    /// What it is, for people, lower case.
    var message: String
    /// Byte range in the body.
    var range: Range<Int>
    /// Whether it is never a read; else nothing is known of it.
    var isKnownChange = false
  }

  /// A judgement, all of it.
  private init(
    claim: Effect.Claim, call: Call? = nil, isTransactional: Bool = true, kind: Kind
  ) {
    self.claim = claim
    self.call = call
    self.isTransactional = isTransactional
    self.kind = kind
  }

  private static func known(_ effect: Effect, _ kind: Kind, isTransactional: Bool = true) -> Self {
    Self(claim: Effect.Claim(effect, isKnown: true), isTransactional: isTransactional, kind: kind)
  }

  /// Judges a statement; `tokens` is not empty.
  ///
  /// - Throws: `SQLRefusal` for what no step can run.
  init(_ tokens: [SQLToken]) throws(SQLRefusal) {
    guard let head = tokens.first(where: { $0.kind != .openingParenthesis }), let word = head.word else {
      throw SQLRefusal("a statement begins with a key word, for example SELECT", tokens[0].range)
    }
    if let refusal = SQLRefusal(head: head, tokens) { throw refusal }
    switch word {
    case "select", "values", "table", "with", "insert", "update", "delete", "merge":
      self = Self.query(tokens)
    case "explain": self = try Self.explain(tokens)
    case "show": self = .known(.read, .session)
    case "truncate", "drop", "reassign": self = .known(.destructive, .utility)
    case "alter": self = .known(Self.dropsData(tokens) ? .destructive : .write, .utility)
    case "do", "call": self = .known(.write, .utility, isTransactional: false)
    case "copy": self = .known(.write, .utility, isTransactional: false)
    case "commit", "rollback": self = .known(.destructive, .utility)
    case "create", "comment", "grant", "revoke", "refresh", "reindex", "cluster", "analyze", "analyse",
      "vacuum",
      "import", "security", "lock", "notify", "checkpoint":
      self = .known(.write, .utility)
    case "kill", "shutdown": self = .known(.destructive, .session)
    case "pause", "resume", "reload", "suspend", "disable", "enable", "reconnect", "wait_close":
      self = .known(.write, .session)
    default:
      if let refusal = SQLRefusal(unknownHead: head) { throw refusal }
      self = Self(
        claim: Effect.Claim(.write, isKnown: false), isTransactional: false, kind: .utility)
    }
    needsNoTransaction = Self.needsNoTransaction(tokens)
  }

  /// A statement that the server plans: a query or one that changes rows, or both by way of WITH.
  private static func query(_ tokens: [SQLToken]) -> Self {
    let scan = SQLQueryScan(tokens)
    if scan.losesRows { return .known(.destructive, .planned, isTransactional: scan.call == nil) }
    if scan.changesRows || scan.locksRows || scan.selectsInto {
      return .known(.write, scan.selectsInto ? .utility : .planned, isTransactional: scan.call == nil)
    }
    guard let call = scan.call else { return .known(.read, .planned) }
    return Self(
      claim: Effect.Claim(.write, isKnown: call.isKnownChange), call: call, isTransactional: false,
      kind: .planned)
  }

  /// EXPLAIN plans and does not run, unless ANALYZE is among its options.
  private static func explain(_ tokens: [SQLToken]) throws(SQLRefusal) -> Self {
    var rest = tokens.dropFirst()
    var runs = false
    if hasOptionList(rest) {
      rest.removeFirst()
      while let token = rest.popFirst(), token.kind != .closingParenthesis {
        switch token.kind {
        // Only these two values are surely off; an option given twice counts as on, too.
        case .word("analyze"), .word("analyse"):
          runs = runs || rest.first.map { !$0.isWord("false") && !$0.isWord("off") } ?? true
        case .word, .number, .literal, .symbol: break
        // An option's name may be written in quotes, with escapes even.
        case .quotedIdentifier, .name, .semicolon, .openingParenthesis, .closingParenthesis: runs = true
        }
      }
    } else {
      while let word = rest.first?.word, word == "analyze" || word == "analyse" || word == "verbose" {
        runs = runs || word != "verbose"
        rest.removeFirst()
      }
    }
    guard !rest.isEmpty else { throw SQLRefusal("EXPLAIN of nothing", tokens[0].range) }
    var inner = try Self(Array(rest))
    inner.kind = .session
    inner.needsNoTransaction = false
    return runs ? inner : .known(.read, .session)
  }

  /// Whether a parenthesis opens the options of EXPLAIN and not the query.
  private static func hasOptionList(_ tokens: ArraySlice<SQLToken>) -> Bool {
    guard tokens.first?.kind == .openingParenthesis, let second = tokens.dropFirst().first else {
      return false
    }
    if second.kind == .openingParenthesis { return false }
    return second.word.map { !["select", "with", "values", "table"].contains($0) } ?? true
  }

  /// `ALTER … DROP` of something that holds data, not of a default, a constraint or the like.
  private static func dropsData(_ tokens: [SQLToken]) -> Bool {
    for (index, token) in tokens.enumerated() where token.isWord("drop") {
      switch index + 1 < tokens.count ? tokens[index + 1].word : nil {
      case "default", "not", "constraint": break
      // A column may bear these names: they are words of syntax behind ALTER [COLUMN] name only.
      case "identity", "expression":
        let before = tokens[..<index].suffix(3).map(\.word)
        guard before.count == 3, before[1] == "alter" || (before[0] == "alter" && before[1] == "column")
        else {
          return true
        }
      default: return true
      }
    }
    return false
  }

  private static func needsNoTransaction(_ tokens: [SQLToken]) -> Bool {
    let words = tokens.prefix(5).map { $0.word ?? "" }
    switch words[0] {
    case "vacuum": return true
    case "cluster": return !tokens.dropFirst().contains { $0.word.map { $0 != "verbose" } ?? false }
    case "reindex":
      return words.dropFirst().contains { ["database", "system", "concurrently", "schema"].contains($0) }
    case "create":
      let kinds = ["database", "tablespace", "subscription"]
      return words.count > 1 && (kinds.contains(words[1]) || words.contains("concurrently"))
    case "drop":
      let kinds = ["database", "tablespace", "subscription"]
      return words.count > 1 && (kinds.contains(words[1]) || words.contains("concurrently"))
    case "alter":
      let isPartition =
        tokens.contains { $0.isWord("detach") } && tokens.contains { $0.isWord("concurrently") }
      let isMove = words.count > 1 && words[1] == "database" && tokens.contains { $0.isWord("tablespace") }
      return isPartition || isMove || (words.count > 1 && words[1] == "system")
    case "commit", "rollback": return true
    default: return false
    }
  }
}
