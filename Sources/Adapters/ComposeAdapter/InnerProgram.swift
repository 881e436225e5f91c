internal import RunbookModel

/// What can be said of a program that runs inside a container, from its words alone.
enum InnerProgram {
  /// A name inside the text of a program that another program reads.
  struct Injection: Equatable {
    let name: String
    let range: Range<Int>
    /// The program that would read it.
    let reader: String
    /// How to pass the value instead.
    let advice: String
  }

  /// Every name that would become part of a program: `sh -c "… ${x}"`, `psql -c "… ${x}"`.
  ///
  /// Readers are found at any position, because `env`, `gosu`, `timeout` and their like stand in front of them.
  static func injections(in words: some Collection<[Template.Piece]>) -> [Injection] {
    let words = Array(words)
    var found: [Injection] = []
    for (index, word) in words.enumerated() {
      guard let path = literal(word), let reader = readers[baseName(path)] else { continue }
      for text in reader.programText(words[(index + 1)...]) {
        for piece in text {
          guard case .name(let name, let range) = piece, !found.contains(where: { $0.range == range }) else {
            continue
          }
          found.append(Injection(name: name, range: range, reader: baseName(path), advice: reader.advice))
        }
      }
    }
    return found
  }

  /// Assumed, never known: what a program in an image does is not written on it.
  static func effect(of words: some Collection<[Template.Piece]>) -> Effect {
    guard let first = words.first, let path = literal(first) else { return .write }
    let name = baseName(path)
    if destructive.contains(name) { return .destructive }
    if reading.contains(name) || (name == "env" && words.count == 1) { return .read }
    return .write
  }

  private static let reading: Set = [
    "cat", "date", "df", "du", "echo", "free", "grep", "head", "hostname", "id", "ls", "pg_isready",
    "printenv",
    "ps", "pwd", "stat", "tail", "true", "uname", "uptime", "wc", "whoami",
  ]

  private static let destructive: Set = [
    "dd", "dropdb", "dropuser", "halt", "kill", "killall", "mkfs", "pkill", "poweroff", "reboot", "rm",
    "shred",
    "shutdown", "truncate",
  ]

  /// A program that reads a program from its arguments.
  private struct Reader {
    /// One-letter options whose argument is a program, alone or at the end of a cluster.
    var letters = ""
    /// Long options whose argument is one.
    var options: [String] = []
    /// Words (in any case) after which everything is part of one.
    var words: [String] = []
    /// Numbers of the operands that are one where no option brought one.
    var operands: ClosedRange<Int>?
    /// Other options by the number of arguments they take, as far as they would be counted as operands.
    var skips: [String: Int] = [:]
    let advice: String

    /// The words that are programs.
    func programText(_ arguments: ArraySlice<[Template.Piece]>) -> [[Template.Piece]] {
      var texts: [[Template.Piece]] = []
      var position = 0
      var index = arguments.startIndex
      while index < arguments.endIndex {
        let word = arguments[index]
        let start = literalStart(word)
        if options.contains(where: { start.hasPrefix($0 + "=") }) {
          texts.append(word)
        } else if let count = skips[start], word.count == 1 {
          index += count
        } else if options.contains(start) || endsCluster(start) {
          if word.count > 1 { texts.append(word) }
          if index + 1 < arguments.endIndex { texts.append(arguments[index + 1]) }
          index += 1
        } else if beginsJoined(start) {
          texts.append(word)
        } else if words.contains(start.uppercased()) {
          if index + 1 < arguments.endIndex { texts.append(arguments[index + 1]) }
        } else if !start.hasPrefix("-") || word.count > 1 {
          position += 1
          if texts.isEmpty || position > 1, operands?.contains(position) == true { texts.append(word) }
        }
        index += 1
      }
      return texts
    }

    /// `-c`, `-lc`: the program is the next word.
    private func endsCluster(_ text: String) -> Bool {
      guard let last = text.last, text.hasPrefix("-"), !text.hasPrefix("--") else { return false }
      return letters.contains(last)
    }

    /// `-cTEXT`.
    private func beginsJoined(_ text: String) -> Bool {
      guard text.hasPrefix("-"), let second = text.dropFirst().first else { return false }
      return letters.contains(second)
    }
  }

  private static let readers: [String: Reader] = {
    let shell = Reader(letters: "c", advice: "pass it as an argument: sh -c '… \"$1\"' sh ${name}")
    let argument = "pass it as an argument and read it in the program"
    let sql = "pass it as a variable: psql -v name=${name}, and :'name' in the statement"
    var readers: [String: Reader] = [:]
    for name in ["sh", "bash", "dash", "ash", "zsh", "ksh", "fish"] { readers[name] = shell }
    readers["su"] = Reader(letters: "c", options: ["--command"], advice: shell.advice)
    for name in ["python", "python2", "python3"] { readers[name] = Reader(letters: "c", advice: argument) }
    readers["perl"] = Reader(letters: "eE", advice: argument)
    readers["ruby"] = Reader(letters: "e", advice: argument)
    readers["php"] = Reader(letters: "rBRE", options: ["--run"], advice: argument)
    for name in ["node", "nodejs", "deno", "bun"] {
      readers[name] = Reader(letters: "ep", options: ["--eval", "--print"], advice: argument)
    }
    readers["psql"] = Reader(letters: "c", options: ["--command"], advice: sql)
    for name in ["mysql", "mariadb", "clickhouse-client"] {
      readers[name] = Reader(
        letters: "eq", options: ["--execute", "--query"], advice: "use a statement with a variable")
    }
    for name in ["mongosh", "mongo"] { readers[name] = Reader(options: ["--eval"], advice: argument) }
    readers["redis-cli"] = Reader(
      words: ["EVAL", "EVAL_RO", "SCRIPT", "FUNCTION"], advice: "pass it as ARGV")
    readers["sqlite3"] = Reader(operands: 2...Int.max, advice: "bind it with .parameter")
    for name in ["awk", "gawk", "mawk"] {
      readers[name] = Reader(
        operands: 1...1, skips: ["-v": 1, "-F": 1, "-f": 1],
        advice: "pass it as a variable: awk -v name=${name}")
    }
    readers["sed"] = Reader(
      letters: "e", options: ["--expression"], operands: 1...1, skips: ["-f": 1],
      advice: "a value cannot be quoted for sed")
    readers["jq"] = Reader(
      operands: 1...1,
      skips: ["--arg": 2, "--argjson": 2, "--slurpfile": 2, "--rawfile": 2, "-f": 1, "--indent": 1],
      advice: "pass it as a variable: jq --arg name ${name}")
    return readers
  }()

  private static func literal(_ word: [Template.Piece]) -> String? {
    guard word.count == 1, case .literal(let text) = word[0] else { return nil }
    return text
  }

  private static func literalStart(_ word: [Template.Piece]) -> String {
    if case .literal(let text)? = word.first { text } else { "" }
  }

  private static func baseName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
