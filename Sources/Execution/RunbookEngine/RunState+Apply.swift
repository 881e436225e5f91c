package import RunbookModel

extension RunState {
  package mutating func apply(_ event: RunEvent.Kind) {
    switch event {
    case .runPlanned, .confirmAsked, .failureAsked, .artifact, .lockAcquired: break
    case .runStarted: begin()
    case .runResumed: resume()
    case .runFinished(let outcome): self.outcome = outcome
    case .conditionDecided(let id, let index, let isTrue):
      change(id) {
        if isTrue { $0.conditionsHeld = index + 1 } else { $0.falseCondition = index }
      }
    case .stepSkipped(let id, let reason):
      change(id) { $0.skip(reason) }
      if !isAside(id) { ledger.record(reason.status, of: id) }
    case .confirmAnswered(let id, _, let answer, _): apply(answer, to: id)
    case .manualAnswered(let id, let answer, let note, _):
      attemptCounts[id, default: 0] += 1
      change(id) { $0.finish(answer) }
      ledger.record(answer.status, of: id, note: note)
    case .inputAnswered(let id, let value, _):
      change(id) { $0.status = .ok }
      ledger.record(answer: value, to: id)
    case .stepIntent(let intent):
      openIntent = OpenIntent(step: intent.step, attempt: intent.attempt, role: intent.role)
      attemptCounts[intent.step] = intent.attempt
      change(intent.step) { $0.isConfirmed = false }
    case .stepFinished(let finished):
      close(finished.step, finished.attempt)
      if detour == nil, ledger.hasStep(finished.step), !ledger.step(finished.step).isInteractive {
        activeMilliseconds = activeMilliseconds.sum(finished.activeMilliseconds)
      }
      if !isVerification(finished.step) { ledger.record(finished) }
      change(finished.step) { $0.finish(finished.result) }
    // As before its intent, but for the attempt's number.
    case .stepWithdrawn(let id, let attempt): close(id, attempt)
    case .stepUnknown(let id, let attempt):
      close(id, attempt)
      if isVerification(id) {
        // What only looks is simply begun again.
        verification?.current = StepProgress()
        break
      }
      mayHaveOrphan = true
      ledger.record(.unknown, of: id)
      change(id) {
        $0.status = .unknown
        $0.mayHaveEffect = true
        $0.isOrphan = true
      }
    case .stepResolved(let id, let attempt, let status, let note, _):
      close(id, attempt)
      ledger.record(status, of: id, note: note)
      change(id) {
        $0.status = status
        $0.isOrphan = false
        $0.isSettled = false
        $0.verified = nil
      }
    case .failureAnswered(let id, _, let choice, let note, let source):
      apply(choice, to: id, note: note, source: source)
    case .undoStarted(let after, let steps): startUndo(after: after, steps: steps)
    case .signalReceived(let name): signal = signal ?? name
    }
    advance()
  }

  /// Takes an attempt for ended; what is said of another one leaves it open.
  private mutating func close(_ id: StepID, _ attempt: Int) {
    if openIntent?.step == id, openIntent?.attempt == attempt { openIntent = nil }
  }

  private func isDetour(_ id: StepID) -> Bool { detour?.isAt(id) ?? false }

  private func isVerification(_ id: StepID) -> Bool { verification?.step == id }

  /// Whether an event about `id` is not about the walk's own step of that name.
  private func isAside(_ id: StepID) -> Bool { isDetour(id) || isVerification(id) }

  /// Changes the progress that an event about `id` means: of the read that verifies, of the detour's current step,
  /// else of the main step.
  private mutating func change(_ id: StepID, _ body: (inout StepProgress) -> Void) {
    if var changed = verification, changed.step == id {
      body(&changed.current)
      verification = changed
    } else if isDetour(id), var changed = detour {
      body(&changed.current)
      detour = changed
    } else {
      body(&progress[id, default: StepProgress()])
    }
  }

  private mutating func begin() {
    hasStarted = true
    outcome = nil
    signal = nil
    undoRequest = nil
    detour = nil
  }

