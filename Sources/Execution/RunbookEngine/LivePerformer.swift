public import RunbookAdapter
public import RunbookModel

/// Does the work: adapters perform, results are judged, and what is kept of them is redacted.
public struct LivePerformer: StepPerformer {
  /// `run` or `undo`.
  public let mode: RunMode

  let plan: Plan
  let adapters: AdapterRegistry
  let services: any StepServices
  let filters: any FilterEvaluator
  let clock: RunClock

  /// A performer for one run of `plan`. `undo` takes back what replayed events tell of.
  public init(
    plan: Plan, adapters: AdapterRegistry, services: any StepServices, filters: any FilterEvaluator,
    mode: RunMode = .run, clock: RunClock = .continuous
  ) {
    self.plan = plan
    self.adapters = adapters
    self.services = services
    self.filters = filters
    self.mode = mode
    self.clock = clock
  }

  public func describe(_ step: Step, values: [String: Value]) -> StepDescription {
    let invocation =
      switch step.action {
      case .manual(let task): task.text
      case .ask(let question): question.text.displayText(values)
      case .wait(let milliseconds): "wait \(Duration.milliseconds(milliseconds))"
      case .call(let call): bind(call, of: step)?.invocation(step.target, values) ?? call.body
      }
    return StepDescription(
      target: redacted(adapters.summary(of: step.target)), invocation: redacted(invocation),
      isSimulated: false)
  }

  @concurrent public func perform(_ task: StepTask) async -> StepPerformance {
    switch task.step.action {
    case .manual, .ask: preconditionFailure("the engine asks people itself")
    case .wait(let milliseconds): return await pause(milliseconds, task.interrupt)
    case .call(let call):
      guard let bound = bind(call, of: task.step) else { return unbound(call) }
      return await CallAttempt(task: task, call: bound, performer: self).perform()
    }
  }

  public func redacted(_ text: String) -> String { services.redactor.redacted(text) }

  public func keep(_ secret: String, as reference: SecretReference) throws(StepFailure) {
    try services.keep(secret, as: reference)
  }

  /// The step's adapter with its options; nil where the plan was made with another set of adapters.
  func bind(_ call: AdapterCall, of step: Step) -> BoundCall? {
    guard adapters.adapter(for: call.language) != nil else { return nil }
    return adapters.bind(call, traits: StepTraits(step), names: NameTable()).call
  }

  /// The outcome of a call that no adapter here takes.
  func unbound(_ call: AdapterCall) -> StepPerformance {
    let failure = StepFailure(
      .internal, "no adapter takes this '\(call.language)' step of the plan", effectIsPossible: false)
    return StepPerformance(StepResult(failed: .failed, failure, milliseconds: 0), activeMilliseconds: 0)
  }

  private func pause(_ milliseconds: Int, _ interrupt: any Interrupt) async -> StepPerformance {
    let start = clock.now()
    await clock.pause(.milliseconds(milliseconds), interrupt)
    let waited = (clock.now() - start).milliseconds
    guard interrupt.level == .none else {
      let failure = StepFailure(.cancelled, "interrupted after \(waited) ms", effectIsPossible: false)
      return StepPerformance(
        StepResult(failed: .failed, failure, milliseconds: waited), activeMilliseconds: waited)
    }
    let members: [JSONValue.Member] = [.init("waited_ms", .integer(waited))]
    return StepPerformance(
      StepResult(status: .ok, json: .result(members, .ok, nil, milliseconds: waited)),
      activeMilliseconds: waited)
  }
}

extension StepResult {
  /// A result with nothing but its failure.
  init(failed status: StepStatus, _ failure: StepFailure, milliseconds: Int) {
    self.init(
      status: status, json: .result([], status, failure, milliseconds: milliseconds), reason: failure.reason,
      detail: failure.detail, effectIsPossible: failure.effectIsPossible)
  }
}

extension JSONValue {
  /// What filters see of a step: the adapter's members, then `status`, `error` and `duration_ms`.
  ///
  /// A member of that name by the adapter stays as it is: the `status` of an HTTP answer is its number.
  static func result(
    _ members: [Member], _ status: StepStatus, _ failure: StepFailure?, milliseconds: Int
  ) -> JSONValue {
    let error: JSONValue =
      failure.map { ["reason": .string($0.reason.rawValue), "detail": .string($0.detail)] } ?? .null
    let own: [Member] = [
      .init("status", .string(status.rawValue)), .init("error", error),
      .init("duration_ms", .integer(milliseconds)),
    ]
    return .object(members + own.filter { added in !members.contains { $0.name == added.name } })
  }
}
