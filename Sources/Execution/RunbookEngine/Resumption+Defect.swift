public import RunbookModel

extension Resumption {
  /// Why `events` cannot be what a walk of `plan` wrote; nil where they can.
  ///
  /// Whoever has the log's key can write anything into it: what goes on from it must not begin a step again, skip one
  /// or end because of that.
  public static func defect(in events: [RunEvent.Kind], of plan: Plan) -> String? {
    let steps = Set(plan.steps.map(\.id))
    var begun: Set<Attempt> = []
    for event in events {
      if let (id, attempt) = event.subject {
        guard steps.contains(id) else { return unknown(id) }
        guard (0...attemptLimit).contains(attempt ?? 0) else {
          return "the log tells of attempt \(attempt ?? 0) of '\(id)'"
        }
      }
      var ended: Attempt?
      switch event {
      case .stepIntent(let intent): begun.insert(Attempt(step: intent.step, number: intent.attempt))
      case .stepFinished(let finished):
        ended = Attempt(step: finished.step, number: finished.attempt)
        guard (0...timeLimit).contains(finished.activeMilliseconds) else {
          return "the log says that '\(finished.step)' took \(finished.activeMilliseconds) ms"
        }
      case .stepWithdrawn(let id, let attempt), .stepUnknown(let id, let attempt),
        .stepResolved(let id, let attempt, _, _, _):
        ended = Attempt(step: id, number: attempt)
      case .undoStarted(let after, let undone):
        if let id = (undone + (after.map { [$0] } ?? [])).first(where: { !steps.contains($0) }) {
          return unknown(id)
        }
      case .conditionDecided(let id, let index, _):
        guard (0..<attemptLimit).contains(index) else {
          return "the log tells of condition \(index) of '\(id)'"
        }
      case .runPlanned, .runStarted, .runResumed, .runFinished, .stepSkipped, .confirmAsked, .confirmAnswered,
        .manualAnswered, .inputAnswered, .artifact, .failureAsked, .failureAnswered, .signalReceived,
        .lockAcquired:
        break
      }
      if let ended, !begun.contains(ended) {
        return "the log tells how attempt \(ended.number) of '\(ended.step)' ended, and not that it began"
      }
    }
    return nil
  }

  private struct Attempt: Hashable {
    let step: StepID
    let number: Int
  }

  private static let attemptLimit = 1_000_000_000
  /// More milliseconds than a machine lasts, and few enough to be added up.
  private static let timeLimit = 1 << 40

  private static func unknown(_ id: StepID) -> String {
    "the log tells of a step '\(id)' that the plan does not have"
  }
}
