import ArgumentParser
import Dispatch
import Glibc

/// The command line: parses it, carries it out and ends the process with its exit code.
public func runbookMain() -> Never {
  do {
    var command = try RunbookCommand.parseAsRoot()
    guard let asynchronous = command as? any AsyncParsableCommand else {
      try command.run()
      exit(EXIT_SUCCESS)
    }
    Task {
      var command = asynchronous
      do {
        try await command.run()
        exit(EXIT_SUCCESS)
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
  guard let failure = error as? CommandFailure else { RunbookCommand.exit(withError: error) }
  if let message = failure.message { StandardStream.line("runbook: \(message)", to: STDERR_FILENO) }
  exit(failure.exitCode)
}
