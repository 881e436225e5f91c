public import RunbookModel

/// Where a step stands in a rehearsal; in a run every step stands `asInRun`.
public enum RehearsalStanding: Sendable, Hashable {
  /// Nothing before it was only simulated.
  case asInRun
  /// It may fail because a write before it did not happen.
  case afterSimulatedWrite
  /// Its condition hangs on a step whose outcome is not known.
  case undecided(by: StepID)
  /// It mentions a value that a simulated step would give.
  case missingValue(from: StepID)
  /// Outside the walk: it would take back or rescue, which nothing in a rehearsal calls for.
  case onCall(StepRole)
  /// Its condition, the text given, is false; proved all the same.
  case conditionIsFalse(String)
}
