public import RunbookModel

/// Asks the operator. Every method returns nil where there is no answer: an interrupt, or the end of input.
///
/// What is asked and what is answered is logged by the engine. A confirmer only shows and reads; it must return
/// soon after an interrupt.
public protocol Confirmer: Sendable {
  /// May this step start?
  func confirm(_ prompt: ConfirmationPrompt) async -> ConfirmationReply?
  /// How did this manual step end?
  func manual(_ prompt: ManualPrompt) async -> ManualReply?
  /// The text typed as the answer to an `ask`; empty takes the default.
  func input(_ prompt: InputPrompt) async -> String?
  /// What now?
  func failure(_ prompt: FailurePrompt) async -> FailureReply?
}

/// What every prompt shows of its step; secrets are masked.
public struct PromptSubject: Sendable, Hashable {
  public var step: Step
  /// Why it runs.
  public var role: StepRole
  /// The attempt that is asked about, counted from 1.
  public var attempt: Int
  /// Its place among the main steps, from 1; nil for undo and rescue steps.
  public var position: Int?
  /// How many main steps there are.
  public var count: Int
  /// The target in full.
  public var target: String
  /// The exact program, SQL, request or subcommand.
  public var invocation: String
  /// The same of the step that would take it back; nil where there is none.
  public var undoInvocation: String?

  /// All of it.
  public init(
    step: Step, role: StepRole, attempt: Int, position: Int?, count: Int, target: String, invocation: String,
    undoInvocation: String?
  ) {
    self.step = step
    self.role = role
    self.attempt = attempt
    self.position = position
    self.count = count
    self.target = target
    self.invocation = invocation
    self.undoInvocation = undoInvocation
  }
}

/// A question before a step starts.
public struct ConfirmationPrompt: Sendable, Hashable {
  public var subject: PromptSubject
  public var request: ConfirmationRequest
  /// The answers that make sense here, in the order to offer them.
  public var choices: [Answer]
  /// Why the last reply did not count; nil the first time.
  public var problem: String?

  /// A prompt.
  public init(subject: PromptSubject, request: ConfirmationRequest, choices: [Answer], problem: String? = nil)
  {
    self.subject = subject
    self.request = request
    self.choices = choices
    self.problem = problem
  }
}

/// The reply to a confirmation.
public struct ConfirmationReply: Sendable, Hashable {
  /// What to do.
  public var answer: Answer
  /// What was typed where the request wants something typed; the engine compares it.
  public var typed: String?

  /// A reply.
  public init(_ answer: Answer, typed: String? = nil) {
    self.answer = answer
    self.typed = typed
  }
}

/// A task for a person.
public struct ManualPrompt: Sendable, Hashable {
  public var subject: PromptSubject
  /// What is to be done.
  public var task: ManualTask
  /// Whether there is anything to undo.
  public var offersUndo: Bool
  /// Why the last reply did not count; nil the first time.
  public var problem: String?

  /// A prompt.
  public init(subject: PromptSubject, task: ManualTask, offersUndo: Bool, problem: String? = nil) {
    self.subject = subject
    self.task = task
    self.offersUndo = offersUndo
    self.problem = problem
  }
}

/// The reply to a manual step.
public enum ManualReply: Sendable, Hashable {
  /// With a note where the task wants evidence.
  case done(note: String?)
  /// The note says why.
  case skipped(note: String)
  /// The note says what was seen.
  case failed(note: String)
  /// Take back what was done so far.
  case undo
  case stop
}

/// A question with a typed answer.
public struct InputPrompt: Sendable, Hashable {
  public var subject: PromptSubject
  /// The question with values put in.
  public var text: String
  /// What the answer must be; of kind `secret` it must not be shown.
  public var type: ParameterType
  /// Taken on an empty answer.
  public var defaultValue: JSONValue?
  /// Why the last answer did not count; nil the first time.
  public var problem: String?

  /// A prompt.
  public init(
    subject: PromptSubject, text: String, type: ParameterType, defaultValue: JSONValue? = nil,
    problem: String? = nil
  ) {
    self.subject = subject
    self.text = text
    self.type = type
    self.defaultValue = defaultValue
    self.problem = problem
  }
}

/// A step that did not end well.
public struct FailurePrompt: Sendable, Hashable {
  public var subject: PromptSubject
  /// How it ended; its status is `failed` or `unknown`.
  public var status: StepStatus
  /// Its stored result.
  public var result: JSONValue
  /// The choices that are open here, in the order to offer them.
  public var choices: [FailureChoice]
  /// Whether an earlier process died in it: then every answer but to undo or to stop wants a note.
  public var isLost = false
  /// Why the last reply did not count; nil the first time.
  public var problem: String?

  /// A prompt.
  public init(
    subject: PromptSubject, status: StepStatus, result: JSONValue, choices: [FailureChoice],
    problem: String? = nil
  ) {
    self.subject = subject
    self.status = status
    self.result = result
    self.choices = choices
    self.problem = problem
  }
}

/// The reply to a failure; a choice that was not offered does not count.
public enum FailureReply: Sendable, Hashable {
  case retry, skip
  /// It is done all the same; the note says why.
  case done(note: String)
  /// Of a step whose end nobody saw: it did not take effect; the note says how that is known.
  case failed(note: String)
  /// Of a step whose end nobody saw: begin it again; the note says why that does no harm.
  case again(note: String)
  case undo, stop

  /// The word in the log.
  var choice: FailureChoice {
    switch self {
    case .retry: .retry
    case .skip: .skip
    case .done: .done
    case .failed: .failed
    case .again: .retry
    case .undo: .undo
    case .stop: .stop
    }
  }

  /// What was said with it.
  var note: String? {
    switch self {
    case .done(let note), .failed(let note), .again(let note): note
    case .retry, .skip, .undo, .stop: nil
    }
  }
}
