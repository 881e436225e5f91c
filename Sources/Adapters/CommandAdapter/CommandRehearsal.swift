import Glibc
import RunbookAdapter
import RunbookModel

/// What can be proved of a script without running it: it parses, its programs are there, its directory is.
struct CommandRehearsal {
  let options: CommandOptions
  let context: StepContext

  func prove() async throws(StepFailure) -> Rehearsal {
    let directory = options.workingDirectory(in: context)
    guard access(directory, X_OK) == 0 else {
      throw StepFailure(.notFound, "the directory '\(directory)' cannot be entered", effectIsPossible: false)
    }
    // What keeps the step from starting keeps its rehearsal from succeeding.
    let environment = try options.environment(in: context)
    guard options.language != .python else {
      if let error = try await parseError(nil) { return .refuted(error) }
      return .verified("\(options.language.interpreter) parses it")
    }
    let scanner = ShellScanner(options.script)
    if let error = try await parseError(scanner) { return .refuted(error) }
    var proofs = ["\(options.language.interpreter) parses it"]
    var doubts: [String] = []
    let programs = programs(in: scanner, path: environment.last { $0.name == "PATH" }?.value.plainText)
    if !programs.found.isEmpty { proofs.append("on PATH: \(programs.found.joined(separator: ", "))") }
    if let first = scanner.firstProgram?.name, programs.missing.contains(first), !first.contains("/"),
      !scanner.assignments.contains(where: { $0.name == "PATH" })
    {
      throw StepFailure(.notFound, "'\(first)' is not on PATH", effectIsPossible: false)
    }
    if !programs.missing.isEmpty {
      let names = programs.missing.map { "'\($0)'" }.joined(separator: ", ")
      doubts.append("not found, as far as reading the script tells: \(names)")
    }
    switch try await lint() {
    case .clean: proofs.append("shellcheck finds no error")
    case .error(let text): doubts.append("shellcheck finds an error: \(text)")
    case .noAnswer: break
    }
    return doubts.isEmpty
      ? .verified(proofs.joined(separator: "; ")) : .unverifiable(doubts.joined(separator: "; "))
  }

  /// Why it is no program of its language; nil where it is one.
  private func parseError(_ scanner: ShellScanner?) async throws(StepFailure) -> String? {
    guard let error = try await parseError(extendedPatterns: false) else { return nil }
    // A script that switches extended patterns on, or reads another that may, is parsed with them in a run.
    let sources = ["source", ".", "eval"]
    if options.language == .bash, let scanner,
      options.script.contains("extglob") || scanner.commands.contains(where: { sources.contains($0.name) }),
      try await parseError(extendedPatterns: true) == nil
    {
      return nil
    }
    return error
  }

  private func parseError(extendedPatterns: Bool) async throws(StepFailure) -> String? {
    let request = options.parseRequest(in: context, extendedPatterns: extendedPatterns)
    let result = try await context.processes.run(request, in: context)
    guard result.cause == .itself, case .exited(let code) = result.end else {
      throw StepFailure(
        .timeout, "\(options.language.interpreter) did not get to the end of parsing it",
        effectIsPossible: false)
    }
    if code == 0 { return nil }
    let text = result.standardError.text ?? "the interpreter does not say why"
    return "\(options.language.interpreter) does not parse it: \(lastLine(of: text))"
  }

  private func lastLine(of text: String) -> Substring {
    text.split(separator: "\n").last { !$0.allSatisfy(\.isWhitespace) } ?? ""
  }

  /// The external commands named in plain sight, each once.
  ///
  /// That one is missing proves nothing yet: a branch may never be taken, and a sourced file may define it.
  private func programs(in scanner: ShellScanner, path: String?) -> (found: [String], missing: [String]) {
    var seen: Set<String> = []
    let names = scanner.commands.map(\.name).filter { name in
      !ShellNames.builtins.contains(name) && !scanner.functions.contains(name) && !name.hasPrefix("-")
        && name.utf8.allSatisfy(isPlain) && seen.insert(name).inserted
    }
    return (names.filter { isExecutable($0, path) }, names.filter { !isExecutable($0, path) })
  }

  private func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "/"), UInt8(ascii: "+"):
      true
    default: false
    }
  }

  private func isExecutable(_ command: String, _ path: String?) -> Bool {
    if command.contains("/") {
      let path = command.hasPrefix("/") ? command : options.workingDirectory(in: context) + "/" + command
      return access(path, X_OK) == 0
    }
    return (path ?? "/usr/bin:/bin").split(separator: ":").contains {
      access("\($0)/\(command)", X_OK) == 0
    }
  }

  /// What ShellCheck says of it.
  private enum Lint { case noAnswer, clean, error(Substring) }

  private func lint() async throws(StepFailure) -> Lint {
    let path = context.baseEnvironment.first { $0.name == "PATH" }?.value
    guard isExecutable("shellcheck", path) else { return .noAnswer }
    let request = ProcessRequest(
      executable: "shellcheck",
      arguments: [
        "--norc", "--shell=\(options.language.rawValue)", "--severity=error", "--format=gcc", "/dev/fd/3",
      ],
      environment: options.baseEnvironment(in: context), directory: "/", body: Array(options.script.utf8),
      streamsOutput: false)
    let result = try await context.processes.run(request, in: context)
    if result.end == .exited(0) { return .clean }
    let errors = (result.standardOutput.text ?? "").split(separator: "\n")
    return errors.first.map { .error($0) } ?? .noAnswer
  }
}
