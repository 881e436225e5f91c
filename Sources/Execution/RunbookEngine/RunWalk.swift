package import RunbookModel

/// A way through a plan as a value: events are folded in, actions come out. No I/O, no clock, no jq.
///
/// `apply` is the only mutation and takes only what the journal stores, so replay and live run are one path.
package protocol RunWalk: Sendable {
  /// Values and results so far.
  var ledger: Ledger { get }
  /// Whether the run was started.
  var hasStarted: Bool { get }
  /// Attempts of a step so far.
  func attempts(of id: StepID) -> Int
  /// What is left of the plan's time limit; nil without one. People's time does not count.
  var remainingMilliseconds: Int? { get }
  /// The status of a main step; nil where it is to be run (again).
  func status(of id: StepID) -> StepStatus?
  /// Why a step runs that is about to run.
  func role(of id: StepID) -> StepRole
  /// Whether a person can be offered to take things back now.
  var offersUndo: Bool { get }

  /// Folds one event in.
  mutating func apply(_ event: RunEvent.Kind)
  /// What to do next; the engine carries it out and applies the events that tell of it.
  func next(_ options: RunOptions) -> RunAction
}

/// What a walk wants done next.
package enum RunAction: Sendable, Equatable {
  /// Decide one of the step's conditions.
  case decide(StepID, index: Int)
  case skip(StepID, SkipReason)
  /// Ask, or note the answer that an option or the policy gives.
  case confirm(StepID, role: StepRole, ConfirmationRequest, automatically: AutomaticAnswer?)
  case askForManual(StepID, role: StepRole)
  case askForInput(StepID, role: StepRole)
  /// Intent first, then perform.
  case begin(StepID, role: StepRole, RehearsalStanding)
  /// It fails without having been started.
  case fail(StepID, role: StepRole, StepFailure)
  /// Ask what now, or note what the page says.
  case handleFailure(StepID, choices: [FailureChoice], automatically: FailureChoice?)
  case startUndo(after: StepID?, steps: [StepID])
  /// An intent without outcome was found.
  case settle(StepID, attempt: Int, role: StepRole)
  /// Ask what became of a step whose end nobody saw, or note what is known of it.
  case settleUnknown(StepID, choices: [FailureChoice], automatically: Settlement?)
  case finish(RunOutcome)
}

/// What an unknown step is taken for.
package struct Settlement: Sendable, Hashable {
  enum Verdict: Sendable, Hashable {
    /// It is settled.
    case resolve(StepStatus)
    /// It is still to be settled, or begun again.
    case choose(FailureChoice)
  }

  var verdict: Verdict
  var note: String?
  var source: AnswerSource

  init(_ verdict: Verdict, _ note: String?, _ source: AnswerSource) {
    self.verdict = verdict
    self.note = note
    self.source = source
  }

  /// What a person said before.
  init(_ decision: UnknownDecision) {
    switch decision.choice {
    case .done: verdict = .resolve(.done)
    case .failed, .giveUp: verdict = .resolve(.failed)
    case .retry: verdict = .choose(.retry)
    }
    note = decision.note
    source = .option
  }
}

/// An answer nobody was asked for.
package struct AutomaticAnswer: Sendable, Hashable {
  var answer: Answer
  var source: AnswerSource
}
