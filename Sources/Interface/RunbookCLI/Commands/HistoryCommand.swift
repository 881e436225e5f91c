import ArgumentParser
import RunbookAudit
import RunbookDiagnostics
import RunbookLocks
import RunbookModel

/// `runbook history`.
struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List runs and rehearsals, newest first.",
    discussion: """
      EXAMPLES:
        runbook history
        runbook history --runbook postgres-unavailable --env production --status failed
        runbook history --since 2026-11-01T00:00:00Z --format json
      """)

  @OptionGroup var formatOptions: FormatOptions

  @Option(help: "Only runs of this runbook.")
  var runbook: String?

  @Option(name: [.customLong("env"), .customShort("e")], help: "Only runs in this environment.")
  var environment: String?

  @Option(help: "Only runs that this user started.")
  var actor: String?

  @Option(
    help:
      "Only runs that ended so: completed, failed, undone, declined, incomplete, unknown, interrupted, unlogged, open."
  )
  var status: String?

  @Option(help: ArgumentHelp("Only runs that started at this time or later.", valueName: "time"))
  var since: String?

  @Option(help: ArgumentHelp("Only runs that started before this time.", valueName: "time"))
  var until: String?

  @Option(help: "Only runs whose events hold this text.")
  var text: String?

  @Option(help: ArgumentHelp("At most so many.", valueName: "number"))
  var limit: Int?

  func run() throws {
    var query = HistoryQuery()
    query.runbook = runbook
    query.environment = environment
    query.actor = actor
    query.status = status
    query.text = text
    query.limit = limit
    query.since = try since.map { try time($0, "--since") }
    query.until = try until.map { try time($0, "--until") }
    guard let reader = try AuditReader.openForCommand() else {
      if formatOptions.format == .json {
        StandardStream.line("[]")
      } else {
        StandardStream.line("nothing was run yet")
      }
      return
    }
    let (runs, defects) = try AuditReader.reading { () throws(AuditFailure) in
      try reader.historyAndDefects(query)
    }
    let store = try AuditReader.reading { () throws(AuditFailure) in try StoreLocation.current().path }
    switch formatOptions.format {
    case .json: StandardStream.line(JSONValue.array(runs.map { Self.json($0, store) }).prettyText)
    case .text: show(runs, store)
    }
    guard defects.isEmpty else {
      throw CommandFailure("the log is not whole:", listing: defects, exitCode: 74)
    }
  }

  /// The steps of a run by status, those of a dry run by verdict.
  private static func counts(of run: RunSummary) -> [(word: String, count: Int)] {
    Verdict.allCases.compactMap { verdict in run.verdicts[verdict].map { (verdict.rawValue, $0) } }
      + StepStatus.allCases.compactMap { status in run.statuses[status].map { (status.rawValue, $0) } }
  }

  private func time(_ text: String, _ option: String) throws -> Timestamp {
    guard let time = Timestamp(text) else {
      throw ValidationError("\(option) \(text): a time is written as 2026-11-20T23:15:00.000Z")
    }
    return time
  }

  private func show(_ runs: [RunSummary], _ store: String) {
    let screen = Screen()
    for run in runs {
      let style = run.outcome.map { EventLines.style(of: $0) } ?? .caution
      let mode = run.mode == .run ? "" : " (\(run.mode.rawValue))"
      let counts = Self.counts(of: run).map { "\($0.count) \($0.word)" }
      var line = "\(run.id)  " + screen.styled(run.status + mode, style)
      line += "  \(TerminalText.inert(run.runbook.name)) in \(TerminalText.inert(run.environment))"
      line += screen.styled(
        "  \(TerminalText.inert(run.actor.user))@\(TerminalText.inert(run.host))"
          + "  \(EventLines.duration(milliseconds: Int(run.milliseconds)))"
          + (counts.isEmpty ? "" : "  \(counts.joined(separator: ", "))"), .faint)
      if let holder = Self.holder(of: run, store) {
        let step = run.openStep.map { ", now at \($0)" } ?? ""
        line += screen.styled("  under way in process \(holder.pid)\(step)", .good)
      } else if let step = run.openStep {
        line += screen.styled(
          "  \(step) was started and nobody saw its end; runbook resume \(run.id) goes on", .caution)
      }
      StandardStream.line(line)
    }
    if runs.isEmpty { StandardStream.line("no run matches") }
  }

  /// Who goes on with a run that has no end yet.
  private static func holder(of run: RunSummary, _ store: String) -> LockHolder? {
    run.outcome == nil ? RunLocks.livingHolder(of: run.id, store: store) : nil
  }

  private static func json(_ run: RunSummary, _ store: String) -> JSONValue {
    [
      "run": .string(run.id.rawValue), "mode": .string(run.mode.rawValue), "status": .string(run.status),
      "exit_code": run.outcome.map { .integer($0.exitCode) } ?? .null, "runbook": .string(run.runbook.name),
      "title": .string(run.runbook.title), "runbook_digest": .string(run.runbook.digest.rawValue),
      "environment": .string(run.environment), "user": .string(run.actor.user), "host": .string(run.host),
      "started": .string(run.started.description), "last_event": .string(run.lastEvent.description),
      "duration_ms": .integer(run.milliseconds), "open_step": .optional(run.openStep?.rawValue),
      "running": .boolean(holder(of: run, store) != nil),
      "steps": .object(
        Self.counts(of: run).map { JSONValue.Member($0.word, .integer($0.count)) }),
    ]
  }
}

extension AuditReader {
  /// The store's reading side; nil where nothing was logged yet.
  static func openForCommand() throws(CommandFailure) -> AuditReader? {
    try reading { () throws(AuditFailure) in try AuditReader.open(.current()) }
  }

  /// The events of the run that `text` means.
  static func events(
    of text: String
  ) throws(CommandFailure) -> (run: RunID, events: [StoredEvent], reader: AuditReader) {
    guard let reader = try openForCommand() else { throw CommandFailure("nothing was run yet", exitCode: 1) }
    return try reading { () throws(AuditFailure) in
      let run = try reader.run(matching: text)
      return (run, try reader.events(of: run), reader)
    }
  }

  /// Tells people what is wrong with the log.
  static func reading<R>(_ body: () throws(AuditFailure) -> R) throws(CommandFailure) -> R {
    do throws(AuditFailure) {
      return try body()
    } catch {
      let isQuestion =
        switch error {
        case .notFound, .ambiguous: true
        default: false
        }
      throw CommandFailure(error.reason, exitCode: isQuestion ? 1 : 74)
    }
  }
}
