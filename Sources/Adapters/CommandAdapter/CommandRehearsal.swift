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
    try await parse()
    var proofs = ["\(options.language.interpreter) parses it"]
    if options.language != .python {
      let programs = try findPrograms()
      if !programs.isEmpty { proofs.append("on PATH: \(programs.joined(separator: ", "))") }
      if try await lint() { proofs.append("shellcheck finds no error") }
    }
    return .verified(proofs.joined(separator: "; "))
  }

  private func parse() async throws(StepFailure) {
    let result = try await context.processes.run(try options.parseRequest(in: context), in: context)
    guard result.end == .exited(0) else {
      let text = result.standardError.text ?? "the interpreter does not say why"
      throw StepFailure(
        .exit, "\(options.language.interpreter) does not parse it: \(lastLine(of: text))",
        effectIsPossible: false)
    }
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

  /// Whether ShellCheck was there to judge it.
  private func lint() async throws(StepFailure) -> Bool {
    guard isExecutable("shellcheck") else { return false }
    let request = ProcessRequest(
      executable: "shellcheck",
      arguments: [
        "--norc", "--shell=\(options.language.rawValue)", "--severity=error", "--format=gcc", "/dev/fd/3",
      ],
      environment: try options.environment(in: context), directory: "/", body: Array(options.script.utf8),
      streamsOutput: false)
    let result = try await context.processes.run(request, in: context)
    guard result.end == .exited(0) else {
      let text = result.standardOutput.text ?? ""
      let first = text.split(separator: "\n").first ?? "no reason given"
      throw StepFailure(.exit, "shellcheck finds an error: \(first)", effectIsPossible: false)
    }
    return true
  }
}
