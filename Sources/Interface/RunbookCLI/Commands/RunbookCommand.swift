import ArgumentParser
import RunbookDiagnostics

/// The root of the command line.
struct RunbookCommand: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "runbook",
    abstract: "Operational runbooks as code: check, rehearse, run and audit Markdown procedures.",
    usage: "runbook <subcommand>",
    discussion: """
      A runbook is a Markdown page with fenced step blocks. It is found by name in --dir, in RUNBOOK_PATH, then in
      runbooks/ here and in each parent folder up to the repository root.

      EXAMPLES:
        runbook list                                            what is there
        runbook check                                           is every page valid
        runbook plan postgres-unavailable --env demo            what would happen, to which targets
        runbook run postgres-unavailable --env demo --dry-run   rehearse it: probes run, changes are only proved
        runbook run postgres-unavailable --env demo             do it; asks before anything changes
        runbook resume k3xqd                                    go on with a run that was stopped or that crashed
        runbook history                                         what was done, by whom

      EXIT CODES:
        0 completed, 1 a step failed, 2 failed and undone, 3 invalid runbook or environment, 4 declined or stopped,
        5 dry run incomplete, 6 refused by policy or lock, 7 outcome unknown, 64 usage, 70 internal error,
        74 audit log or standard output not writable, 129/130/131/143 interrupted. 'find', 'log' and 'report' that
        find nothing, and a 'doctor' that misses something, end with 1.
      """,
    version: version,
    groupedSubcommands: [
      CommandGroup(
        name: "Finding and reading", subcommands: [ListCommand.self, FindCommand.self, ShowCommand.self]),
      CommandGroup(
        name: "Checking and running",
        subcommands: [
          CheckCommand.self, PlanCommand.self, GraphCommand.self, RunCommand.self, ResumeCommand.self,
        ]),
      CommandGroup(
        name: "Looking back",
        subcommands: [HistoryCommand.self, LogCommand.self, ReportCommand.self, AuditCommand.self]),
      CommandGroup(name: "Setting up", subcommands: [DoctorCommand.self, CompletionsCommand.self]),
    ])

  /// Refuses a first word that names no command, with the nearest one that there is.
  ///
  /// The parser would take it for an unexpected argument, and `--help` behind it for a question about the program.
  static func checkName(_ arguments: ArraySlice<String>) throws(CommandFailure) {
    guard let word = arguments.first, !word.hasPrefix("-") else { return }
    let names = configuration.subcommands.compactMap { $0.configuration.commandName }
    guard word != "help", !names.contains(word) else { return }
    let nearest = NearestName.match(word, among: names)
    throw CommandFailure(
      "no command is named '\(TerminalText.inert(word))'; "
        + (nearest.map { "did you mean '\($0)'?" } ?? "'runbook --help' names them all"), exitCode: 64)
  }
}
