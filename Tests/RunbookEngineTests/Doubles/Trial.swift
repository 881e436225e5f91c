import RunbookAdapter
import RunbookDiagnostics
import RunbookEngine
import RunbookModel

/// A plan with everything around it that a run needs; change what the test is about.
struct Trial {
  static let run = RunID("20260101T000000Z-trial")

  var plan: Plan
  var mode = RunMode.run
  var hasTerminal = true
  var answersYes = true
  var confirmed: [StepID] = []
  var resumesAfter: UInt64?
  var decision: UnknownDecision?
  var recovered: RecoveredExit?
  var filters = TableFilters()
  var interrupt = FakeInterrupt()
  var journal = MemoryJournal()
  var confirmer = ScriptedConfirmer()
  var clock = FakeClock.patient
  var script: @Sendable (StepTask) async -> StepResult = { _ in .ok() }

  init(_ steps: [Step], confirm: Environment.ConfirmPolicy = .write, isProtected: Bool = false) {
    plan = Plan.trial(steps, confirm: confirm, isProtected: isProtected)
  }

  var options: RunOptions {
    var contract = RunPlanned(
      runbook: plan.runbook, environment: plan.environment.name, environmentDigest: plan.environment.digest,
      planDigest: Digest("sha256:plan"))
    contract.answersYes = answersYes
    contract.confirmed = confirmed
    var options = RunOptions(contract: contract, hasTerminal: hasTerminal)
    options.resumption = resumesAfter.map { RunResumed(after: $0) }
    options.decision = decision
    options.recovered = recovered
    return options
  }

  func engine(_ performer: any StepPerformer, replaying events: [RunEvent.Kind] = []) -> RunEngine {
    RunEngine(
      run: Self.run, plan: plan, performer: performer, confirmer: confirmer, journal: journal,
      filters: filters, interrupt: interrupt, options: options, replaying: events, clock: clock)
  }

  /// Runs to the end.
  func run(
    replaying events: [RunEvent.Kind] = []
  ) async throws -> (
    outcome: RunOutcome, log: String, performer: ScriptedPerformer
  ) {
    let performer = ScriptedPerformer(journal, mode: mode, script: script)
    let outcome = try await engine(performer, replaying: events).execute()
    return (outcome, journal.log, performer)
  }
}

extension Plan {
  /// A plan of these steps in the environment `test`; each main step waits for the one before it unless it
  /// says what it needs.
  static func trial(
    _ steps: [Step], confirm: Environment.ConfirmPolicy = .write, isProtected: Bool = false
  ) -> Plan {
    var steps = steps
    var before: StepID?
    for index in steps.indices where steps[index].role == .main {
      if !steps[index].hasExplicitNeeds, let before { steps[index].needs = [before] }
      before = steps[index].id
    }
    return Plan(
      program: "1.0",
      runbook: .init(name: "trial", title: "Trial", path: "trial.md", digest: Digest("sha256:page")),
      environment: Environment(
        name: "test", digest: Digest("sha256:environment"), isProtected: isProtected, confirm: confirm,
        targets: [Target(name: "db", type: "postgres")]),
      parameters: [:], steps: steps, locks: [], timeoutMilliseconds: nil, unselected: [])
  }
}

extension Step {
  /// An adapter step on the local machine.
  static func call(
    _ id: String, _ effect: Effect = .write, role: Role = .main, change: (inout Step) -> Void = { _ in }
  ) -> Step {
    var step = Step(
      id: StepID(id), title: id, action: .call(AdapterCall(language: "fake", fields: [], body: id)),
      effect: effect, target: .local)
    step.role = role
    change(&step)
    return step
  }

  /// A write with an undo step `un-ID`, which is given behind it.
  static func undoable(_ id: String, change: (inout Step) -> Void = { _ in }) -> [Step] {
    [
      .call(id) {
        $0.undo = StepID("un-" + id)
        change(&$0)
      }, .call("un-" + id, role: .undo),
    ]
  }

  /// A task item.
  static func manual(_ id: String, evidence: Bool = false) -> Step {
    Step(
      id: StepID(id), title: id, action: .manual(ManualTask(text: id, wantsEvidence: evidence)),
      effect: .read,
      target: .local)
  }

  /// A question.
  static func ask(
    _ id: String, _ type: ParameterType = ParameterType(.string), default value: JSONValue? = nil
  )
    -> Step
  {
    Step(
      id: StepID(id), title: id,
      action: .ask(Question(text: Template("\(id)?"), type: type, defaultValue: value)), effect: .read,
      target: .local)
  }
}
