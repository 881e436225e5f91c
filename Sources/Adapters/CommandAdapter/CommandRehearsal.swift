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
    if let error = try await parseError() { return .refuted(error) }
    var proofs = ["\(options.language.interpreter) parses it"]
    if options.language != .python {
      let programs = try findPrograms()
      if !programs.isEmpty { proofs.append("on PATH: \(programs.joined(separator: ", "))") }
      switch try await lint() {
      case .clean: proofs.append("shellcheck finds no error")
      case .error(let text): return .refuted(text)
      case .notInstalled: break
      }
    }
    return .verified(proofs.joined(separator: "; "))
  }

  /// Why it is no program of its language; nil where it is one.
  private func parseError() async throws(StepFailure) -> String? {
    let result = try await context.processes.run(try options.parseRequest(in: context), in: context)
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
  private func findPrograms() throws(StepFailure) -> [String] {
    let scanner = ShellScanner(options.script)
    var seen: Set<String> = []
    var programs: [String] = []
    for command in scanner.commands.map(\.name)
    where !ShellNames.builtins.contains(command) && !scanner.functions.contains(command)
      && seen.insert(command).inserted && command.utf8.allSatisfy(isPlain)
    {
      guard isExecutable(command) else {
        throw StepFailure(.notFound, "'\(command)' is not on PATH", effectIsPossible: false)
      }
      programs.append(command)
    }
    return programs
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

  private func isExecutable(_ command: String) -> Bool {
    if command.contains("/") {
      let path = command.hasPrefix("/") ? command : options.workingDirectory(in: context) + "/" + command
      return access(path, X_OK) == 0
    }
    let path = context.baseEnvironment.first { $0.name == "PATH" }?.value ?? "/usr/bin:/bin"
    return path.split(separator: ":").contains { access("\($0)/\(command)", X_OK) == 0 }
  }

  /// What ShellCheck says of it.
  private enum Lint { case notInstalled, clean, error(String) }

  private func lint() async throws(StepFailure) -> Lint {
    guard isExecutable("shellcheck") else { return .notInstalled }
    let request = ProcessRequest(
      executable: "shellcheck",
      arguments: [
        "--norc", "--shell=\(options.language.rawValue)", "--severity=error", "--format=gcc", "/dev/fd/3",
      ],
      environment: context.baseEnvironment.map { ($0.name, .text($0.value)) }, directory: "/",
      body: Array(options.script.utf8),
      streamsOutput: false)
    let result = try await context.processes.run(request, in: context)
    guard result.end == .exited(0) else {
      let text = result.standardOutput.text ?? ""
      let first = text.split(separator: "\n").first ?? "no reason given"
      return .error("shellcheck finds an error: \(first)")
    }
    return .clean
  }
}
