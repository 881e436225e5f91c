internal import InnerPrograms
internal import RunbookAdapter
internal import RunbookDiagnostics
internal import RunbookModel

/// Reads the lines of a step.
struct ComposeParser {
  private var fields: FieldReader
  private var isValid = true

  /// Reads the step; nil after at least one error was reported.
  static func lines(from fields: inout FieldReader) -> [ComposeLine]? {
    var parser = ComposeParser(fields: fields)
    let lines = parser.lines()
    fields = parser.fields
    return parser.isValid ? lines : nil
  }

  private init(fields: FieldReader) { self.fields = fields }

  private mutating func lines() -> [ComposeLine] {
    let (written, problems) = CommandWords.lines(of: fields.body)
    for problem in problems { report(.malformedBody, problem.message, problem.range) }
    if written.isEmpty, problems.isEmpty {
      report(.malformedBody, "a subcommand is expected: 'ps db'", 0..<fields.body.utf8.count)
    }
    var lines: [ComposeLine] = []
    for words in written {
      for word in words.words {
        for piece in word.pieces {
          if case .name(let name, let range) = piece { use(name, range) }
        }
      }
      guard let line = line(words.words) else { continue }
      let range = words.words[0].range
      if let last = lines.last, last.isEndless {
        report(
          .malformedBody, "'\(line.subcommand)' would never be reached: the line above does not end", range)
      }
      lines.append(line)
    }
    if lines.count > 1, let index = lines.firstIndex(where: { $0.claim.effect > .read }),
      written.count == lines.count
    {
      report(
        .severalStatements, "'\(lines[index].subcommand)' may change something and wants a step of its own",
        written[index].words[0].range, notes: ["several lines are one step only where all of them read"])
    }
    return lines
  }

  private mutating func use(_ name: String, _ range: Range<Int>) {
    fields.use(name, atBody: range)
    if fields.names.isSecret(name) {
      report(
        .secretMisused, "'${\(name)}' is a secret, and every process list shows arguments", range,
        notes: ["give it to the service by its environment or by a file"])
    }
  }

  private mutating func line(_ words: [CommandWords.Word]) -> ComposeLine? {
    let first = words[0]
    guard let name = first.literal else {
      report(.misplacedName, "a subcommand cannot be a parameter", first.range)
      return nil
    }
    guard let subcommand = Subcommand.named(name) else {
      unknownSubcommand(name, first.range)
      return nil
    }
    guard let parts = parts(of: words.dropFirst(), subcommand) else { return nil }
    guard check(parts, of: subcommand, first.range) else { return nil }
    return ComposeLine(
      subcommand: name, options: parts.options.map(\.option), operands: parts.operands.map(\.pieces),
      claim: claim(of: parts, subcommand))
  }

  // MARK: Options and operands

  private struct Parts {
    var options: [(option: ComposeLine.Option, effect: Effect)] = []
    var operands: [CommandWords.Word] = []

    func has(_ name: String) -> Bool { options.contains { $0.option.name == name } }
  }

  private mutating func parts(of words: ArraySlice<CommandWords.Word>, _ subcommand: Subcommand) -> Parts? {
    var parts = Parts()
    var rest = words
    var optionsAreOver = false
    while let word = rest.popFirst() {
      guard !optionsAreOver, case .literal(let start)? = word.pieces.first, start.hasPrefix("-"),
        word.literal != "-"
      else {
        parts.operands.append(word)
        if case .serviceAndProgram = subcommand.operands { optionsAreOver = true }
        continue
      }
      if word.literal == "--" {
        optionsAreOver = true
      } else if start.hasPrefix("--") {
        guard long(word, start, subcommand, &rest, &parts) else { return nil }
      } else {
        guard cluster(word, start, subcommand, &rest, &parts) else { return nil }
      }
    }
    return parts
  }

  private mutating func long(
    _ word: CommandWords.Word, _ start: String, _ subcommand: Subcommand,
    _ rest: inout ArraySlice<CommandWords.Word>, _ parts: inout Parts
  ) -> Bool {
    guard start != "--" else { return parameterAsOption(word.range) }
    let equals = start.firstIndex(of: "=")
    let spelling = String(start[..<(equals ?? start.endIndex)])
    guard let option = subcommand.option(spelling) else {
      return unknownOption(spelling, subcommand, word.range)
    }
    if let equals {
      guard option.takesValue else {
        report(.malformedBody, "'\(spelling)' takes no value", word.range)
        return false
      }
      let text = String(start[start.index(after: equals)...])
      let pieces = (text.isEmpty ? [] : [Template.Piece.literal(text)]) + word.pieces.dropFirst()
      return add(option, value: pieces, word.range, &parts)
    }
    guard word.pieces.count == 1 else { return parameterAsOption(word.range) }
    return add(option, word.range, &rest, &parts)
  }

