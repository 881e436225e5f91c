import RunbookDiagnostics

/// An end that is no success, with the message that was or is to be shown.
struct CommandFailure: Error {
  /// Goes to standard error after `runbook: `, control characters spelled out; nil where all was said already.
  let message: String?
  /// See the root command's help.
  let exitCode: Int32

  /// One line, and under it what it is about, a line each.
  init(_ message: String?, listing details: [String] = [], exitCode: Int32) {
    self.message = message.map { message in
      ([message] + details.map { "  " + $0 }).map { TerminalText.inert($0) }.joined(separator: "\n")
    }
    self.exitCode = exitCode
  }
}
