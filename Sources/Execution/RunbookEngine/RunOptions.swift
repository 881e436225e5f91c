public import RunbookModel

/// How a run is attended, and the contract it starts with.
public struct RunOptions: Sendable, Hashable {
  /// Becomes the run's first event; `--yes` and `--confirm` are read from it.
  public var contract: RunPlanned
  /// Whether a person can be asked.
  public var hasTerminal: Bool
  /// How this process goes on with a run; nil for a new run.
  public var resumption: RunResumed?
  /// What a person said before of the step whose end nobody saw.
  public var decision: UnknownDecision?
  /// What the supervisor noted of that step's process.
  public var recovered: RecoveredExit?
  /// The run's locks, which this process has.
  public var locks: [LockClaim] = []

  /// Options of a new run.
  public init(contract: RunPlanned, hasTerminal: Bool) {
    self.contract = contract
    self.hasTerminal = hasTerminal
  }

  /// Whether an option says yes to `step`: `--yes` to anything below destructive, `--confirm ID` to that step.
  func covers(_ step: Step) -> Bool {
    contract.confirmed.contains(step.id) || (contract.answersYes && step.effect < .destructive)
  }
}
