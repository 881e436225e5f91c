public import RunbookAdapter
public import RunbookModel

/// Proves instead of doing: reads run once, of everything else only what changes nothing is done.
public struct RehearsalPerformer: StepPerformer {
  public let mode = RunMode.dryRun

  private let live: LivePerformer

  /// A performer for one dry run of `plan`.
  public init(
    plan: Plan, adapters: AdapterRegistry, services: any StepServices, filters: any FilterEvaluator,
    clock: RunClock = .continuous
  ) {
    live = LivePerformer(plan: plan, adapters: adapters, services: services, filters: filters, clock: clock)
  }

  public func describe(_ step: Step, values: [String: Value]) -> StepDescription {
    var description = live.describe(step, values: values)
    description.isSimulated = !runs(step)
    return description
  }

  @concurrent public func perform(_ task: StepTask) async -> StepPerformance {
    if case .missingValue(let producer) = task.standing {
      var performance = shown(.deferred, "it needs a value that '\(producer)' would give")
      performance.polls = 0
      return performance
    }
    switch task.step.action {
    case .manual, .ask, .wait: return shown(.shown, nil)
    case .call(let call):
      guard let bound = live.bind(call, of: task.step) else { return judged(live.unbound(call), task) }
      if runs(task.step) {
        var task = task
        task.step.polling = nil
        return judged(await CallAttempt(task: task, call: bound, performer: live).perform(), task)
      }
      return await Proof(task: task, call: bound, performer: live).perform()
    }
  }

  public func redacted(_ text: String) -> String { live.redacted(text) }

  public func keep(_ secret: String, as reference: SecretReference) throws(StepFailure) {
    try live.keep(secret, as: reference)
  }

  /// Whether the step changes nothing and can be run now. Nobody is there to serve an interactive one.
  private func runs(_ step: Step) -> Bool {
    guard case .call = step.action else { return false }
    return step.effect == .read && !step.isInteractive
  }

  private func shown(_ verdict: Verdict, _ detail: String?) -> StepPerformance {
    var result = StepResult(status: .skipped, json: .result([], .skipped, nil, milliseconds: 0))
    result.verdict = verdict
    result.verdictDetail = detail
    return StepPerformance(result, activeMilliseconds: 0)
  }

  /// The verdict about a read that ran.
  private func judged(_ performance: StepPerformance, _ task: StepTask) -> StepPerformance {
    var performance = performance
    let failure = performance.result.detail
    let mark = task.step.effectSource == .declared ? "declared a read by the page" : nil
    let isFine = failure == nil && performance.result.status == .ok
    let verdict: Verdict
    let detail: String?
    switch task.standing {
    case .undecided(let by):
      verdict = .deferred
      detail = "its condition hangs on '\(by)'; now: \(isFine ? "ok" : failure ?? "failed")"
    case .afterSimulatedWrite where !isFine:
      verdict = .deferred
      detail = "comes after a step that was only simulated; now: \(failure ?? "failed")"
    case .onCall(let role) where !isFine:
      verdict = .deferred
      detail = "\(role.calledFor); now: \(failure ?? "failed")"
    case .asInRun, .afterSimulatedWrite, .onCall, .missingValue, .conditionIsFalse:
      // With `continue` a run gets past it: then it is a finding like any other.
      verdict = isFine || task.step.onFailure == .continue ? .executed : .failed
      detail = failure
    }
    performance.result.verdict = verdict
    performance.result.verdictDetail = [detail, mark].compactMap(\.self).joined(separator: "; ")
    if performance.result.verdictDetail == "" { performance.result.verdictDetail = nil }
    return performance
  }
}
