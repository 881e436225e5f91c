package import RunbookModel

/// A run, or the undoing of one, as a value.
package struct RunState: RunWalk, Equatable {
  package internal(set) var ledger: Ledger
  package internal(set) var hasStarted = false
  /// How the run ended or is to end.
  package internal(set) var outcome: RunOutcome?
  /// Time of finished attempts, without people's.
  package internal(set) var activeMilliseconds = 0

  /// Whether the run exists to take back what the replayed events tell of.
  let isUndo: Bool
  var progress: [StepID: StepProgress] = [:]
  var attemptCounts: [StepID: Int] = [:]
  /// Index in `ledger.mainSteps` of the first step that the walk has not passed.
  var position = 0
  var openIntent: OpenIntent?
  /// The signal that ends the run.
  var signal: String?
  /// Taking back was chosen, and its first event is still to come.
  var undoRequest: Detour.Origin?
  var detour: Detour?
  /// False as long as there cannot be an orphan, which saves looking for one after every event.
  var mayHaveOrphan = false
  /// What is under way to find out how the orphan ended.
  var verification: Verification?
  /// Secrets of finished writes that a resume could not bring back.
  private(set) var lostSecrets: [(name: String, step: StepID)] = []
  /// Finished steps whose masked texts a resume could not bring back, where there are steps to come.
  private(set) var lostMasks: [StepID] = []

  /// An attempt that was begun and has no outcome yet.
  struct OpenIntent: Sendable, Equatable {
    let step: StepID
    let attempt: Int
    let role: StepRole
  }

  /// Before the first event. `isUndo`: events of the run to be taken back are to be applied first.
  package init(run: RunID, plan: Plan, isUndo: Bool = false) {
    ledger = Ledger(run: run, plan: plan)
    self.isUndo = isUndo
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.ledger == b.ledger && a.hasStarted == b.hasStarted && a.outcome == b.outcome
      && a.activeMilliseconds == b.activeMilliseconds && a.isUndo == b.isUndo && a.progress == b.progress
      && a.attemptCounts == b.attemptCounts && a.position == b.position && a.signal == b.signal
      && a.openIntent == b.openIntent && a.undoRequest == b.undoRequest && a.detour == b.detour
      && a.verification == b.verification && a.lostMasks == b.lostMasks
      && a.lostSecrets.elementsEqual(b.lostSecrets) { $0.name == $1.name && $0.step == $1.step }
  }

  package func status(of id: StepID) -> StepStatus? { progress[id]?.status }

  package func role(of id: StepID) -> StepRole {
    if let verification, verification.step == id { return .verify(of: verification.owner) }
    guard let detour, detour.isAt(id), let role = detour.role else { return .main }
    return role
  }

  package func attempts(of id: StepID) -> Int { attemptCounts[id] ?? 0 }

  package var remainingMilliseconds: Int? {
    guard detour == nil else { return nil }
    return ledger.plan.timeoutMilliseconds.map { max(0, $0 - activeMilliseconds) }
  }

  package var offersUndo: Bool { detour == nil && !undoCandidates.isEmpty }

  /// Main steps that took or may have taken effect and can be taken back, last in first out.
  var undoCandidates: [StepID] {
    ledger.mainSteps.reversed().filter { id in
      guard let progress = progress[id], progress.mayHaveEffect, !progress.isUndone else { return false }
      return ledger.step(id).undo != nil
    }
  }

  /// The first main step whose outcome nobody knows.
  var unknownStep: StepID? {
    ledger.mainSteps.first { id in
      progress[id].map { $0.status == .unknown && !$0.isUndone } ?? false
    }
  }

  // MARK: Steps an earlier process left unknown

  /// The step to be settled before anything else happens: the detour's, else of the walk where no detour is under way.
  var orphan: StepID? {
    guard mayHaveOrphan else { return nil }
    if let detour, let first = detour.queue.first { return detour.current.isOrphan ? first.step : nil }
    return ledger.mainSteps.first { id in
      progress[id].map { $0.isOrphan && !$0.isUndone } ?? false
    }
  }

  /// Whether the page allows to begin an orphan again without asking; not where the walk is over.
  func mayRepeat(_ step: Step) -> Bool {
    (step.isIdempotent || step.effect == .read) && canRepeat(step.id)
  }

  /// Whether there is a way to begin it again.
  func canRepeat(_ id: StepID) -> Bool {
    (detour.map { $0.isAt(id) } ?? true) && remainingMilliseconds != 0
  }

  /// Begins or drops the read that is to tell of the orphan.
  mutating func updateVerification() {
    guard undoRequest == nil, let id = orphan, let reader = ledger.step(id).verify, ledger.hasStep(reader),
      orphanProgress?.verified == nil
    else {
      verification = nil
      return
    }
    let step = ledger.step(id)
    // It would tell that the step is done, not what it gave.
    if mayRepeat(step), !step.outputs.isEmpty || step.effect == .read {
      verification = nil
    } else if verification?.owner != id {
      verification = Verification(of: id, by: reader)
    }
  }

  /// How far the orphan came.
  var orphanProgress: StepProgress? {
    guard let orphan else { return nil }
    if let detour, detour.isAt(orphan) { return detour.current }
    return progress[orphan]
  }

  /// Secrets are never stored: a read makes them again, a question is asked again, a write's are lost. The same holds
  /// for what `mask` found.
  ///
  /// Only those that a step to come mentions; what is masked any step may write.
  mutating func forgetSecrets() {
    lostSecrets = []
    lostMasks = detour?.entries.filter { ledger.step($0.step).mask != nil }.map(\.step) ?? []
    let isMore = detour != nil || position < ledger.mainSteps.count
    var wanted: Set<String> = []
    for step in ledger.plan.steps where !(progress[step.id]?.isPassed ?? false) {
      wanted.formUnion(step.uses)
    }
    // From the end on, because what is made again may want what came before.
    for id in ledger.mainSteps.reversed() where progress[id]?.wasJudged ?? false {
      let step = ledger.step(id)
      let names = progress[id]?.status == .ok ? step.secretNames.filter { wanted.contains($0) } : []
      let isMasking = isMore && step.mask != nil
      guard !names.isEmpty || isMasking else { continue }
      ledger.forget(names)
      let isMadeAgain = step.effect == .read && progress[id]?.status == .ok
      if isMasking, !isMadeAgain || detour != nil { lostMasks.append(id) }
      if isMadeAgain {
        progress[id]?.status = nil
        wanted.formUnion(step.uses)
        if let index = ledger.mainSteps.firstIndex(of: id) { position = min(position, index) }
      } else {
        lostSecrets += names.map { ($0, id) }
      }
    }
  }
}

extension Step {
  /// The secrets it defines.
  var secretNames: [String] {
    if case .ask(let question) = action, question.type.kind == .secret { return [id.variableName] }
    return outputs.filter(\.isSecret).map(\.name)
  }
}
