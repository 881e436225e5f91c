import ArgumentParser
import RunbookModel

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
    let matches = try RunbookSummary.all(in: try libraryOptions.existingLibrary()).filter { summary in
      if let alert, !summary.header.alerts.contains(alert) { return false }
      if let tag, !summary.header.tags.contains(tag) { return false }
      let text = "\(summary.name) \(summary.header.title) \(summary.header.summary ?? "")".lowercased()
      return words.allSatisfy { text.contains($0.lowercased()) }
    }
    RunbookSummary.show(matches, formatOptions.format)
    if matches.isEmpty { throw CommandFailure("no runbook matches", exitCode: 1) }
  }
}
