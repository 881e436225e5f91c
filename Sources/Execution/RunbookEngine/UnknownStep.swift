public import RunbookModel

/// What a person says of a step whose end nobody saw, before the run goes on.
public struct UnknownDecision: Sendable, Hashable {
  /// The words of `--as`, and `--give-up`.
  public enum Choice: String, Sendable, CaseIterable {
    /// It took effect.
    case done
    /// It did not, or not well: the page's way to handle a failure follows.
    case failed
    /// Run it again.
    case retry
    /// It counts as failed and the run ends.
    case giveUp = "give-up"
  }

  /// The step, and the attempt that is decided on: a later one is not.
  public var step: StepID
  public var attempt: Int
  public var choice: Choice
  /// How the person knows.
  public var note: String

  /// A decision.
  public init(step: StepID, attempt: Int, choice: Choice, note: String) {
    self.step = step
    self.attempt = attempt
    self.choice = choice
    self.note = note
  }
}

/// How the process of a step ended that nobody was there to see, by the supervisor's record.
public struct RecoveredExit: Sendable, Hashable {
  /// How a process ends by itself.
  public enum End: Sendable, Hashable {
    case exited(Int32)
    case signaled(Int32)
  }

  public var step: StepID
  public var attempt: Int
  public var end: End

  /// A record.
  public init(step: StepID, attempt: Int, end: End) {
    self.step = step
    self.attempt = attempt
    self.end = end
  }

  /// Whether the exit code is all there is to judge of `step`.
  public func decides(_ step: Step) -> Bool { result(of: step) != nil }

  /// The result it means; nil where the page judges more than the exit code, or takes something from the result.
  func result(of step: Step) -> StepResult? {
    guard case .call = step.action, step.expect == nil, step.outputs.isEmpty, step.mask == nil,
      step.produces.isEmpty, step.polling == nil, step.durationMilliseconds == nil
    else { return nil }
    let failure: StepFailure? =
      switch end {
      case .exited(0): nil
      case .exited(let code): StepFailure(.exit, "exit status \(code)", effectIsPossible: true)
      case .signaled(let signal): StepFailure(.signal, "ended by signal \(signal)", effectIsPossible: true)
      }
    // What it wrote was lost with the process that read it.
    var members: [JSONValue.Member] = [
      .init("stdout", .null), .init("stderr", .null), .init("truncated", true),
    ]
    if case .exited(let code) = end { members.insert(.init("exit", .integer(code)), at: 0) }
    guard let failure else {
      return StepResult(status: .ok, json: .result(members, .ok, nil, milliseconds: 0))
    }
    return StepResult(
      status: .failed, json: .result(members, .failed, failure, milliseconds: 0), reason: failure.reason,
      detail: failure.detail, effectIsPossible: step.effect > .read)
  }
}

/// The first step of a run that changes something and of which nobody knows whether it did.
///
/// A run that has one owes an answer: its locks are nobody else's until it is resumed or given up.
public struct OpenWrite: Sendable, Hashable {
  public let step: StepID
  public let attempt: Int

  /// What `events`, those of one run in order, leave open; nil: nothing.
  public init?(in events: some Sequence<RunEvent.Kind>) {
    var open: [(step: StepID, attempt: Int)] = []
    /// What the newest intent took the place of: open again where that is withdrawn.
    var replaced: (step: StepID, attempt: Int)?
    func settle(_ step: StepID) { open.removeAll { $0.step == step } }
    for event in events {
      switch event {
      case .stepIntent(let intent) where intent.effect > .read && !intent.isSimulated:
        replaced = open.first { $0.step == intent.step }
        settle(intent.step)
        open.append((intent.step, intent.attempt))
      case .stepWithdrawn(let step, let attempt):
        guard open.contains(where: { $0.step == step && $0.attempt == attempt }) else { break }
        settle(step)
        if let replaced, replaced.step == step { open.append(replaced) }
      case .stepFinished(let finished):
        if finished.result.status != .unknown { settle(finished.step) }
        if case .undo(let owner) = finished.role, finished.result.status == .ok { settle(owner) }
      case .stepResolved(let step, _, _, _, _): settle(step)
      case .failureAnswered(let step, _, let choice, _, _):
        switch choice {
        case .skip, .done, .failed, .continue: settle(step)
        case .retry, .undo, .stop, .rescue: break
        }
      case .runPlanned, .runStarted, .runResumed, .runFinished, .conditionDecided, .stepSkipped,
        .confirmAsked,
        .confirmAnswered, .manualAnswered, .inputAnswered, .stepIntent, .stepUnknown, .artifact,
        .failureAsked,
        .undoStarted, .signalReceived, .lockAcquired:
        break
      }
    }
    guard let first = open.first else { return nil }
    step = first.step
    attempt = first.attempt
  }
}
