package import RunbookModel

/// What can be said of a program that another one starts, in a container or by a shell, from its words alone.
package enum InnerProgram {
  /// A name where another program may read a program.
  package struct Injection: Equatable, Sendable {
    package let name: String
    package let range: Range<Int>
    /// The program that would read it.
    package let reader: String
    /// Whether it is surely part of a program's text; else its place is not understood.
    package let isText: Bool
    /// How to pass the value instead; `${name}` in it stands for the value.
    package let advice: String
  }

  /// Every name that would or may become part of a program: `sh -c "… ${x}"`, `psql -c "… ${x}"`.
  ///
  /// Readers are found at any position, because there are more programs that start others than are known here.
  package static func injections(in words: some Collection<[Template.Piece]>) -> [Injection] {
    let words = Array(words)
    var found: [Injection] = []
    var names: Set<Int> = []
    for (index, word) in words.enumerated() where !names.contains(index) {
      guard let path = literal(word), let known = InnerReaders.named(path, in: InnerReaders.all) else {
        continue
      }
      let reading = known.reader.reading(of: words[(index + 1)...])
      if let index = reading.nameIndex { names.insert(index) }
      add(reading.refused, of: known, to: &found)
    }
    for starter in chain(of: words).starters {
      add(starter.reading.refused, of: (starter.name, starter.reader), to: &found)
    }
    return found
  }

  private static func add(
    _ refused: [(word: [Template.Piece], why: InnerReader.Refusal)],
    of known: (name: String, reader: InnerReader), to found: inout [Injection]
  ) {
    for (word, why) in refused {
      for case .name(let parameter, let range) in word where !found.contains(where: { $0.range == range }) {
        found.append(
          Injection(
            name: parameter, range: range, reader: known.name, isText: why != .unsure,
            advice: known.reader.advice))
      }
    }
  }

  // MARK: Commands of a shell

  /// Every name that would become part of a program in a command of a shell script, as far as that is sure.
  ///
  /// A script's commands are many more than those of containers, and a person wrote them for a shell: what is not
  /// understood is left alone. Readers count where a program stands; behind a program that is not known, which may
  /// start another one, those whose option says that a program follows.
  ///
  /// - Parameters:
  ///   - words: The command's own name and what follows. What is neither literal nor a name of interest is a name
  ///     as well.
  ///   - input: Of what stands in the script as the command's standard input, the same.
  package static func texts(
    in words: some Collection<[Template.Piece]>, input: [Template.Piece]
  ) -> [Injection] {
    let words = Array(words)
    var found: [Injection] = []
    func add(_ reading: InnerReader.Reading, of known: (name: String, reader: InnerReader), byPlace: Bool) {
      let refused = reading.refused.filter { $0.why == .option || (byPlace && $0.why == .place) }
      Self.add(refused, of: known, to: &found)
      if reading.readsInput { Self.add([(input, .place)], of: known, to: &found) }
    }
    let (starters, program) = chain(of: words)
    for starter in starters {
      add(starter.reading, of: (starter.name, starter.reader), byPlace: true)
    }
    let name = program.flatMap { literal(words[$0]) }.map { InnerReaders.baseName($0) }
    if let program, let path = literal(words[program]),
      let known = InnerReaders.named(path, in: InnerReaders.all)
    {
      add(known.reader.reading(of: words[(program + 1)...]), of: known, byPlace: true)
      return found
    }
    if let name, InnerReaders.dataPrograms.contains(name) { return found }
    var names: Set<Int> = []
    for (index, word) in words.enumerated() where index > program ?? 0 && !names.contains(index) {
      guard let path = literal(word), let known = InnerReaders.named(path, in: InnerReaders.all) else {
        continue
      }
      let reading = known.reader.reading(of: words[(index + 1)...])
      if let index = reading.nameIndex { names.insert(index) }
      add(reading, of: known, byPlace: name.map { InnerReaders.carriers.contains($0) } ?? false)
    }
    return found
  }

  /// Assumed, never known: what a program in an image does is not written on it.
  package static func effect(of words: some Collection<[Template.Piece]>) -> Effect {
    let words = Array(words)
    let (starters, index) = chain(of: words)
    guard let index, let path = literal(words[index]) else {
      // `env` alone prints what it got.
      return words.count == 1 && starters.first?.name == "env" ? .read : .write
    }
    let name = InnerReaders.baseName(path)
    if destructive.contains(name) || name.hasPrefix("mkfs.") { return .destructive }
    guard starters.isEmpty, isStandard(path) else { return .write }
    return reads(name, words[(index + 1)...]) ? .read : .write
  }

  /// The programs that start the one that is meant, and where that stands.
  private static func chain(
    of words: [[Template.Piece]]
  ) -> (starters: [(name: String, reader: InnerReader, reading: InnerReader.Reading)], program: Int?) {
    var starters: [(name: String, reader: InnerReader, reading: InnerReader.Reading)] = []
    var index = words.isEmpty ? nil : Optional(0)
    while let place = index, let path = literal(words[place]),
      let known = InnerReaders.named(path, in: InnerReaders.starters)
    {
      let reading = known.reader.reading(of: words[(place + 1)...])
      starters.append((known.name, known.reader, reading))
      index = reading.programIndex
    }
    return (starters, index)
  }

  // MARK: Effects

  private static func reads(_ name: String, _ arguments: ArraySlice<[Template.Piece]>) -> Bool {
    switch name {
    case "date": setsNoClock(arguments)
    case "hostname":
      arguments.allSatisfy { word in
        literal(word).map { hostnameQuestions.contains($0) } ?? false
      }
    default: reading.contains(name)
    }
  }

  /// Programs that no argument makes write.
  private static let reading: Set = [
    "cat", "df", "du", "echo", "free", "grep", "head", "id", "ls", "pg_isready", "printenv", "ps", "pwd",
    "stat",
    "tail", "true", "uname", "uptime", "wc", "whoami",
  ]

  private static let hostnameQuestions: Set = [
    "-f", "-s", "-i", "-I", "-d", "-A", "--fqdn", "--long", "--short", "--ip-address", "--all-ip-addresses",
    "--domain",
  ]

  /// Whether `date` only shows the time: any other operand than a format sets the clock.
  private static func setsNoClock(_ arguments: ArraySlice<[Template.Piece]>) -> Bool {
    var isValue = false
    return arguments.allSatisfy { word in
      if isValue {
        isValue = false
        return true
      }
      guard case .literal(let start)? = word.first else { return false }
      if start.hasPrefix("+") || start.hasPrefix("--date=") { return true }
      guard let text = literal(word) else { return false }
      if text == "-d" || text == "-r" { isValue = true }
      return ["-d", "-r", "-u", "-R", "--utc", "--universal", "--rfc-email"].contains(text)
        || text.hasPrefix("-I") || text.hasPrefix("--iso-8601")
    }
  }

  private static let destructive: Set = [
    "dd", "dropdb", "dropuser", "halt", "kill", "killall", "mkfs", "pkill", "poweroff", "reboot", "rm",
    "shred",
    "shutdown", "truncate",
  ]

  /// Whether a program of that name is the one that everybody knows.
  private static func isStandard(_ path: String) -> Bool {
    let folder = path.dropLast(InnerReaders.baseName(path).count)
    return ["", "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/"].contains(folder)
  }

  private static func literal(_ word: [Template.Piece]) -> String? {
    guard word.count == 1, case .literal(let text) = word[0] else { return nil }
    return text
  }
}
