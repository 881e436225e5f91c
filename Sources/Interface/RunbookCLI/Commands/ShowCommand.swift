import ArgumentParser
import RunbookDiagnostics

/// `runbook show`.
struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a page in the terminal.",
    discussion: """
      EXAMPLES:
        runbook show postgres-unavailable
        runbook show postgres-unavailable | less -R
      """)

  @OptionGroup var libraryOptions: LibraryOptions

  @Argument(help: ArgumentHelp("Name or path of a page.", valueName: "name"))
  var name: String

  func run() throws {
    let page = try Workspace().page(libraryOptions.entry(named: name), checksFilters: false)
    StandardStream.write(PageView(document: page.document, screen: Screen()).text)
  }
}
