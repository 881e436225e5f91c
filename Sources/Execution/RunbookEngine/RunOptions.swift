public import RunbookModel

/// How a run is attended, and the contract it starts with.
public struct RunOptions: Sendable, Hashable {
  /// Becomes the run's first event; `--yes` and `--confirm` are read from it.
  public var contract: RunPlanned
  /// Whether a person can be asked.
  public var hasTerminal: Bool
  /// The sequence number of the last event that is replayed; nil for a new run.
  public var resumesAfter: UInt64?

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
