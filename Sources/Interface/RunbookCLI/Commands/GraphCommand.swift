import ArgumentParser
import RunbookModel

/// `runbook graph`.
struct GraphCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph", abstract: "Draw the step graph as Mermaid, DOT or SVG.",
    discussion: """
      SVG is drawn by Graphviz' 'dot', which must be installed.

      EXAMPLES:
        runbook graph postgres-unavailable --env demo
        runbook graph postgres-unavailable --env demo --as svg > graph.svg
      """)

  /// The languages of graphs.
  enum Form: String, ExpressibleByArgument, CaseIterable {
    case mermaid, dot, svg
  }

  @OptionGroup var libraryOptions: LibraryOptions
  @OptionGroup var planOptions: PlanOptions

  @Option(name: .customLong("as"), help: "mermaid, dot or svg.")
  var form: Form = .mermaid

  @Argument(help: ArgumentHelp("Name or path of a runbook.", valueName: "name"))
  var name: String

  func run() throws {
    let plan = try Planning(libraryOptions: libraryOptions, options: planOptions, checksFilters: false).plan(
      name
    ).plan
    let view = GraphView(plan: plan)
    switch form {
    case .mermaid: StandardStream.write(view.mermaid)
    case .dot: StandardStream.write(view.dot)
    case .svg: try view.writeSVG()
    }
  }
}
