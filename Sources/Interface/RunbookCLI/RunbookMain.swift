import ArgumentParser
import Dispatch
import Glibc
import RunbookDiagnostics

/// The command line: parses it, carries it out and ends the process with its exit code.
public func runbookMain() -> Never {
  StandardStream.occupy()
  do {
    try checkArguments()
    try RunbookCommand.checkName(CommandLine.arguments.dropFirst())
    var command = try RunbookCommand.parseAsRoot()
    guard let asynchronous = command as? any AsyncParsableCommand else {
      try command.run()
      succeed()
    }
    Task {
      var command = asynchronous
      do {
        try await command.run()
        // Of a run the log is what counts; its code says how the run ended.
        if command is RunCommand || command is ResumeCommand { leave(EXIT_SUCCESS) }
        succeed()
      } catch {
        end(with: error)
      }
    }
    dispatchMain()
  } catch {
    end(with: error)
  }
}

/// Refuses what would arrive as other bytes than were given.
private func checkArguments() throws(CommandFailure) {
  for number in 1..<max(1, Int(CommandLine.argc)) {
    guard let argument = CommandLine.unsafeArgv[number], String(validatingCString: argument) == nil else {
      continue
    }
    throw CommandFailure(
      "argument \(number) is not valid UTF-8: '\(String(cString: argument))'", exitCode: 64)
  }
}

private func end(with error: any Error) -> Never {
  if let failure = error as? Files.Failure {
    end(with: CommandFailure("\(failure.path): \(failure.reason)", exitCode: 3))
  }
  guard let failure = error as? CommandFailure else {
    let code = RunbookCommand.exitCode(for: error).rawValue
    let message = TerminalText.inertLines(RunbookCommand.fullMessage(for: error), indent: "")
    if !message.isEmpty { StandardStream.line(message, to: code == 0 ? STDOUT_FILENO : STDERR_FILENO) }
    if code == 0 { succeed() }
    leave(code)
  }
  if let message = failure.message { StandardStream.line("runbook: \(message)", to: STDERR_FILENO) }
  leave(failure.exitCode)
}

/// Ends with 0, unless what was to be shown could not be written.
private func succeed() -> Never {
  if let error = StandardStream.outputFailure {
    StandardStream.line("runbook: standard output: \(String(cString: strerror(error)))", to: STDERR_FILENO)
    leave(74)
  }
  leave(EXIT_SUCCESS)
}

/// Ends the process at once.
///
/// Not by `exit`, which destroys the global state of every library while threads of the pool, of queues and of
/// the libraries themselves still use it: what they then do is undefined, waiting for ever included.
private func leave(_ code: Int32) -> Never {
  fflush(nil)
  _exit(code)
}
