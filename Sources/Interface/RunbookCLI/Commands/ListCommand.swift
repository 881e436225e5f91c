import ArgumentParser

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
    let summaries = try RunbookSummary.all(in: try libraryOptions.existingLibrary())
    RunbookSummary.show(summaries, formatOptions.format)
  }
}