  /// `-f`, `-sv`, `-t5`, `-t 5`.
  private mutating func cluster(
    _ word: CommandWords.Word, _ start: String, _ subcommand: Subcommand,
    _ rest: inout ArraySlice<CommandWords.Word>, _ parts: inout Parts
  ) -> Bool {
    guard start != "-" else { return parameterAsOption(word.range) }
    var letters = start.dropFirst()
    while let letter = letters.popFirst() {
      guard let option = subcommand.option("-\(letter)") else {
        return unknownOption("-\(letter)", subcommand, word.range)
      }
      let joined =
        (letters.isEmpty ? [] : [Template.Piece.literal(String(letters))]) + word.pieces.dropFirst()
      if option.takesValue, !joined.isEmpty { return add(option, value: joined, word.range, &parts) }
      if letters.isEmpty, word.pieces.count > 1 { return parameterAsOption(word.range) }
      guard add(option, word.range, &rest, &parts) else { return false }
    }
    return true
  }

  private mutating func add(
    _ option: Subcommand.Option, _ range: Range<Int>, _ rest: inout ArraySlice<CommandWords.Word>,
    _ parts: inout Parts
  ) -> Bool {
    guard option.takesValue else { return add(option, value: nil, range, &parts) }
    guard let value = rest.popFirst() else {
      report(.malformedBody, "'\(option.name)' wants a value", range)
      return false
    }
    return add(option, value: value.pieces, range, &parts)
  }

  private mutating func add(
    _ option: Subcommand.Option, value: [Template.Piece]?, _ range: Range<Int>, _ parts: inout Parts
  ) -> Bool {
    if option.name == "--entrypoint",
      value?.contains(where: { if case .name = $0 { true } else { false } }) == true
    {
      report(.misplacedName, "the program that runs cannot be a parameter", range)
      return false
    }
    parts.options.append(
      (ComposeLine.Option(name: option.name, value: value, isNew: option.isNew), option.effect))
    return true
  }

  // MARK: Judging

  private mutating func check(_ parts: Parts, of subcommand: Subcommand, _ range: Range<Int>) -> Bool {
    let before = isValid
    isValid = true
    defer { isValid = isValid && before }
    switch subcommand.operands {
    case .none:
      if let extra = parts.operands.first {
        report(
          .malformedBody, "'\(subcommand.name)' is about the whole project and takes no services", extra.range
        )
      }
    case .services: checkServices(parts.operands)
    case .serviceAndProgram(let isRequired): checkProgram(parts, isRequired, subcommand, range)
    case .serviceAndPort:
      checkServices(Array(parts.operands.prefix(1)))
      if parts.operands.count != 2 {
        report(.malformedBody, "'port' wants a service and one of its own ports: 'port db 5432'", range)
      }
    case .sourceAndDestination:
      if parts.operands.count != 2 {
        report(.malformedBody, "'cp' wants a source and a destination: 'cp db:/path path'", range)
      }
    case .scales:
      if parts.operands.isEmpty { report(.malformedBody, "'scale' wants 'service=number'", range) }
    }
    switch subcommand.name {
    case "up" where !fields.traits.isInteractive:
      let ends = [
        "--detach", "--wait", "--no-start", "--abort-on-container-exit", "--abort-on-container-failure",
        "--exit-code-from",
      ]
      if !ends.contains(where: parts.has) {
        report(.malformedBody, "'up' without -d does not end", range, notes: ["write 'up -d'"])
      }
    case "rm" where !parts.has("--force"):
      report(.malformedBody, "'rm' would ask, and nobody is there to answer", range, notes: ["write 'rm -f'"])
    default: break
    }
    return isValid
  }

  private mutating func checkServices(_ words: [CommandWords.Word]) {
    for word in words {
      if let name = word.literal, !ComposeLine.isServiceName(name) {
        report(.malformedBody, "'\(name)' cannot be a service's name", word.range)
      }
    }
  }

