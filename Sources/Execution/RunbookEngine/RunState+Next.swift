import RunbookModel

extension RunState {
  package func next(_ options: RunOptions) -> RunAction {
    if let openIntent {
      return .settle(openIntent.step, attempt: openIntent.attempt, role: openIntent.role)
    }
    if let outcome { return .finish(outcome) }
    // A signal behind the last step changes nothing any more.
    let isOver = !isUndo && detour == nil && undoRequest == nil && position == ledger.mainSteps.count
    if isOver { return .finish(walkOutcome) }
    if let signal { return .finish(interrupted(by: signal)) }
    if let undoRequest { return startUndo(undoRequest) }
    if let orphan { return settlement(of: ledger.step(orphan), options) }
    if let decision = options.decision, decision.choice == .giveUp { return .finish(.failed(decision.step)) }
    if let detour {
      guard let role = detour.role, let first = detour.queue.first else {
        preconditionFailure("a detour without steps has an outcome")
      }
      return action(for: ledger.step(first.step), detour.current, role: role, options)
    }
    if isUndo { return startUndo(.request) }
    let step = ledger.step(ledger.mainSteps[position])
    let progress = progress[step.id] ?? StepProgress()
    if progress.status != nil { return failureAction(for: step, progress, options) }
    if ledger.plan.unselected.contains(step.id) { return .skip(step.id, .notSelected) }
    if let blocker = blocker(of: step) { return .skip(step.id, .blocked(by: blocker)) }
    return action(for: step, progress, role: .main, options)
  }

  /// The next action of a step that has no status yet: conditions, values, confirmation, start.
  private func action(
    for step: Step, _ progress: StepProgress, role: StepRole, _ options: RunOptions
  ) -> RunAction {
    if let index = progress.falseCondition {
      return .skip(step.id, .condition(step.conditions[index].source))
    }
    if progress.conditionsHeld < step.conditions.count {
      return .decide(step.id, index: progress.conditionsHeld)
    }
    if let producer = ledger.missingProducer(for: step) { return .skip(step.id, .blocked(by: producer)) }
    if progress.isToBeSkipped { return .skip(step.id, .operatorChoice) }
    switch step.action {
    case .manual: return .askForManual(step.id, role: role)
    case .ask: return .askForInput(step.id, role: role)
    case .wait, .call: break
    }
    if let failure = ledger.targetFailure(of: step) { return .fail(step.id, role: role, failure) }
    if remainingMilliseconds == 0 {
      return .fail(
        step.id, role: role,
        StepFailure(.timeout, ledger.plan.usedUpTimeout, effectIsPossible: false))
    }
    if progress.isConfirmed { return .begin(step.id, role: role, .asInRun) }
    return confirmation(of: step, role: role, options)
  }

  private func confirmation(of step: Step, role: StepRole, _ options: RunOptions) -> RunAction {
    let environment = ledger.plan.environment
    let automatic: AutomaticAnswer?
    switch ConfirmationRule(for: step, in: environment) {
    case .none: return .begin(step.id, role: role, .asInRun)
    case .allowedByPolicy: automatic = AutomaticAnswer(answer: .run, source: .policy)
    case .asked:
      automatic = options.covers(step) ? AutomaticAnswer(answer: .run, source: .option) : nil
    }
    let request = ConfirmationRequest(for: step, in: environment, values: ledger.values(for: step))
    return .confirm(step.id, role: role, request, automatically: automatic)
  }

  /// The step because of which `step` cannot run; nil where all it waits for is fulfilled.
  private func blocker(of step: Step) -> StepID? {
    step.needs.first { !isFulfilled($0, explicitly: step.hasExplicitNeeds) }
  }

  private func isFulfilled(_ need: StepID, explicitly: Bool) -> Bool {
    guard let progress = progress[need] else { return false }
    switch progress.status {
    case .ok, .done: return true
    case .skipped: return !explicitly || progress.reason != .operatorChoice
    case .failed: return !explicitly && progress.isSettled
    case .declined, .blocked, .unknown, nil: return false
    }
  }

  // MARK: A step whose end nobody saw

