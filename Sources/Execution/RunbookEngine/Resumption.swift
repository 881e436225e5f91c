public import RunbookModel

/// What can be said of a run before it goes on in another process.
public struct Resumption: Sendable {
  /// The step whose end nobody saw.
  public struct Unknown: Sendable, Hashable {
    public let step: Step
    public let attempt: Int
    /// Whether the page says how to find out or that it may be repeated; else a person must decide.
    public let isSettledByPage: Bool
  }

  /// How the run ended for good; nil where it can go on.
  public let end: RunOutcome?
  public let unknown: Unknown?
  /// Main steps that are not run again.
  public let passed: Set<StepID>
  /// Secrets that were never stored and that no step reads again, with the steps that made them.
  public let lostSecrets: [(name: String, step: StepID)]
  /// Steps whose `mask` found texts that were never stored and that no step finds again: what comes may write them.
  public let lostMasks: [StepID]

  /// Folds what is in the log of a run.
  public init(run: RunID, mode: RunMode, plan: Plan, events: [RunEvent.Kind]) {
    if mode == .dryRun {
      var walk = RehearsalState(run: run, plan: plan)
      for event in events { walk.apply(event) }
      let outcome = walk.outcome
      walk.apply(.runResumed(RunResumed(after: 0)))
      switch outcome {
      case .interrupted, .unlogged, nil: end = nil
      case .completed, .failed, .undone, .declined, .incomplete, .refused, .unknown: end = outcome
      }
      unknown = nil
      passed = Set(plan.mainSteps.map(\.id).filter { walk.status(of: $0) != nil })
      (lostSecrets, lostMasks) = ([], [])
      return
    }
    var state = RunState(run: run, plan: plan, isUndo: mode == .undo)
    for event in events { state.apply(event) }
    let outcome = state.outcome
    state.apply(.runResumed(RunResumed(after: 0)))
    lostSecrets = state.lostSecrets
    lostMasks = state.lostMasks
    if let open = state.openIntent { state.apply(.stepUnknown(open.step, attempt: open.attempt)) }
    switch outcome {
    case .completed, .undone, .incomplete, .refused: end = outcome
    case .failed, .declined, .unknown, .interrupted, .unlogged, nil: end = state.outcome
    }
    unknown = state.orphan.map { id in
      let step = state.ledger.step(id)
      return Unknown(
        step: step, attempt: state.attempts(of: id),
        isSettledByPage: state.mayRepeat(step) || state.verification != nil)
    }
    passed = Set(
      state.ledger.mainSteps.filter { id in
        guard let progress = state.progress[id] else { return false }
        return progress.isPassed
      })
  }
}
