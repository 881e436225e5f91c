/// How a run ended; each has one exit code.
public enum RunOutcome: Sendable, Hashable {
  case completed
  case failed(StepID)
  /// A step failed and everything before it was taken back.
  case undone(StepID)
  /// The operator declined a step or stopped.
  case declined(StepID?)
  /// A dry run in which something was unverifiable or a deferred probe never ran.
  case incomplete
  /// Policy, approval or lock.
  case refused(String)
  case unknown(StepID)
  /// A signal ended it, by number.
  case interrupted(Int32)
  /// The log failed, for this reason; nothing was started after that.
  case unlogged(String)

  /// The process exit code.
  public var exitCode: Int32 {
    switch self {
    case .completed: 0
    case .failed: 1
    case .undone: 2
    case .declined: 4
    case .incomplete: 5
    case .refused: 6
    case .unknown: 7
    case .interrupted(let signal): 128 + signal
    case .unlogged: 74
    }
  }

  /// The word in logs and JSON.
  public var word: String {
    switch self {
    case .completed: "completed"
    case .failed: "failed"
    case .undone: "undone"
    case .declined: "declined"
    case .incomplete: "incomplete"
    case .refused: "refused"
    case .unknown: "unknown"
    case .interrupted: "interrupted"
    case .unlogged: "unlogged"
    }
  }
}

/// What is being done with a plan.
public enum RunMode: String, Sendable {
  case run
  case dryRun = "dry-run"
  case undo
}
