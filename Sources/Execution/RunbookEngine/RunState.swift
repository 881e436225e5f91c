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
  var openIntent: (step: StepID, attempt: Int)?
  /// The signal that ends the run.
  var signal: String?
  /// Taking back was chosen, and its first event is still to come.
  var undoRequest: Detour.Origin?
  var detour: Detour?

  /// Before the first event. `isUndo`: events of the run to be taken back are to be applied first.
  package init(run: RunID, plan: Plan, isUndo: Bool = false) {
    ledger = Ledger(run: run, plan: plan)
    self.isUndo = isUndo
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.ledger == b.ledger && a.hasStarted == b.hasStarted && a.outcome == b.outcome
      && a.activeMilliseconds == b.activeMilliseconds && a.isUndo == b.isUndo && a.progress == b.progress
      && a.attemptCounts == b.attemptCounts && a.position == b.position && a.signal == b.signal
      && a.openIntent?.step == b.openIntent?.step && a.openIntent?.attempt == b.openIntent?.attempt
      && a.undoRequest == b.undoRequest && a.detour == b.detour
  }

  package func status(of id: StepID) -> StepStatus? { progress[id]?.status }

  package func role(of id: StepID) -> StepRole {
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
}
