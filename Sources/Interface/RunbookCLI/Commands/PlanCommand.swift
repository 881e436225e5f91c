import ArgumentParser
import Glibc
import RunbookDiagnostics
import RunbookModel

/// `runbook plan`.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show what a run would do: the steps in order, their targets and effects.",
    discussion: """
      Contacts no target. A plan written with -o holds secrets as references only; 'runbook run FILE' executes exactly
      that plan and refuses where the page or the environment changed since, or where the file says otherwise than they do.

      EXAMPLES:
        runbook plan postgres-unavailable --env demo
        runbook plan deploy --env staging -p version=1.4.2 -o deploy.json
      """)

  @OptionGroup var libraryOptions: LibraryOptions
  @OptionGroup var planOptions: PlanOptions
  @OptionGroup var formatOptions: FormatOptions

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Write the plan to a file.", valueName: "file"))
  var output: String?

  @Argument(help: ArgumentHelp("Name or path of a runbook.", valueName: "name"))
  var name: String

  func run() throws {
    let result = try Planning(libraryOptions: libraryOptions, options: planOptions).plan(name)
    for tool in Planning.missingTools(of: result.page) {
      StandardStream.line(
        "runbook: the page requires '\(tool)', which is not on PATH here; a run would be refused",
        to: STDERR_FILENO)
    }
    if let output {
      try Files.write(Array(result.plan.json.prettyText.utf8) + [0x0a], to: output)
      StandardStream.line("wrote \(TerminalText.inert(output)): plan \(result.digest)", to: STDERR_FILENO)
      return
    }
    switch formatOptions.format {
    case .json: StandardStream.line(result.plan.json.prettyText)
    case .text:
      StandardStream.write(PlanView(plan: result.plan, registry: .standard, screen: Screen()).text)
      StandardStream.line("\nplan \(result.digest)")
    }
  }
}
