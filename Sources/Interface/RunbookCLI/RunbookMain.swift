import ArgumentParser
import Dispatch
import Glibc

/// The command line: parses it, carries it out and ends the process with its exit code.
public func runbookMain() -> Never {
  do {
    var command = try RunbookCommand.parseAsRoot()
    guard let asynchronous = command as? any AsyncParsableCommand else {
      try command.run()
      leave(EXIT_SUCCESS)
    }
    Task {
      var command = asynchronous
      do {
        try await command.run()
        leave(EXIT_SUCCESS)
      } catch {
        end(with: error)
      }
    }
    dispatchMain()
  } catch {
    end(with: error)
  }
}

private func end(with error: any Error) -> Never {
  guard let failure = error as? CommandFailure else {
    let code = RunbookCommand.exitCode(for: error).rawValue
    let message = RunbookCommand.fullMessage(for: error)
    if !message.isEmpty { StandardStream.line(message, to: code == 0 ? STDOUT_FILENO : STDERR_FILENO) }
    leave(code)
  }
  if let message = failure.message { StandardStream.line("runbook: \(message)", to: STDERR_FILENO) }
  leave(failure.exitCode)
}

/// Ends the process at once.
///
/// Not by `exit`, which destroys the global state of every library while threads of the pool, of queues and of
/// the libraries themselves still use it: what they then do is undefined, waiting for ever included.
private func leave(_ code: Int32) -> Never {
  fflush(nil)
  _exit(code)
}
