import RunbookDiagnostics

/// A statement that no step can run, why, and what to do instead.
struct SQLRefusal: Error, Equatable, Sendable {
  /// For people, lower case.
  var message: String
  /// Byte range in the body.
  var range: Range<Int>
  /// What to do instead.
  var notes: [String]
  /// Whether the statement's first word is not known at all.
  var isUnknownHead = false

  /// A refusal.
  init(_ message: String, _ range: Range<Int>, notes: [String] = []) {
    self.message = message
    self.range = range
    self.notes = notes
  }

  /// Why a statement that begins with `head` cannot be run; nil where it can.
  init?(head: SQLToken, _ tokens: [SQLToken]) {
    let word = head.word ?? ""
    let next = tokens.dropFirst().first?.word
    let name = word.uppercased()
    switch word {
    case "commit" where next == "prepared", "rollback" where next == "prepared": return nil
    case "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release":
      self.init(
        "\(name) is not for a step: each runs in a transaction of its own", head.range,
        notes: ["leave it out, or say transaction=off where the statement must run outside a transaction"])
    case "prepare" where next == "transaction":
      self.init("PREPARE TRANSACTION has no transaction to prepare: a step is one statement", head.range)
    case "set", "reset", "discard":
      self.init(
        "\(name) would last for this one step only, which is one statement", head.range,
        notes: [
          "for good: ALTER ROLE … SET or ALTER DATABASE … SET",
          "for every step of a target: its 'options' setting",
        ])
    case "prepare", "execute", "deallocate", "declare", "fetch", "move", "close", "listen", "unlisten",
      "load":
      self.init(
        "\(name) means nothing in a step: its connection ends with this one statement", head.range)
    case "copy":
      guard
        let stream = tokens.first(where: { $0.isWord("stdin") || $0.isWord("stdout") })
      else { return nil }
      self.init(
        "COPY with the client's own stream cannot be run here", stream.range,
        notes: ["write a bash step with psql and \\copy, with 'on' naming the same target"])
    default: return nil
    }
  }

  /// Why a first word that is in no list is probably a slip; nil where it resembles nothing.
  init?(unknownHead head: SQLToken) {
    guard let word = head.word, let nearest = NearestName.match(word, among: Self.heads) else { return nil }
    self.init(
      "no statement begins with '\(word)'", head.range, notes: ["did you mean '\(nearest.uppercased())'?"])
    isUnknownHead = true
  }

  private static let heads = [
    "select", "values", "table", "with", "insert", "update", "delete", "merge", "explain", "show", "truncate",
    "drop", "reassign", "alter", "call", "copy", "create", "comment", "grant", "revoke", "refresh", "reindex",
    "cluster", "analyze", "vacuum", "import", "security", "lock", "notify", "checkpoint", "pause", "resume",
    "reload", "shutdown",
  ]
}
