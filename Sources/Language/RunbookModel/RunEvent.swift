/// What the engine says happened. The journal adds seq, prev, id, time, host, boot, actor and program.
public struct RunEvent: Sendable, Hashable {
  /// The run it belongs to.
  public let run: RunID
  /// What the run is.
  public let mode: RunMode
  /// What happened.
  public let kind: Kind

  /// An event of a run.
  public init(run: RunID, mode: RunMode, kind: Kind) {
    self.run = run
    self.mode = mode
    self.kind = kind
  }

  /// Closed: a new case breaks every switch. `type` words are in `RunEvent+Encoding.swift`.
  public enum Kind: Sendable, Hashable {
    case runPlanned(RunPlanned)
    case runStarted(selection: [StepID])
    /// Another process goes on.
    case runResumed(RunResumed)
    case runFinished(RunOutcome)
    /// One `if` was decided: `index` counts `Step.conditions`.
    case conditionDecided(StepID, index: Int, isTrue: Bool)
    case stepSkipped(StepID, SkipReason)
    case confirmAsked(StepID, attempt: Int, ConfirmationRequest)
    case confirmAnswered(StepID, attempt: Int, Answer, AnswerSource)
    /// A person ended a manual step.
    case manualAnswered(StepID, ManualAnswer, note: String?, AnswerSource)
    /// The answer to an `ask`; a secret answer is a reference.
    case inputAnswered(StepID, Value, AnswerSource)
    case stepIntent(StepIntent)
    case stepFinished(StepFinished)
    /// Nothing of the attempt was started, though its intent is in the log: the log failed right behind it.
    case stepWithdrawn(StepID, attempt: Int)
    /// An intent without outcome was found.
    case stepUnknown(StepID, attempt: Int)
    /// A person, a `verify` step or a recovered exit code settled an unknown step.
    case stepResolved(StepID, attempt: Int, StepStatus, note: String, AnswerSource)
    case artifact(StepID, Artifact)
    case failureAsked(StepID, attempt: Int, choices: [FailureChoice])
    case failureAnswered(StepID, attempt: Int, FailureChoice, note: String?, AnswerSource)
    /// Steps that will be taken back, in that order.
    case undoStarted(after: StepID?, steps: [StepID])
    case signalReceived(String)
    /// The run has one of its locks; before anything of this process starts.
    case lockAcquired(LockClaim)
  }
}

/// The contract of a run, at its start.
public struct RunPlanned: Sendable, Hashable {
  public var runbook: Plan.Source
  public var environment: String
  public var environmentDigest: Digest
  public var planDigest: Digest
  /// Blobs that hold the page, the environment file and the plan as they were.
  public var blobs: [Digest]
  /// Parameters by name in order; secrets as their reference's text.
  public var parameters: [JSONValue.Member]
  /// `--yes`.
  public var answersYes: Bool
  /// `--confirm ID`.
  public var confirmed: [StepID]
  /// Commit of the runbook's repository, nil outside one.
  public var gitCommit: String?
  /// Whether the page differs from that commit.
  public var gitIsDirty: Bool
  /// Where steps run and what relative paths are relative to, absolute; a resumed run goes on there.
  public var directory: String

  /// What every run has.
  public init(runbook: Plan.Source, environment: String, environmentDigest: Digest, planDigest: Digest) {
    self.runbook = runbook
    self.environment = environment
    self.environmentDigest = environmentDigest
    self.planDigest = planDigest
    blobs = []
    parameters = []
    answersYes = false
    confirmed = []
    gitIsDirty = false
    directory = ""
  }
}

/// How another process goes on with a run.
public struct RunResumed: Sendable, Hashable {
  /// The sequence number of the run's last event before.
  public var after: UInt64
  /// `--yes` of this process: what the first one was given holds no longer.
  public var answersYes: Bool
  /// `--confirm ID` of this process.
  public var confirmed: [StepID]
  /// Processes of the run that were still there: pid and name.
  public var survivors: [String]
  /// Where a person said that texts stand which earlier steps had masked, as references.
  public var masks: [String] = []

  /// Without automatic answers, survivors and masks.
  public init(after: UInt64) {
    self.after = after
    answersYes = false
    confirmed = []
    survivors = []
  }
}

