import RunbookDiagnostics

/// Asks the operator at the terminal which environment is meant, where neither an option nor a variable says so.
struct EnvironmentQuestion {
  private let terminal: OperatorTerminal
  private let screen: Screen

  /// nil where there is no terminal to ask at.
  init?() {
    guard let terminal = OperatorTerminal() else { return nil }
    self.terminal = terminal
    screen = Screen()
  }

  /// The environment that was chosen, by its whole name: no other key or number stands for one.
  ///
  /// - Parameters:
  ///   - page: What is to be planned there.
  ///   - names: Those that it allows, at least one.
  ///   - protected: Those among them that are protected.
  /// - Throws: `CommandFailure` with exit code 4 where none was chosen.
  func answer(
    for page: String, among names: [String], protected: Set<String>
  ) throws(CommandFailure) -> String {
    terminal.write(screen.styled("? Which environment for \(TerminalText.inert(page))?", .caution) + "\n")
    for name in names {
      terminal.write("  \(TerminalText.inert(name))\(protected.contains(name) ? " (protected)" : "")\n")
    }
    while true {
      guard
        case .answer(let line) = terminal.readLine("  its name, or [q] stop: ", interrupt: SignalInterrupt())
      else { break }
      let name = line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      if names.contains(name) { return name }
      if name == "q" { break }
      let nearest = NearestName.match(name, among: names).map { "; did you mean '\($0)'?" } ?? ""
      terminal.write(
        screen.styled("  none of them is named '\(TerminalText.inert(name))'\(nearest)", .bad) + "\n")
    }
    throw CommandFailure("no environment was chosen, so nothing was done", exitCode: 4)
  }
}
