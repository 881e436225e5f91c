import Glibc
import RunbookCompiler
import RunbookDiagnostics
import RunbookModel

/// From a name and options to a plan, for `plan`, `graph`, `run` and `doctor`.
struct Planning {
  /// A plan with what it was made from.
  struct Result {
    let plan: Plan
    let digest: Digest
    let page: Workspace.Page
    let environmentFile: SourceFile
  }

  let libraryOptions: LibraryOptions
  let options: PlanOptions
  /// Whether jq compiles every filter: a run must, because its worker has no positions to tell.
  var checksFilters = true

  /// Compiles and binds.
  ///
  /// - Throws: `CommandFailure` after all diagnostics went to standard error.
  func plan(_ name: String) throws -> Result {
    let entry = try libraryOptions.entry(named: name)
    let workspace = Workspace()
    let page = try workspace.page(entry, checksFilters: checksFilters)
    let runbook = try Self.runbook(of: page, named: name)
    let environmentName = try workspace.environmentName(
      options.environment, for: runbook, of: entry, ask: { EnvironmentQuestion() })
    let environment = try workspace.environment(environmentName, of: entry)
    guard let bound = environment.environment, !DiagnosticsView.haveError(environment.diagnostics) else {
      throw Self.failure(environment.diagnostics, in: environment.file)
    }
    let (plan, diagnostics, problems) = Compiler(adapters: workspace.registry).plan(
      runbook, in: bound, parameters: try given(), from: options.from.map { StepID($0) },
      only: options.only.map { StepID($0) }, program: RunbookCommand.version,
      path: Files.relative(entry.path, to: entry.repositoryRoot), directory: ProcessInfo.workingDirectory)
    guard let plan, !DiagnosticsView.haveError(diagnostics) else {
      throw Self.failure(diagnostics, problems, in: page.file)
    }
    return Result(
      plan: plan, digest: try Workspace.digest(of: plan.json.utf8), page: page,
      environmentFile: environment.file)
  }

  /// Plans again what a file that `runbook plan -o` wrote says, and makes sure that it is the same plan.
  ///
  /// - Throws: `CommandFailure` with exit code 6, naming what changed or what the file says otherwise.
  func planFromFile(_ path: String) throws -> Result {
    guard options.environment == nil, options.parameters.isEmpty, options.from == nil, options.only.isEmpty
    else {
      throw CommandFailure(
        "a plan is run as it is: --env, -p, --from and --only belong to 'runbook plan'", exitCode: 64)
    }
    let recorded = try Self.recordedPlan(path)
    let entry = try libraryOptions.entry(named: recorded.runbook.name)
    let environmentName = recorded.environment.name
    guard entry.environmentNames.contains(environmentName) else {
      throw CommandFailure(
        "no environment is named '\(TerminalText.inert(environmentName))' in \(entry.root)/environments",
        exitCode: 3)
    }
    let workspace = Workspace()
    let page = try workspace.page(entry, checksFilters: checksFilters)
    let environment = try workspace.environment(environmentName, of: entry)
    var changed: [String] = []
    if try Workspace.digest(of: page.file.bytes) != recorded.runbook.digest {
      changed.append("the page \(page.file.path)")
    }
    if environment.environment?.digest != recorded.environment.digest {
      changed.append("the environment file \(environment.file.path)")
    }
    if recorded.program != RunbookCommand.version {
      changed.append("this program, from \(TerminalText.inert(recorded.program)) on")
    }
    guard changed.isEmpty, let bound = environment.environment else {
      throw CommandFailure(
        "the plan is not run, because since it was made \(changed.joined(separator: " and ")) changed; plan again",
        exitCode: 6)
    }
    // The file says what was approved, never what is done: that is planned again and has to be the same.
    let (made, diagnostics, problems) = Compiler(adapters: workspace.registry).plan(
      try Self.runbook(of: page, named: entry.name), in: bound, asIn: recorded,
      program: RunbookCommand.version, path: Files.relative(entry.path, to: entry.repositoryRoot))
    guard let made, !DiagnosticsView.haveError(diagnostics) else {
      _ = Self.failure(diagnostics, problems, in: page.file)
      throw CommandFailure(
        "the plan is not run, because its page cannot be planned with its parameters and selection",
        exitCode: 6)
    }
    let difference = PlanDifference(of: recorded, from: made)
    guard difference.places.isEmpty else {
      throw CommandFailure(
        "the plan is not run, because it is not what its page and environment make: \(difference.summary); plan again",
        exitCode: 6)
    }
    return Result(
      plan: made, digest: try Workspace.digest(of: made.json.utf8), page: page,
      environmentFile: environment.file)
  }

  private static func recordedPlan(_ path: String) throws -> Plan {
    do {
      return try Plan(json: try JSONValue(parsing: try Files.read(path)))
    } catch let failure as Files.Failure {
      throw CommandFailure("\(path): \(failure.reason)", exitCode: 3)
    } catch {
      throw CommandFailure("\(path) is no plan of this program: \(error)", exitCode: 3)
    }
  }

  /// The programs that the page requires and that are not on PATH, in its order.
  static func missingTools(of page: Workspace.Page) -> [String] {
    (page.runbook?.header.requiredTools ?? []).filter { Files.program(named: $0) == nil }
  }

  /// The runbook of a page without errors; what keeps a page from being a runbook is said too.
  private static func runbook(of page: Workspace.Page, named name: String) throws -> Runbook {
    guard !DiagnosticsView.haveError(page.diagnostics) else { throw failure(page.diagnostics, in: page.file) }
    guard page.isRunbook else {
      throw CommandFailure(
        "'\(name)' is a page, no runbook: its front matter has no 'runbook: 1'", exitCode: 3)
    }
    guard let runbook = page.runbook else { throw failure(page.diagnostics, in: page.file) }
    return runbook
  }

  private func given() throws -> [String: String] {
    var values: [String: String] = [:]
    for parameter in options.parameters {
      guard let equals = parameter.firstIndex(of: "="), equals != parameter.startIndex else {
        throw CommandFailure("'-p \(parameter)': a parameter is given as name=value", exitCode: 64)
      }
      let name = String(parameter[..<equals])
      guard values.updateValue(String(parameter[parameter.index(after: equals)...]), forKey: name) == nil
      else {
        throw CommandFailure("'-p \(name)' is given twice", exitCode: 64)
      }
    }
    return values
  }

  /// Shows errors on standard error: those of a file with their places, those of the command line without.
  ///
  /// The exit code is 3.
  static func failure(
    _ diagnostics: [Diagnostic], _ problems: [GivenProblem] = [], in file: SourceFile
  ) -> CommandFailure {
    for problem in problems {
      let text = ([problem.message] + problem.notes).joined(separator: "; ")
      StandardStream.line(
        "runbook: \(TerminalText.inert("\(option(problem.place)): \(text)"))", to: STDERR_FILENO)
    }
    let screen = Screen(descriptor: STDERR_FILENO)
    StandardStream.write(
      DiagnosticsView.text(diagnostics.filter { $0.severity != .note }, in: file, colored: screen.usesColor),
      to: STDERR_FILENO)
    return CommandFailure(nil, exitCode: 3)
  }
  /// How the command line asks for it.
  private static func option(_ place: GivenProblem.Place) -> String {
    switch place {
    case .parameter(let name): "-p \(name)"
    case .from(let id): "--from \(id)"
    case .only(let id): "--only \(id)"
    }
  }
}