/// One of a run's locks.
public struct LockClaim: Sendable, Hashable {
  /// As in the page's front matter.
  public var name: String
  /// The dead run that held it before and left nothing open; nil where it was free.
  public var from: RunID?

  /// A claim.
  public init(name: String, from: RunID?) {
    self.name = name
    self.from = from
  }
}

/// Durable before anything of the step starts.
public struct StepIntent: Sendable, Hashable {
  public var step: StepID
  /// Counts from 1, over resumes.
  public var attempt: Int
  /// Why it runs, and for which step.
  public var role: StepRole
  public var title: String
  public var effect: Effect
  /// The target in full, secrets masked.
  public var target: String
  /// The exact program, SQL, request or subcommand with plain values, secrets masked.
  public var invocation: String
  /// A dry run's write is only proved.
  public var isSimulated: Bool

  /// All of it.
  public init(
    step: StepID, attempt: Int, role: StepRole, title: String, effect: Effect, target: String,
    invocation: String,
    isSimulated: Bool
  ) {
    self.step = step
    self.attempt = attempt
    self.role = role
    self.title = title
    self.effect = effect
    self.target = target
    self.invocation = invocation
    self.isSimulated = isSimulated
  }
}

/// The outcome of one attempt.
public struct StepFinished: Sendable, Hashable {
  public var step: StepID
  public var attempt: Int
  public var role: StepRole
  public var result: StepResult
  /// Without people's time.
  public var activeMilliseconds: Int
  /// Times the probe was repeated under `within`.
  public var polls: Int
  public var outputs: [OutputRecord]
  /// Processes of the step that outlived it: pid and name.
  public var survivors: [String]
  /// Taken from an exit record after a crash.
  public var isRecovered: Bool

  /// An outcome without output.
  public init(step: StepID, attempt: Int, role: StepRole, result: StepResult, activeMilliseconds: Int) {
    self.step = step
    self.attempt = attempt
    self.role = role
    self.result = result
    self.activeMilliseconds = activeMilliseconds
    polls = 1
    outputs = []
    survivors = []
    isRecovered = false
  }
}

/// Why a step runs: the fold needs it, because such a step lies outside document order.
public enum StepRole: Sendable, Hashable {
  case main
  case undo(of: StepID)
  case rescue(of: StepID)
  case verify(of: StepID)
}

/// Why a step did not run.
public enum SkipReason: Sendable, Hashable {
  /// The text of the condition that is false.
  case condition(String)
  case operatorChoice
  case blocked(by: StepID)
  /// Left out by `--from` or `--only`.
  case notSelected
}

/// What a confirmation wants and shows.
public struct ConfirmationRequest: Sendable, Hashable {
  /// The question as asked.
  public var question: String
  /// The target's name must be typed: this text exactly. nil: a key is enough.
  public var mustType: String?

  /// A request.
  public init(question: String, mustType: String?) {
    self.question = question
    self.mustType = mustType
  }
}

/// The answer to a confirmation.
public enum Answer: String, Sendable, CaseIterable {
  case run, skip, undo, stop
}

/// The answer to a manual step.
public enum ManualAnswer: String, Sendable, CaseIterable {
  case done, skipped, failed
}

/// What to do after a failure.
public enum FailureChoice: String, Sendable, CaseIterable {
  case retry, skip, done
  /// Of a step whose end nobody saw: it did not take effect, or not well.
  case failed
  case undo, stop
  /// By `on-failure=continue`; never asked.
  case `continue`
  /// By `on-failure=ID`; never asked.
  case rescue
}

/// Who gave an answer.
public enum AnswerSource: String, Sendable, CaseIterable {
  /// A person at the terminal.
  case person
  /// `--yes`, `--confirm` or `--as`.
  case option
  /// The environment's policy asks nothing here, or the page decides (`on-failure`).
  case policy
  /// A default, a `verify` step or an exit record.
  case automatic
}

/// A file that a step made.
public struct Artifact: Sendable, Hashable {
  public var path: String
  public var byteCount: Int
  public var digest: Digest
  /// Numeric owner and group, `0:0`.
  public var owner: String

  /// All of it.
  public init(path: String, byteCount: Int, digest: Digest, owner: String) {
    self.path = path
    self.byteCount = byteCount
    self.digest = digest
    self.owner = owner
  }
}
