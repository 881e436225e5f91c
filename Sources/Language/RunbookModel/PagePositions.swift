public import RunbookDiagnostics

/// Where in its page a runbook says things that only an environment or a parameter proves wrong.
public struct PagePositions: Sendable, Hashable {
  /// Of one step.
  public struct Step: Sendable, Hashable {
    /// Its `#id`, or the text the id was made from.
    public var id: SourceRange
    /// The value of `on`.
    public var target: SourceRange?

    /// A step without `on`.
    public init(id: SourceRange, target: SourceRange? = nil) {
      self.id = id
      self.target = target
    }
  }

  /// The front matter, for what it does not say.
  public var header: SourceRange = .startOfFile
  /// The allow-list `environments`.
  public var environments: SourceRange?
  /// The names under `parameters`.
  public var parameters: [String: SourceRange] = [:]
  /// The names under `requires.targets`.
  public var requiredTargets: [String: SourceRange] = [:]
  /// All steps.
  public var steps: [StepID: Step] = [:]

  /// No positions: everything is at the start of the page.
  public init() {}
}
