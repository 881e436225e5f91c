public import RunbookDiagnostics
public import RunbookModel

extension Compiler {
  /// Binds a runbook to an environment and to parameters.
  ///
  /// - Parameters:
  ///   - given: What a run was given (`-p`), by name: parameters, and outputs of steps that are left out. Of
  ///     secrets the references, never the secrets.
  ///   - from: The step to begin with; main steps before it are left out.
  ///   - only: The only main steps to run; empty: all.
  ///   - program: Version of this program.
  ///   - path: Of the page, as the plan is to show it. Relative paths of secrets in the page are meant from its
  ///     folder.
  ///   - directory: Where relative paths of secrets among `given` are meant from.
  /// - Returns: The plan where there is no error, and what was found; positions are the page's.
  public func plan(
    _ runbook: Runbook, in environment: Environment, parameters given: [String: String] = [:],
    from: StepID? = nil, only: [StepID] = [], program: String, path: String, directory: String = ""
  ) -> (Plan?, [Diagnostic]) {
    var binder = PlanBinder(
      runbook: runbook, environment: environment, adapters: adapters,
      pageDirectory: path.lastIndex(of: "/").map { String(path[...$0]) } ?? "", givenDirectory: directory)
    binder.checkEnvironment()
    let order = Self.order(of: runbook.steps)
    let unselected = binder.unselected(order, from: from, only: only)
    let parameters = binder.parameters(given, unselected: Set(unselected))
    let detours = runbook.steps.filter { $0.role != .main }
    let steps = binder.bind(order + detours, leavingOut: Set(unselected))
    binder.checkOutputs(of: steps, unselected: Set(unselected), parameters: parameters)
    let diagnostics = binder.diagnostics.inSourceOrder()
    guard !diagnostics.hasErrors else { return (nil, diagnostics) }
    let plan = Plan(
      program: program,
      runbook: Plan.Source(
        name: runbook.name, title: runbook.header.title, path: path, digest: runbook.digest),
      environment: environment, parameters: parameters, steps: steps, locks: runbook.header.locks,
      timeoutMilliseconds: runbook.header.timeoutMilliseconds, unselected: unselected)
    return (plan, diagnostics)
  }

  /// The main steps in the order they run.
  private static func order(of steps: [Step]) -> [Step] {
    let main = steps.filter { $0.role == .main }
    let positions = Dictionary(main.enumerated().map { ($1.id, $0) }) { first, _ in first }
    return StepOrder.sorted(needs: main.map { $0.needs.compactMap { positions[$0] } }).map { main[$0] }
  }
}