  private mutating func checkProgram(
    _ parts: Parts, _ isRequired: Bool, _ subcommand: Subcommand, _ range: Range<Int>
  ) {
    checkServices(Array(parts.operands.prefix(1)))
    checkInjections(parts)
    guard let program = parts.operands.dropFirst().first else {
      if parts.operands.isEmpty || isRequired {
        report(
          .malformedBody, "'\(subcommand.name)' wants a service and a program: 'exec db pg_isready'", range)
      }
      return
    }
    if program.literal == nil, !parts.has("--entrypoint") {
      report(.misplacedName, "the program that runs cannot be a parameter", program.range)
    }
  }

  private mutating func checkInjections(_ parts: Parts) {
    for injection in InnerProgram.injections(in: innerWords(parts)) {
      let problem =
        injection.isText
        ? "would become part of a program that \(injection.reader) runs"
        : "stands where \(injection.reader) may take it for an option or a program"
      report(
        .misplacedName, "'${\(injection.name)}' \(problem)", injection.range, notes: [injection.advice])
    }
  }

  /// The words of the program: those of `--entrypoint`, which Compose splits, stand before the operands.
  private func innerWords(_ parts: Parts) -> [[Template.Piece]] {
    let entry = parts.options.last { $0.option.name == "--entrypoint" }?.option.value
    var words: [[Template.Piece]] = []
    if case .literal(let text)? = entry?.first {
      // Quotes and backslashes are dropped: what they hold together is not a program's name.
      words = text.split { " \t\n".contains($0) }.map { part in
        [.literal(String(part.filter { !"'\"\\".contains($0) }))]
      }
    }
    return words + parts.operands.dropFirst().map(\.pieces)
  }

  private func claim(of parts: Parts, _ subcommand: Subcommand) -> Effect.Claim {
    let effect = parts.options.map(\.effect).reduce(subcommand.effect, max)
    guard case .serviceAndProgram = subcommand.operands else { return Effect.Claim(effect, isKnown: true) }
    let inner = InnerProgram.effect(of: innerWords(parts))
    // `run` makes a container, whatever runs in it; a detached program goes on behind the step's back.
    let isBound = subcommand.name == "exec" && !parts.has("--detach") && !parts.has("--privileged")
    return Effect.Claim(isBound ? inner : max(effect, inner), isKnown: false)
  }

  // MARK: What is not there

  private mutating func unknownSubcommand(_ name: String, _ range: Range<Int>) {
    if name.hasPrefix("-") {
      report(
        .refusedStatement, "'\(name)' in front of the subcommand would lead to another project or engine",
        range,
        notes: ["files, project, env_file, profiles and docker_host belong to the target, in the environment"]
      )
    } else if ["docker", "docker-compose"].contains(name) {
      report(.malformedBody, "a line begins with the subcommand: leave out '\(name)'", range)
    } else {
      let nearest = NearestName.match(name, among: Subcommand.all.map(\.name))
      report(
        .unknownStatement, "'\(name)' is no subcommand that a step can run", range,
        notes: nearest.map { ["did you mean '\($0)'?"] } ?? [])
    }
  }

  private mutating func unknownOption(_ name: String, _ subcommand: Subcommand, _ range: Range<Int>) -> Bool {
    var notes: [String] = []
    if name == "--dry-run" {
      notes = ["the dry run of the whole runbook is 'run --dry-run'"]
    } else if name == "--format" || (name == "--filter" && subcommand.name == "ps") {
      notes = ["the result is JSON already: use 'expect' and 'outputs'"]
    } else if ["-i", "-t", "--interactive", "--tty"].contains(name),
      case .serviceAndProgram = subcommand.operands
    {
      notes = ["'interactive' gives a step the terminal"]
    } else {
      let nearest = NearestName.match(name, among: subcommand.options.flatMap(\.names))
      notes = nearest.map { ["did you mean '\($0)'?"] } ?? []
    }
    report(.unknownStatement, "'\(subcommand.name)' has no option '\(name)'", range, notes: notes)
    return false
  }

  private mutating func parameterAsOption(_ range: Range<Int>) -> Bool {
    report(.misplacedName, "the name of an option cannot be a parameter", range)
    return false
  }

  private mutating func report(
    _ code: Diagnostic.Code, _ message: String, _ range: Range<Int>, notes: [String] = []
  ) {
    isValid = false
    fields.report(code, message, atBody: range, notes: notes)
  }
}
