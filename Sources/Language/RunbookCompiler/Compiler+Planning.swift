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
  /// - Returns: The plan where there is no error, what was found in the page, and what was found in what the plan
  ///   was asked for.
  public func plan(
    _ runbook: Runbook, in environment: Environment, parameters given: [String: String] = [:],
    from: StepID? = nil, only: [StepID] = [], program: String, path: String, directory: String = ""
  ) -> (plan: Plan?, diagnostics: [Diagnostic], problems: [GivenProblem]) {
    plan(
      runbook, in: environment, parameters: given, program: program, path: path, directory: directory
    ) { binder, order in
      binder.unselected(order, from: from, only: only)
    }
  }

  /// Binds a runbook to what a plan says that it was bound to: the same parameters and the same selection.
  ///
  /// Nothing else of `recorded` is taken over, so that the two can be compared.
  ///
  /// - Parameters:
  ///   - recorded: The plan, whatever wrote it.
  ///   - program: Version of this program.
  ///   - path: Of the page, as the plan is to show it.
  /// - Returns: The plan where there is no error, what was found in the page, and what was found in what the plan
  ///   was asked for.
  public func plan(
    _ runbook: Runbook, in environment: Environment, asIn recorded: Plan, program: String, path: String
  ) -> (plan: Plan?, diagnostics: [Diagnostic], problems: [GivenProblem]) {
    let leftOut = Set(recorded.unselected)
    return plan(
      runbook, in: environment, parameters: Self.given(of: recorded, to: runbook), program: program,
      path: path, directory: ""
    ) { _, order in order.map(\.id).filter { leftOut.contains($0) } }
  }

  private func plan(
    _ runbook: Runbook, in environment: Environment, parameters given: [String: String], program: String,
    path: String, directory: String, unselected select: (inout PlanBinder, [Step]) -> [StepID]
  ) -> (plan: Plan?, diagnostics: [Diagnostic], problems: [GivenProblem]) {
    var binder = PlanBinder(
      runbook: runbook, environment: environment, adapters: adapters,
      pageDirectory: path.lastIndex(of: "/").map { String(path[...$0]) } ?? "", givenDirectory: directory)
    binder.checkEnvironment()
    let order = Self.order(of: runbook.steps)
    let unselected = select(&binder, order)
    let parameters = binder.parameters(given, unselected: Set(unselected))
    let detours = runbook.steps.filter { $0.role != .main }
    let steps = binder.bind(order + detours, leavingOut: Set(unselected))
    binder.checkOutputs(of: steps, unselected: Set(unselected), parameters: parameters)
    let diagnostics = binder.diagnostics.inSourceOrder()
    guard !diagnostics.hasErrors, binder.problems.isEmpty else {
      return (nil, diagnostics, binder.problems)
    }
    let plan = Plan(
      program: program,
      runbook: Plan.Source(
        name: runbook.name, title: runbook.header.title, path: path, digest: runbook.digest),
      environment: environment, parameters: parameters, steps: steps, locks: runbook.header.locks,
      timeoutMilliseconds: runbook.header.timeoutMilliseconds, unselected: unselected)
    return (plan, diagnostics, [])
  }

  /// What `-p` would have to give for a plan's values; those that the page itself gives are left out.
  private static func given(of recorded: Plan, to runbook: Runbook) -> [String: String] {
    var given: [String: String] = [:]
    for (name, value) in recorded.parameters {
      let parameter = runbook.header.parameters.first { $0.name == name }
      switch value {
      case .secret(let reference):
        if parameter?.from != reference { given[name] = reference.text }
      case .plain(let value):
        // By bytes: texts that are equal to Unicode may be different values.
        if parameter?.defaultValue?.utf8 != value.utf8 { given[name] = value.plainText }
      }
    }
    return given
  }

  /// The main steps in the order they run.
  private static func order(of steps: [Step]) -> [Step] {
    let main = steps.filter { $0.role == .main }
    let positions = Dictionary(main.enumerated().map { ($1.id, $0) }) { first, _ in first }
    return StepOrder.sorted(needs: main.map { $0.needs.compactMap { positions[$0] } }).map { main[$0] }
  }
}
