import ArgumentParser
import RunbookDiagnostics
import RunbookModel

/// `runbook list`.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the runbooks there are.",
    discussion: """
      EXAMPLES:
        runbook list
        runbook list --format json | jq -r '.[].name'
      """)

  @OptionGroup var libraryOptions: LibraryOptions
  @OptionGroup var formatOptions: FormatOptions

  func run() throws {
    let summaries = try RunbookSummary.all(in: try libraryOptions.library())
    RunbookSummary.show(summaries, formatOptions.format)
  }
}

/// `runbook find`.
struct FindCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "find", abstract: "Find the runbooks for an alert, a tag or a word.",
    discussion: """
      Without a match the exit code is 1.

      EXAMPLES:
        runbook find --alert PostgresDown
        runbook find --tag database
        runbook find lockout
      """)

  @OptionGroup var libraryOptions: LibraryOptions
  @OptionGroup var formatOptions: FormatOptions

  @Option(help: "Name of an alert, as its page lists it.")
  var alert: String?

  @Option(help: "A tag, as its page lists it.")
  var tag: String?

  @Argument(
    help: ArgumentHelp("Words in name, title or summary; all of them must be there.", valueName: "word"))
  var words: [String] = []

  func validate() throws {
    if alert == nil, tag == nil, words.isEmpty {
      throw ValidationError("say what to find: --alert, --tag or a word")
    }
  }

  func run() throws {
    let matches = try RunbookSummary.all(in: try libraryOptions.library()).filter { summary in
      if let alert, !summary.header.alerts.contains(alert) { return false }
      if let tag, !summary.header.tags.contains(tag) { return false }
      let text = "\(summary.name) \(summary.header.title) \(summary.header.summary ?? "")".lowercased()
      return words.allSatisfy { text.contains($0.lowercased()) }
    }
    RunbookSummary.show(matches, formatOptions.format)
    if matches.isEmpty { throw CommandFailure("no runbook matches", exitCode: 1) }
  }
}

/// What a list says of one runbook.
struct RunbookSummary {
  let name: String
  let path: String
  /// What the front matter says.
  let header: Runbook.Header
  /// Whether the front matter has errors; those of steps take `check` to find.
  let isInvalid: Bool

  /// Of every runbook in the library, by its front matter alone, so that it is quick.
  static func all(in library: RunbookLibrary) throws -> [RunbookSummary] {
    let workspace = Workspace()
    return try library.entries().compactMap { entry in
      let found: (SourceFile, Runbook.Header?)?
      do {
        found = try workspace.header(of: entry)
      } catch let failure as Files.Failure {
        return RunbookSummary(
          name: entry.name, path: failure.diagnostic.file.path,
          header: Runbook.Header(title: "(cannot be read: \(failure.reason))"), isInvalid: true)
      }
      guard let (file, header) = found else { return nil }
      return RunbookSummary(
        name: entry.name, path: file.path,
        header: header ?? Runbook.Header(title: "(invalid: runbook check \(entry.name))"),
        isInvalid: header == nil)
    }
  }

  /// Prints a table or a JSON array.
  static func show(_ summaries: [RunbookSummary], _ format: OutputFormat) {
    switch format {
    case .json: StandardStream.line(JSONValue.array(summaries.map(\.json)).prettyText)
    case .text:
      let screen = Screen()
      let names = summaries.map { TerminalText.inert($0.name) }
      let width = names.map(\.count).max() ?? 0
      for (name, summary) in zip(names, summaries) {
        let name = name + String(repeating: " ", count: width - name.count)
        let title = TerminalText.inert(summary.header.title)
        let extra = [summary.header.severity].compactMap(\.self) + summary.header.tags
        var line = screen.styled(name, .strong) + "  "
        line += summary.isInvalid ? screen.styled(title, .bad) : title
        if !extra.isEmpty {
          line += screen.styled("  \(extra.map { TerminalText.inert($0) }.joined(separator: " · "))", .faint)
        }
        StandardStream.line(line)
      }
    }
  }

  private var json: JSONValue {
    func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
    return [
      "name": .string(name), "path": .string(path), "title": .string(header.title),
      "summary": .optional(header.summary), "severity": .optional(header.severity), "tags": list(header.tags),
      "alerts": list(header.alerts), "owners": list(header.owners), "environments": list(header.environments),
      "invalid": .boolean(isInvalid),
    ]
  }
}
