import RunbookAdapter
import RunbookModel

extension CommandOptions {
  /// The process that runs the script.
  func request(in context: StepContext) throws(StepFailure) -> ProcessRequest {
    ProcessRequest(
      executable: language.interpreter, arguments: language.arguments,
      environment: try environment(in: context),
      privateFiles: context.targetEnvironment.files, directory: workingDirectory(in: context),
      body: Array(script.utf8))
  }

  /// The process that only parses it, in the base environment: a variable can make an interpreter run code.
  ///
  /// - Parameter extendedPatterns: Whether bash takes `+(…)` and its like for patterns from the first line on;
  ///   parsing alone executes no `shopt`.
  func parseRequest(in context: StepContext, extendedPatterns: Bool = false) -> ProcessRequest {
    var arguments = language.parseArguments
    if extendedPatterns { arguments.insert(contentsOf: ["-O", "extglob"], at: arguments.count - 2) }
    return ProcessRequest(
      executable: language.interpreter, arguments: arguments, environment: baseEnvironment(in: context),
      directory: "/", body: Array(script.utf8), streamsOutput: false)
  }

  /// Base variables only: what a check of the script gets.
  func baseEnvironment(in context: StepContext) -> [(name: String, value: Value)] {
    context.baseEnvironment.map { (name: $0.name, value: Value.text($0.value)) }
  }

  /// Base variables, the target's, the names the body mentions, then `env`.
  func environment(in context: StepContext) throws(StepFailure) -> [(name: String, value: Value)] {
    var environment = baseEnvironment(in: context)
    environment += context.targetEnvironment.variables
    for name in mentioned {
      if let value = context.values[name] { environment.append((name, value)) }
    }
    for variable in variables {
      if variable.value.pieces.count == 1, case .name(let name, _)? = variable.value.pieces.first,
        let value = context.values[name]
      {
        environment.append((variable.name, value))
      } else {
        environment.append((variable.name, .text(variable.value.displayText(context.values))))
      }
    }
    for entry in environment {
      if let text = entry.value.plainText, text.utf8.contains(0) {
        throw StepFailure(.spawn, "the value of '\(entry.name)' holds a NUL byte", effectIsPossible: false)
      }
    }
    return environment
  }

  /// Absolute.
  func workingDirectory(in context: StepContext) -> String {
    guard let path = directory?.displayText(context.values) else { return context.workingDirectory }
    return path.hasPrefix("/") ? path : context.workingDirectory + "/" + path
  }

  /// What an exit code means, with the two that everyone trips over named.
  func explanation(ofExit code: Int32) -> String {
    var text = "exit status \(code)"
    let commands = language == .python ? [] : ShellScanner(script).commands.map(\.name)
    if code == 1, commands.contains(where: { $0.hasSuffix("grep") }) {
      text += " (grep exits 1 where nothing matches; '|| true' accepts that)"
    } else if code == 141, commands.contains("head") || commands.contains("grep") {
      text +=
        " (under pipefail a program whose reader, such as head, leaves early counts as failed by SIGPIPE)"
    } else if code == 127 {
      text += " (a command was not found)"
    } else if code == 126 {
      text += " (a command was found but could not be executed)"
    }
    return text
  }
}
