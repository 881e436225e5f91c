public import RunbookAdapter
public import RunbookModel

/// Carries out one step, for real or as a rehearsal. The one difference between a run and a dry run.
public protocol StepPerformer: Sendable {
  /// What is being done with the plan.
  var mode: RunMode { get }

  /// What the log says and a prompt shows of a step before it starts. Pure; secrets masked.
  func describe(_ step: Step, values: [String: Value]) -> StepDescription

  /// Carries out an action of kind `call` or `wait`; a rehearsal takes every action.
  @concurrent func perform(_ task: StepTask) async -> StepPerformance

  /// `text` without the run's secrets.
  func redacted(_ text: String) -> String

  /// See `StepServices.keep(_:as:)`.
  func keep(_ secret: String, as reference: SecretReference) throws(StepFailure)
}

/// What is known of a step before it starts.
public struct StepDescription: Sendable, Hashable {
  /// The target in full.
  public var target: String
  /// The exact program, SQL, request or subcommand.
  public var invocation: String
  /// Whether it would only be proved.
  public var isSimulated: Bool

  /// A description.
  public init(target: String, invocation: String, isSimulated: Bool) {
    self.target = target
    self.invocation = invocation
    self.isSimulated = isSimulated
  }
}

/// One attempt to make.
public struct StepTask: Sendable {
  public var run: RunID
  public var step: Step
  /// Counts from 1.
  public var attempt: Int
  public var role: StepRole
  /// What the names that the step mentions stand for.
  public var values: [String: Value]
  /// The variables that `expect`, `outputs` and `mask` mention.
  public var variables: [String: JSONValue]
  /// What is left of the run's time limit.
  public var remaining: Duration?
  /// Where it stands, of a rehearsal.
  public var standing: RehearsalStanding
  public var interrupt: any Interrupt

  /// A task.
  public init(
    run: RunID, step: Step, attempt: Int, role: StepRole, values: [String: Value],
    variables: [String: JSONValue], remaining: Duration? = nil, standing: RehearsalStanding,
    interrupt: any Interrupt
  ) {
    self.run = run
    self.step = step
    self.attempt = attempt
    self.role = role
    self.values = values
    self.variables = variables
    self.remaining = remaining
    self.standing = standing
    self.interrupt = interrupt
  }
}

/// What came of an attempt: redacted.
public struct StepPerformance: Sendable, Hashable {
  public var result: StepResult
  /// Without people's time.
  public var activeMilliseconds: Int
  /// Times it was tried under `within`; 0: nothing was run and nothing proved.
  public var polls = 1
  public var outputs: [OutputRecord] = []
  public var survivors: [String] = []
  public var artifacts: [Artifact] = []
  /// The log failed meanwhile, or what the step wrote could not be stored: the run is to end here.
  public var journalFailure: JournalFailure?

  /// An outcome without output.
  public init(_ result: StepResult, activeMilliseconds: Int) {
    self.result = result
    self.activeMilliseconds = activeMilliseconds
  }
}
