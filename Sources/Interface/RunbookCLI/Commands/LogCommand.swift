import ArgumentParser
import RunbookAudit
import RunbookDiagnostics
import RunbookModel

/// `runbook log`.
struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Show one run's events: what was asked, answered, started and how it ended.",
    discussion: """
      A run is named by its whole name, its beginning, or the letters at its end. --format json prints the events as
      they are read back, one a line. That somebody looked is an event of the log.

      EXAMPLES:
        runbook log 20261120T231500Z-k3xqd
        runbook log k3xqd --output
        runbook log k3xqd --format json | jq .type
      """)

  @OptionGroup var formatOptions: FormatOptions

  @Flag(help: "Show what the steps wrote, too.")
  var output = false

  @Argument(help: ArgumentHelp("Name of a run, or the beginning of it.", valueName: "run"))
  var name: String

  func run() async throws {
    let (run, events, reader) = try AuditReader.events(of: name)
    await AccessRecord.note(.read(command: "log", run: run), at: reader.location, what: "this reading")
    switch formatOptions.format {
    case .json: for event in events { StandardStream.line(event.json.text) }
    case .text:
      let plan = StoredRun(events: events, reader: reader).plan
      show(events, EventLines(plan), reader)
    }
  }

  private func show(_ events: [StoredEvent], _ lines: EventLines, _ reader: AuditReader) {
    let screen = Screen()
    if let first = events.first {
      StandardStream.line(
        screen.styled(
          TerminalText.inert(
            "\(first.time) \(first.actor.user)@\(first.host), runbook \(first.program.version)"), .faint))
    }
    for event in events {
      let time = screen.styled(String(event.time.description.dropFirst(11).prefix(12)), .faint)
      switch event.content {
      case .run(let kind):
        for line in lines.lines(for: kind) {
          StandardStream.line("\(time) " + (line.style.map { screen.styled(line.text, $0) } ?? line.text))
        }
        if case .runResumed = kind {
          let who = "  by \(event.actor.user)@\(event.host), runbook \(event.program.version)"
          StandardStream.line("\(time) " + screen.styled(TerminalText.inert(who), .faint))
        }
        if output, case .stepFinished(let finished) = kind { show(finished.outputs, reader, screen) }
      case .log: break
      case .unreadable(let reason):
        StandardStream.line(
          "\(time) " + screen.styled("! event \(event.sequence): \(TerminalText.inert(reason))", .bad))
      }
    }
  }

  private func show(_ records: [OutputRecord], _ reader: AuditReader, _ screen: Screen) {
    for record in records {
      for line in TerminalText.lines(of: StoredRun.text(of: record, reader)) {
        StandardStream.line("             \(screen.styled("│", .faint)) \(TerminalText.inert(line))")
      }
      if record.isTruncated {
        StandardStream.line(
          screen.styled(
            "             … \(EventLines.size(record.byteCount)) in all, \(record.digest)", .faint))
      }
    }
  }
}

extension StoredEvent {
  /// What `--format json` prints of it.
  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("seq", .integer(sequence)), .init("id", .string(id)), .init("type", .string(type)),
      .init("time", .string(time.description)), .init("host", .string(host)),
      .init("user", .string(actor.user)),
    ]
    if let run {
      members += [.init("run", .string(run.id.rawValue)), .init("mode", .string(run.mode.rawValue))]
    }
    if let step { members.append(.init("step", .string(step.rawValue))) }
    if let attempt { members.append(.init("attempt", .integer(attempt))) }
    switch content {
    case .run(let kind): members.append(.init("data", .object(kind.data)))
    case .log(let event): members.append(.init("data", .object(event.data)))
    case .unreadable(let reason): members.append(.init("unreadable", .string(reason)))
    }
    return .object(members)
  }
}
