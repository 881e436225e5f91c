import RunbookModel

/// How far one step came.
struct StepProgress: Sendable, Equatable {
  /// nil while it is to be run (again).
  var status: StepStatus?
  /// Why it did not run.
  var reason: SkipReason?
  /// Conditions found true, counted from the first.
  var conditionsHeld = 0
  /// The condition found false.
  var falseCondition: Int?
  /// Somebody or something said yes to the next attempt.
  var isConfirmed = false
  /// The operator said skip.
  var isToBeSkipped = false
  /// After a failure: it was decided how to go on, and the walk may pass.
  var isSettled = false
  /// It ran, or may have: a candidate for undo.
  var mayHaveEffect = false
  /// It was taken back.
  var isUndone = false
  /// An earlier process left its outcome unknown; that is to be settled before anything else.
  var isOrphan = false
  /// An earlier process stopped at its failure.
  var stoppedRun = false
  /// How the read ended that was to tell of an orphan; nil where none was asked yet.
  var verified: StepStatus?

  /// Whether the walk may go on behind it.
  var isPassed: Bool {
    switch status {
    case .ok, .done, .skipped, .declined, .blocked: true
    case .failed, .unknown: isSettled
    case nil: false
    }
  }

  /// Whether it ended in an attempt, and the walk went on.
  var wasJudged: Bool { status == .ok || status == .failed && isSettled }

  /// Folds the outcome of an attempt in.
  mutating func finish(_ result: StepResult) {
    status = result.status
    isSettled = false
    stoppedRun = false
    switch result.status {
    case .ok, .done, .unknown: mayHaveEffect = true
    case .failed: mayHaveEffect = mayHaveEffect || result.effectIsPossible
    case .skipped, .declined, .blocked: break
    }
  }

  /// Folds in that it did not run.
  mutating func skip(_ why: SkipReason) {
    reason = why
    switch why {
    case .blocked: status = .blocked
    case .condition, .operatorChoice, .notSelected: status = .skipped
    }
  }

  /// Folds the answer to a manual step in.
  mutating func finish(_ answer: ManualAnswer) {
    isSettled = false
    switch answer {
    case .done:
      status = .done
      mayHaveEffect = true
    case .skipped:
      status = .skipped
      reason = .operatorChoice
    case .failed: status = .failed
    }
  }
}
