package import RunbookModel

/// A dry run as a value: the same walk, in which writes are proved and reads are run.
///
/// It goes on past failures, because a rehearsal is to find all of them. Behind the main steps come the undo and
/// rescue steps that they name: whoever needs them has no time to find out that they do not work.
package struct RehearsalState: RunWalk, Equatable {
  /// How far one step came.
  struct Progress: Sendable, Equatable {
    var status: StepStatus?
    var reason: SkipReason?
    var verdict: Verdict?
    /// False where the step was deferred without running or proving anything.
    var hasRun = false
    /// Decided conditions by index.
    var conditions: [Int: Bool] = [:]
  }

  /// A step outside the walk that a selected main step names.
  private struct OnCall: Sendable, Equatable {
    let step: StepID
    let role: StepRole
  }

  package private(set) var ledger: Ledger
  package private(set) var hasStarted = false
  package private(set) var outcome: RunOutcome?

  private(set) var progress: [StepID: Progress] = [:]
  private var attemptCounts: [StepID: Int] = [:]
  private var position = 0
  private var openIntent: RunState.OpenIntent?
  private var signal: String?
  /// Steps whose outcome in a run is not known: simulated ones, people's, and what hangs on them.
  private var uncertain: Set<StepID> = []
  private var simulatedWrites: Set<StepID> = []
  /// Undo and rescue steps, in the plan's order.
  private let onCall: [OnCall]
  private var activeMilliseconds = 0

  /// Before the first event.
  package init(run: RunID, plan: Plan) {
    ledger = Ledger(run: run, plan: plan)
    let unselected = Set(plan.unselected)
    let owners = plan.mainSteps.filter { !unselected.contains($0.id) && !$0.target.isAbsent }
    onCall = plan.steps.compactMap { step in
      // Where its target is missing, so is that of its owner, or a run says so when it comes to that.
      guard !step.target.isAbsent else { return nil }
      switch step.role {
      case .undo:
        return owners.first { $0.undo == step.id }.map { OnCall(step: step.id, role: .undo(of: $0.id)) }
      case .rescue:
        return owners.first { $0.onFailure == .rescue(step.id) }
          .map { OnCall(step: step.id, role: .rescue(of: $0.id)) }
      case .main, .verify: return nil
      }
    }
  }

  package func attempts(of id: StepID) -> Int { attemptCounts[id] ?? 0 }
  package var offersUndo: Bool { false }
  package func status(of id: StepID) -> StepStatus? { progress[id]?.status }
  package func role(of id: StepID) -> StepRole { onCall.first { $0.step == id }?.role ?? .main }
  package var remainingMilliseconds: Int? {
    ledger.plan.timeoutMilliseconds.map { max(0, $0 - activeMilliseconds) }
  }

  // MARK: Events

  package mutating func apply(_ event: RunEvent.Kind) {
    switch event {
    case .runPlanned, .artifact, .confirmAsked, .confirmAnswered, .failureAsked, .failureAnswered,
      .manualAnswered, .undoStarted, .lockAcquired:
      break
    case .runStarted: hasStarted = true
    case .runResumed:
      outcome = nil
      signal = nil
      forgetSecrets()
    case .runFinished(let outcome): self.outcome = outcome
    case .conditionDecided(let id, let index, let isTrue):
      progress[id, default: Progress()].conditions[index] = isTrue
    case .stepSkipped(let id, let reason):
      progress[id, default: Progress()].reason = reason
      progress[id]?.status = reason.status
      if case .condition = reason { progress[id]?.verdict = .skipped }
      ledger.record(reason.status, of: id)
    case .inputAnswered(let id, let value, _):
      progress[id, default: Progress()].status = .ok
      ledger.record(answer: value, to: id)
    case .stepIntent(let intent):
      openIntent = RunState.OpenIntent(step: intent.step, attempt: intent.attempt, role: intent.role)
      attemptCounts[intent.step] = intent.attempt
    case .stepFinished(let finished):
      openIntent = nil
      activeMilliseconds = activeMilliseconds.sum(finished.activeMilliseconds)
      finish(finished)
    // Nothing was changed: it is rehearsed again.
    case .stepWithdrawn, .stepUnknown: openIntent = nil
    case .stepResolved(let id, _, let status, _, _): progress[id, default: Progress()].status = status
    case .signalReceived(let name): signal = signal ?? name
    }
    while position < ledger.mainSteps.count, progress[ledger.mainSteps[position]]?.status != nil {
      position += 1
    }
  }

  private mutating func finish(_ finished: StepFinished) {
    let id = finished.step
    ledger.record(finished)
    progress[id, default: Progress()].status = finished.result.status
    progress[id]?.verdict = finished.result.verdict
    progress[id]?.hasRun = finished.polls > 0
    let step = ledger.step(id)
    switch finished.result.verdict {
    case .verified, .unverifiable, .deferred: mark(id)
    case .failed: if step.effect > .read { mark(id) }
    case .shown:
      if case .ask(let question) = step.action, let value = question.defaultValue {
        ledger.record(answer: .plain(value), to: id)
      }
      uncertain.insert(id)
    case .executed, .skipped, nil: break
    }
  }

  /// Secrets are never stored: the reads that gave them are run again where a step to come mentions them, and those
  /// that found what is to be masked.
  private mutating func forgetSecrets() {
    var wanted: Set<String> = []
    for step in ledger.plan.steps where progress[step.id]?.status == nil { wanted.formUnion(step.uses) }
    for id in ledger.mainSteps.reversed() where progress[id]?.verdict == .executed {
      let step = ledger.step(id)
      let names = step.secretNames.filter { wanted.contains($0) }
      guard !names.isEmpty || step.mask != nil && position < ledger.mainSteps.count else { continue }
      ledger.forget(names)
      progress[id]?.status = nil
      wanted.formUnion(step.uses)
      position = 0
    }
  }

  private mutating func mark(_ id: StepID) {
    uncertain.insert(id)
    if ledger.step(id).effect > .read { simulatedWrites.insert(id) }
  }

  // MARK: Actions

  package func next(_ options: RunOptions) -> RunAction {
    if let outcome { return .finish(outcome) }
    if let openIntent {
      return .settle(openIntent.step, attempt: openIntent.attempt, role: openIntent.role)
    }
    let next = position < ledger.mainSteps.count ? ledger.mainSteps[position] : nextOnCall
    guard let next else { return .finish(walkOutcome) }
    if let signal { return .finish(.interrupted(signalNumber(signal))) }
    let step = ledger.step(next)
    let role = role(of: next)
    if ledger.plan.unselected.contains(step.id) { return .skip(step.id, .notSelected) }
    if role == .main, let blocker = blocker(of: step) { return .skip(step.id, .blocked(by: blocker)) }
    let conditions = progress[step.id]?.conditions ?? [:]
    var undecided: StepID?
    for (index, filter) in step.conditions.enumerated() {
      switch conditions[index] {
      case true?: continue
      case false?: return skip(step, role, filter)
      case nil:
        guard let hanging = ledger.steps(mentionedIn: filter).intersection(uncertain).min() else {
          return .decide(step.id, index: index)
        }
        undecided = undecided ?? hanging
      }
    }
    if let producer = ledger.missingProducer(for: step) {
      return uncertain.contains(producer)
        ? .begin(step.id, role: role, .missingValue(from: producer))
        : .skip(step.id, .blocked(by: producer))
    }
    if let failure = ledger.targetFailure(of: step) { return .fail(step.id, role: role, failure) }
    if let undecided { return .begin(step.id, role: role, .undecided(by: undecided)) }
    guard role == .main else { return .begin(step.id, role: role, .onCall(role)) }
    return .begin(step.id, role: role, followsSimulatedWrite(step) ? .afterSimulatedWrite : .asInRun)
  }

  /// The first step outside the walk that was not looked at yet.
  private var nextOnCall: StepID? { onCall.first { progress[$0.step]?.status == nil }?.step }

  /// Whether a write that was only simulated may be why `step` fails now.
  ///
  /// A read sees whatever is there, so any write before it counts; a write hangs on what it needs.
  private func followsSimulatedWrite(_ step: Step) -> Bool {
    guard step.hasExplicitNeeds, step.effect > .read else {
      // Everything before it in the walk.
      let before = ledger.mainSteps.prefix { $0 != step.id }
      return before.contains { simulatedWrites.contains($0) }
    }
    return step.needs.contains { need in
      simulatedWrites.contains(need) || ledger.hasStep(need) && followsSimulatedWrite(ledger.step(need))
    }
  }

  /// A write whose condition is false is proved all the same: next time it may be true.
  private func skip(_ step: Step, _ role: StepRole, _ filter: Filter) -> RunAction {
    guard case .call = step.action, step.effect > .read, !step.target.isAbsent,
      ledger.missingProducer(for: step) == nil
    else {
      return .skip(step.id, .condition(filter.source))
    }
    return .begin(step.id, role: role, .conditionIsFalse(filter.source))
  }

  /// The explicitly needed step that surely ends badly.
  private func blocker(of step: Step) -> StepID? {
    step.needs.first { need in
      guard let needed = progress[need] else { return false }
      switch needed.status {
      case .failed: return step.hasExplicitNeeds && !uncertain.contains(need)
      case .blocked: return true
      case .ok, .done, .skipped, .declined, .unknown, nil: return false
      }
    }
  }

  private var walkOutcome: RunOutcome {
    var isIncomplete = false
    for id in ledger.mainSteps + onCall.map(\.step) {
      guard let progress = progress[id] else { continue }
      switch progress.verdict {
      case .failed: return .failed(id)
      case .unverifiable: isIncomplete = true
      case .deferred: if !progress.hasRun { isIncomplete = true }
      case .executed, .verified, .shown, .skipped: break
      case nil: if progress.status == .blocked { isIncomplete = true }
      }
    }
    return isIncomplete ? .incomplete : .completed
  }

  /// What was found of every main step, and of those that would take back or rescue.
  package var coverage: Coverage {
    var coverage = Coverage(steps: 0)
    for id in ledger.mainSteps + onCall.map(\.step) {
      guard let progress = progress[id], progress.reason != .notSelected else { continue }
      coverage.steps += 1
      if let verdict = progress.verdict {
        coverage.counts[verdict, default: 0] += 1
      } else if progress.status == .blocked {
        coverage.blocked += 1
      }
    }
    return coverage
  }
}
