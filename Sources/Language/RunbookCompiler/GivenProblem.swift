public import RunbookModel

/// What is wrong with what a plan was asked for, where no place in the page is to blame.
public struct GivenProblem: Sendable, Hashable, Error {
  /// What was asked for.
  public enum Place: Sendable, Hashable {
    /// A parameter of that name.
    case parameter(String)
    /// To begin with that step.
    case from(StepID)
    /// That step alone.
    case only(StepID)
  }

  /// What was asked for.
  public let place: Place
  /// For people, lower case.
  public let message: String
  /// What to do about it.
  public let notes: [String]
}