  /// By a person's word given before, by the step's `verify`, by its being repeatable, else by asking.
  private func settlement(of step: Step, _ options: RunOptions) -> RunAction {
    let attempt = attempts(of: step.id)
    if let decision = options.decision, decision.step == step.id, decision.attempt == attempt,
      decision.choice != .retry || canRepeat(step.id)
    {
      return .settleUnknown(step.id, choices: [], automatically: Settlement(decision))
    }
    if let verification {
      return action(
        for: ledger.step(verification.step), verification.current, role: .verify(of: step.id), options)
    }
    if let reader = step.verify, orphanProgress?.verified == .ok {
      return .settleUnknown(
        step.id, choices: [],
        automatically: Settlement(.resolve(.ok), "'\(reader)' says that it took effect", .automatic))
    }
    if mayRepeat(step) {
      return .settleUnknown(step.id, choices: [], automatically: Settlement(.choose(.retry), nil, .policy))
    }
    guard options.hasTerminal else {
      return .settleUnknown(step.id, choices: [], automatically: Settlement(.choose(.stop), nil, .automatic))
    }
    var choices: [FailureChoice] = [.done, .failed]
    if canRepeat(step.id) { choices.append(.retry) }
    if offersUndo { choices.append(.undo) }
    choices.append(.stop)
    return .settleUnknown(step.id, choices: choices, automatically: nil)
  }

  // MARK: Failure

  private func failureAction(for step: Step, _ progress: StepProgress, _ options: RunOptions) -> RunAction {
    let isUnknown = progress.status == .unknown
    let isOutOfTime = remainingMilliseconds == 0
    let question: FailureChoice? = options.hasTerminal ? nil : .stop
    var automatic: FailureChoice?
    switch step.onFailure ?? .ask {
    case .ask: automatic = question
    case .stop: automatic = .stop
    case .continue: automatic = isUnknown || isOutOfTime ? question : .continue
    case .undo: automatic = .undo
    case .rescue: automatic = .rescue
    }
    // Whoever goes on with a run wants more than to stop again at the same place.
    if progress.stoppedRun, automatic == .stop {
      automatic = options.hasTerminal ? nil : mayRepeat(step) ? .retry : .stop
    }
    var choices: [FailureChoice] = []
    if !isOutOfTime {
      if !isUnknown || step.isIdempotent || step.effect == .read { choices.append(.retry) }
      choices += [.skip, .done]
    }
    if offersUndo { choices.append(.undo) }
    choices.append(.stop)
    return .handleFailure(step.id, choices: choices, automatically: automatic)
  }

  private func startUndo(_ origin: Detour.Origin) -> RunAction {
    let after: StepID? =
      switch origin {
      case .failure(let step), .choice(let step): step
      case .request: nil
      }
    return .startUndo(after: after, steps: undoCandidates)
  }

  // MARK: The end

  /// An unknown outcome is the stronger news: somebody has to look.
  private func interrupted(by signal: String) -> RunOutcome {
    if let entry = detour?.entries.first(where: { $0.status == .unknown }) { return .unknown(entry.step) }
    return unknownStep.map { .unknown($0) } ?? .interrupted(signalNumber(signal))
  }

  /// Of a walk that came to its end: a blocked step means that the page was not done as written.
  private var walkOutcome: RunOutcome {
    for id in ledger.mainSteps {
      guard case .blocked(let first)? = progress[id]?.reason else { continue }
      var root = first
      while case .blocked(let next)? = progress[root]?.reason { root = next }
      switch progress[root]?.status {
      case .failed: return .failed(root)
      case .unknown: return .unknown(root)
      case .skipped where progress[root]?.reason == .operatorChoice: return .declined(root)
      case .declined: return .declined(root)
      case .ok, .done, .skipped, .blocked, nil: return .failed(id)
      }
    }
    return .completed
  }
}

extension Plan {
  /// Why a step had no time, or no more of it: people's time does not count.
  package var usedUpTimeout: String {
    let limit = timeoutMilliseconds.map { " of \(Duration.milliseconds($0))" } ?? ""
    return "the page's 'timeout'\(limit) is used up"
  }
}