  /// A new process goes on: what only the old one decided is open again.
  private mutating func resume() {
    outcome = nil
    signal = nil
    mayHaveOrphan = true
    for id in progress.keys {
      // Whoever said yes to what then did not begin said it of another moment.
      progress[id]?.isConfirmed = false
      switch progress[id]?.status {
      case .declined:
        progress[id]?.status = nil
        if let index = ledger.mainSteps.firstIndex(of: id) { position = min(position, index) }
      case .unknown:
        progress[id]?.isOrphan = true
        progress[id]?.verified = nil
      case .failed:
        let isSettled = progress[id]?.isSettled ?? false
        progress[id]?.stoppedRun = !isSettled
      case .ok, .done, .skipped, .blocked, nil: break
      }
    }
    verification = nil
    if openIntent == nil { detour?.reopen() }
    forgetSecrets()
  }

  private mutating func apply(_ answer: Answer, to id: StepID) {
    switch answer {
    case .run: change(id) { $0.isConfirmed = true }
    case .skip: change(id) { $0.isToBeSkipped = true }
    case .undo:
      if isDetour(id) {
        stop(at: id)
      } else {
        undoRequest = .choice(id)
      }
    case .stop: stop(at: id)
    }
  }

  private mutating func stop(at id: StepID) {
    if let verification, verification.step == id {
      outcome = .unknown(verification.owner)
      self.verification = nil
      return
    }
    let isDetour = isDetour(id)
    change(id) { $0.status = .declined }
    if !isDetour { outcome = .declined(id) }
  }

  private mutating func apply(_ choice: FailureChoice, to id: StepID, note: String?, source: AnswerSource) {
    let step = ledger.step(id)
    switch choice {
    case .retry:
      change(id) {
        $0.status = nil
        $0.isOrphan = false
        $0.stoppedRun = false
        $0.verified = nil
        // Whoever says retry says yes to a write; what destroys is asked about again.
        $0.isConfirmed = step.effect < .destructive
      }
    case .skip:
      ledger.record(.skipped, of: id, note: note)
      change(id) { $0.skip(.operatorChoice) }
    case .done:
      ledger.record(.done, of: id, note: note)
      change(id) {
        $0.status = .done
        $0.mayHaveEffect = true
      }
    case .failed:
      ledger.record(.failed, of: id, note: note)
      change(id) {
        $0.status = .failed
        $0.isOrphan = false
      }
    case .continue: change(id) { $0.isSettled = true }
    case .undo: undoRequest = .failure(id)
    case .rescue:
      guard case .rescue(let rescuer)? = step.onFailure else { break }
      detour = Detour(.rescue, .failure(id), queue: [(id, rescuer)])
    case .stop:
      let status = detour.map { $0.isAt(id) ? $0.current.status : nil } ?? progress[id]?.status
      outcome = status == .unknown ? .unknown(id) : .failed(id)
    }
  }

  private mutating func startUndo(after: StepID?, steps: [StepID]) {
    let origin = undoRequest ?? after.map { .failure($0) } ?? .request
    undoRequest = nil
    verification = nil
    detour = Detour(
      .undo, origin,
      queue: steps.compactMap { owner in ledger.step(owner).undo.map { (owner, $0) } })
  }

  /// Moves on behind whatever was passed, and ends the run where a detour is over.
  private mutating func advance() {
    if let verification, let status = verification.current.status {
      self.verification = nil
      change(verification.owner) { $0.verified = status }
    }
    defer { updateVerification() }
    while position < ledger.mainSteps.count, progress[ledger.mainSteps[position]]?.isPassed ?? false {
      position += 1
    }
    guard var moved = detour, outcome == nil else { return }
    while let entry = moved.advance() {
      if moved.kind == .undo, entry.isGood { progress[entry.owner]?.isUndone = true }
      if entry.status == .declined { outcome = moved.outcome(unknown: unknownStep) }
    }
    detour = moved
    // After a resume there may be a step left to be settled first.
    if moved.queue.isEmpty, outcome == nil, orphan == nil { outcome = moved.outcome(unknown: unknownStep) }
  }
}

extension SkipReason {
  /// The status of a step that did not run for this reason.
  var status: StepStatus {
    switch self {
    case .blocked: .blocked
    case .condition, .operatorChoice, .notSelected: .skipped
    }
  }
}

extension ManualAnswer {
  /// The status of the step.
  var status: StepStatus {
    switch self {
    case .done: .done
    case .skipped: .skipped
    case .failed: .failed
    }
  }
}

extension Int {
  /// The sum of two times, or the longest one: what a log says may be any number, one below zero too.
  func sum(_ other: Int) -> Int {
    let (sum, isOverflow) = addingReportingOverflow(Swift.max(0, other))
    return isOverflow ? .max : sum
  }
}
