import RunbookAdapter
import RunbookModel

/// One line of a body: a command with what the table knows of it.
struct RedisCommand: Equatable, Sendable {
  /// The words, the command's own among them.
  let words: [CommandWords.Word]
  /// Name and subcommand in lower case, joined by `|`.
  let name: String
  /// How many words are the command's own: 1, or 2 with a subcommand.
  let nameCount: Int
  /// What the table says; nil where it does not know the command.
  let entry: CommandTable.Entry?

  /// What the line can do.
  var claim: Effect.Claim {
    switch entry?.kind {
    case .read:
      // Anything but a number may be RESET, a name's value too.
      let resets = name == "acl|log" && words.count > 2 && literal(2).flatMap({ Int($0) }) == nil
      return Effect.Claim(resets ? .write : .read, isKnown: true)
    case .write: return Effect.Claim(losesWrites ? .destructive : .write, isKnown: true)
    case .destructive: return Effect.Claim(isPromotion ? .write : .destructive, isKnown: true)
    case .either, nil: return Effect.Claim(.write, isKnown: false)
    case .refused: return Effect.Claim(.write, isKnown: true)
    }
  }

  /// A word in lower case; nil where there is none or it holds a name.
  func literal(_ index: Int) -> String? {
    words.indices.contains(index) ? words[index].literal?.lowercased() : nil
  }

  /// `SHUTDOWN NOSAVE` gives up what is not on disk; a name's value may be NOSAVE.
  private var losesWrites: Bool {
    name == "shutdown" && words.indices.dropFirst().contains { literal($0).map { $0 == "nosave" } ?? true }
  }

  /// `REPLICAOF NO ONE` keeps the data; with a host it is replaced by that host's.
  private var isPromotion: Bool {
    (name == "replicaof" || name == "slaveof") && literal(1) == "no" && literal(2) == "one"
  }

  /// The word that is a program: a script or a library of functions.
  var programIndex: Int? {
    switch name {
    case "eval", "eval_ro": 1
    case "script|load": 2
    case "function|load": literal(2) == "replace" ? 3 : 2
    default: nil
    }
  }

  /// Whether it changes the server and no key, which a replica allows.
  var isAdministration: Bool {
    let families = [
      "acl", "client", "cluster", "config", "function", "latency", "memory", "module", "script", "slowlog",
    ]
    let others = [
      "bgrewriteaof", "bgsave", "failover", "publish", "replicaof", "save", "shutdown", "slaveof", "spublish",
    ]
    return families.contains { name.hasPrefix($0 + "|") } || others.contains(name)
  }

  /// The command that does the same but cannot write.
  var readOnlyForm: String? {
    switch name {
    case "eval", "evalsha", "fcall", "sort", "georadius", "georadiusbymember", "bitfield":
      name.uppercased() + "_RO"
    default: nil
    }
  }

  /// Whether it waits for ever where nothing comes: a blocking command with a time of 0.
  var waitsForEver: Bool {
    switch name {
    case "blpop", "brpop", "brpoplpush", "bzpopmax", "bzpopmin", "blmove", "wait", "waitaof":
      isZero(words.count - 1)
    case "blmpop", "bzmpop": isZero(1)
    case "xread", "xreadgroup":
      words.indices.dropFirst().contains { literal($0) == "block" && isZero($0 + 1) }
    default: false
    }
  }

  private func isZero(_ index: Int) -> Bool {
    guard let text = literal(index), !text.isEmpty else { return false }
    return text.allSatisfy { $0 == "0" || $0 == "." } && text.contains("0")
  }

  /// What is wrong with the number of words; nil where the table has nothing to say.
  var arityProblem: String? {
    guard let arity = entry?.arity else { return nil }
    let name = name.split(separator: "|").joined(separator: " ").uppercased()
    let wanted = abs(arity) - nameCount
    let found = words.count - nameCount
    if arity >= 0 ? found == wanted : found >= wanted { return nil }
    let count = "\(wanted) argument\(wanted == 1 ? "" : "s")"
    return "\(name) takes \(arity < 0 ? "at least " : "")\(count) and has \(found)"
  }
}
