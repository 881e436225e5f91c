import RunbookDiagnostics
import RunbookModel

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
