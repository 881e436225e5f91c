import ArgumentParser
import RunbookDiagnostics
import RunbookModel

/// `runbook check`.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Say whether runbooks and environments are valid; every error at once.",
    discussion: """
      Contacts no target and runs nothing. Without a name it checks every runbook of the library and every
      environment beside them. Exit code 3 where there is an error.

      EXAMPLES:
        runbook check
        runbook check postgres-unavailable redis-unavailable
        runbook check --format json path/to/page.md
      """)

  @OptionGroup var libraryOptions: LibraryOptions
  @OptionGroup var formatOptions: FormatOptions

  @Flag(help: "Warnings are errors, and so is a fence of a step language without an id.")
  var strict = false

  @Argument(help: ArgumentHelp("Names or paths.", valueName: "name"))
  var names: [String] = []

  func run() throws {
    let library = try names.isEmpty ? libraryOptions.existingLibrary() : libraryOptions.library()
    let workspace = Workspace(isStrict: strict)
    var report = Report()
    let entries = try names.isEmpty ? library.entries() : names.map { try libraryOptions.entry(named: $0) }
    var roots: [String] = []
    for entry in entries {
      let isRunbook = try report.adding {
        let page = try workspace.page(entry)
        // A page that was meant to be a runbook, and is none because of its form, has diagnostics.
        let isMeant = page.isRunbook || !page.diagnostics.isEmpty
        guard isMeant || !names.isEmpty else { return nil }
        guard isMeant else {
          throw CommandFailure(
            "'\(entry.name)' is a page, no runbook: its front matter has no 'runbook: 1'", exitCode: 3)
        }
        return (page.diagnostics, page.file)
      }
      guard isRunbook, !roots.contains(entry.root) else { continue }
      roots.append(entry.root)
      for name in entry.environmentNames {
        try report.adding {
          let environment = try workspace.environment(name, of: entry)
          return (environment.diagnostics, environment.file)
        }
      }
    }
    if entries.isEmpty {
      throw CommandFailure(
        "there is nothing to check: no page in \(library.roots.joined(separator: ", "))", exitCode: 3)
    }
    report.show(formatOptions.format)
    if report.errors > 0 { throw CommandFailure(nil, exitCode: 3) }
  }

  private struct Report {
    var files = 0
    var errors = 0
    var found: [(SourceFile, [Diagnostic])] = []

    /// Adds what `check` finds in one file, nil where it is not one to check; a file that cannot be read is an error.
    ///
    /// - Returns: Whether something was added.
    @discardableResult
    mutating func adding(_ check: () throws -> ([Diagnostic], SourceFile)?) throws -> Bool {
      do {
        guard let (diagnostics, file) = try check() else { return false }
        add(diagnostics, in: file)
      } catch let failure as Files.Failure {
        add([failure.diagnostic.diagnostic], in: failure.diagnostic.file)
      }
      return true
    }

    private mutating func add(_ diagnostics: [Diagnostic], in file: SourceFile) {
      files += 1
      errors += diagnostics.count { $0.severity == .error }
      if !diagnostics.isEmpty { found.append((file, diagnostics)) }
    }

    func show(_ format: OutputFormat) {
      switch format {
      case .json:
        let value: JSONValue = [
          "files": .integer(files), "errors": .integer(errors),
          "diagnostics": .array(found.flatMap { DiagnosticsView.json($0.1, in: $0.0) }),
        ]
        StandardStream.line(value.prettyText)
      case .text:
        let screen = Screen()
        for (file, diagnostics) in found {
          StandardStream.line(DiagnosticsView.text(diagnostics, in: file, colored: screen.usesColor))
        }
        let summary =
          "\(files) file\(files == 1 ? "" : "s") checked: "
          + (errors == 0 ? "no errors" : "\(errors) error\(errors == 1 ? "" : "s")")
        StandardStream.line(screen.styled(summary, errors == 0 ? .good : .bad))
      }
    }
  }
}
