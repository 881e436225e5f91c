import ArgumentParser
import RunbookAudit
import RunbookModel

/// `runbook report`.
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Make one self-contained page of a run: what, who, when, why, with every answer.",
    discussion: """
      That somebody made one is an event of the log.

      EXAMPLES:
        runbook report k3xqd > incident.html
        runbook report k3xqd --as markdown >> postmortem.md
      """)

  /// The forms of a report.
  enum Form: String, ExpressibleByArgument, CaseIterable {
    case html, markdown
  }

  @Option(name: .customLong("as"), help: "html or markdown.")
  var form: Form = .html

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Write it to a file.", valueName: "file"))
  var output: String?

  @Argument(help: ArgumentHelp("Name of a run, or the beginning of it.", valueName: "run"))
  var name: String

  func run() async throws {
    let (id, events, reader) = try AuditReader.events(of: name)
    await AccessRecord.note(.read(command: "report", run: id), at: reader.location, what: "this report")
    let report = Report(
      run: id, stored: StoredRun(events: events, reader: reader),
      integrity: .ofLog(at: reader.location))
    let text =
      switch form {
      case .html: HTMLReport(report).text
      case .markdown: MarkdownReport(report).text
      }
    if let output {
      try Files.write(Array(text.utf8), to: output)
    } else {
      StandardStream.write(text)
    }
  }
}
