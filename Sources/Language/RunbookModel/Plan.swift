/// A runbook bound to an environment and to parameters: exactly what would happen. Only this can be run.
///
/// A value with one canonical JSON form (`json`); its digest is the digest of those bytes.
public struct Plan: Sendable, Equatable {
  /// The runbook it was made from.
  public struct Source: Sendable, Hashable {
    public var name: String
    public var title: String
    /// Relative to the repository root where there is one.
    public var path: String
    public var digest: Digest

    /// All of it.
    public init(name: String, title: String, path: String, digest: Digest) {
      self.name = name
      self.title = title
      self.path = path
      self.digest = digest
    }
  }

  /// The program's version.
  public var program: String
  /// The page.
  public var runbook: Source
  /// Name, digest and policy of the environment; `targets` are inside the steps.
  public var environment: Environment
  /// Every parameter's value by name, defaults included; secrets as references.
  public var parameters: [String: Value]
  /// Main steps in the order they run, then undo, rescue and verify steps in document order.
  public var steps: [Step]
  /// The front matter's `locks`.
  public var locks: [String]
  /// The front matter's `timeout`.
  public var timeoutMilliseconds: Int?
  /// What `--from` and `--only` leave out, with the reason told by `SkipReason.notSelected`.
  public var unselected: [StepID]

  /// A plan; made by the compiler only.
  public init(
    program: String, runbook: Source, environment: Environment, parameters: [String: Value], steps: [Step],
    locks: [String], timeoutMilliseconds: Int?, unselected: [StepID]
  ) {
    self.program = program
    self.runbook = runbook
    self.environment = environment
    self.parameters = parameters
    self.steps = steps
    self.locks = locks
    self.timeoutMilliseconds = timeoutMilliseconds
    self.unselected = unselected
  }

  /// The step of that name.
  public func step(named id: StepID) -> Step? { steps.first { $0.id == id } }

  /// The steps of the walk, without undo, rescue and verify steps.
  public var mainSteps: [Step] { steps.filter { $0.role == .main } }
}
