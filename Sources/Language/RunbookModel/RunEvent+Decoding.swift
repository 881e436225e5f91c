/// Why a stored event cannot be read back.
public struct EventDecodingError: Error, Sendable, Hashable {
  /// What is missing or has the wrong shape, lower case, no full stop.
  public let message: String

  /// An error.
  public init(_ message: String) { self.message = message }
}

extension RunEvent.Kind {
  /// All words `init(type:step:data:)` knows, in the order of a run.
  public static let types = [
    "run.planned", "run.started", "run.resumed", "run.finished", "condition.decided", "step.skipped",
    "confirm.asked", "confirm.answered", "manual.answered", "input.answered", "step.intent", "step.finished",
    "step.withdrawn", "step.unknown", "step.resolved", "step.artifact", "failure.asked", "failure.answered",
    "undo.started",
    "signal.received", "lock.acquired",
  ]

  /// Reads an event back: the inverse of `type`, `subject` and `data`.
  ///
  /// - Parameters:
  ///   - type: One of `types`.
  ///   - step: The subject; nil for events of the whole run.
  ///   - data: An object with every text in place, also those that the store keeps in blobs.
  public init(
    type: String, step: (step: StepID, attempt: Int?)?, data: JSONValue
  ) throws(EventDecodingError) {
    let members = EventReader(data, in: type)
    func subject() throws(EventDecodingError) -> StepID {
      guard let step else { throw EventDecodingError("'\(type)' names no step") }
      return step.step
    }
    func attempt() throws(EventDecodingError) -> Int {
      guard let attempt = step?.attempt else { throw EventDecodingError("'\(type)' names no attempt") }
      return attempt
    }
    switch type {
    case "run.planned": self = .runPlanned(try RunPlanned(members))
    case "run.started": self = .runStarted(selection: try members.steps("selection"))
    case "run.resumed":
      guard let after = UInt64(exactly: try members.integer("after")) else { throw members.wrong("after") }
      var resumed = RunResumed(after: after)
      resumed.answersYes = try members.boolean("yes")
      resumed.confirmed = try members.steps("confirmed")
      resumed.survivors = try members.texts("survivors")
      resumed.masks = try members.texts("masks")
      self = .runResumed(resumed)
    case "run.finished": self = .runFinished(try RunOutcome(members))
    case "condition.decided":
      self = .conditionDecided(
        try subject(), index: try members.integer("index"), isTrue: try members.boolean("value"))
    case "step.skipped": self = .stepSkipped(try subject(), try SkipReason(members))
    case "confirm.asked":
      self = .confirmAsked(
        try subject(), attempt: try attempt(),
        ConfirmationRequest(
          question: try members.text("question"), mustType: try members.optionalText("must_type")))
    case "confirm.answered":
      self = .confirmAnswered(
        try subject(), attempt: try attempt(), try members.word("answer"), try members.word("source"))
    case "manual.answered":
      self = .manualAnswered(
        try subject(), try members.word("answer"), note: try members.optionalText("note"),
        try members.word("source"))
    case "input.answered":
      self = .inputAnswered(try subject(), try members.answer(), try members.word("source"))
    case "step.intent":
      self = .stepIntent(try StepIntent(members, step: try subject(), attempt: try attempt()))
    case "step.finished":
      self = .stepFinished(try StepFinished(members, step: try subject(), attempt: try attempt()))
    case "step.withdrawn": self = .stepWithdrawn(try subject(), attempt: try attempt())
    case "step.unknown": self = .stepUnknown(try subject(), attempt: try attempt())
    case "step.resolved":
      self = .stepResolved(
        try subject(), attempt: try attempt(), try members.word("status"), note: try members.text("note"),
        try members.word("source"))
    case "step.artifact":
      self = .artifact(
        try subject(),
        Artifact(
          path: try members.text("path"), byteCount: try members.integer("bytes"),
          digest: try members.digest("digest"), owner: try members.text("owner")))
    case "failure.asked":
      self = .failureAsked(try subject(), attempt: try attempt(), choices: try members.words("choices"))
    case "failure.answered":
      self = .failureAnswered(
        try subject(), attempt: try attempt(), try members.word("answer"),
        note: try members.optionalText("note"), try members.word("source"))
    case "undo.started":
      self = .undoStarted(
        after: try members.optionalText("after").map { StepID($0) }, steps: try members.steps("steps"))
    case "signal.received": self = .signalReceived(try members.text("signal"))
    case "lock.acquired":
      self = .lockAcquired(
        LockClaim(
          name: try members.text("lock"), from: try members.optionalText("predecessor").map { RunID($0) }))
    default: throw EventDecodingError("'\(type)' is no event of a run")
    }
  }
}

/// Typed access to an event's members.
private struct EventReader {
  let object: JSONValue
  let type: String

  init(_ object: JSONValue, in type: String) {
    self.object = object
    self.type = type
  }

  func wrong(_ name: String) -> EventDecodingError {
    EventDecodingError("'\(name)' of '\(type)' is missing or not as expected")
  }

  func text(_ name: String) throws(EventDecodingError) -> String {
    guard let text = object[name]?.string else { throw wrong(name) }
    return text
  }

  func optionalText(_ name: String) throws(EventDecodingError) -> String? {
    object[name] == nil ? nil : try text(name)
  }

  func integer(_ name: String) throws(EventDecodingError) -> Int {
    guard let value = object[name]?.integer else { throw wrong(name) }
    return value
  }

  func boolean(_ name: String) throws(EventDecodingError) -> Bool {
    guard let value = object[name]?.boolean else { throw wrong(name) }
    return value
  }

  func digest(_ name: String) throws(EventDecodingError) -> Digest { Digest(try text(name)) }

  func step(_ name: String) throws(EventDecodingError) -> StepID { StepID(try text(name)) }

  func word<Word: RawRepresentable<String>>(_ name: String) throws(EventDecodingError) -> Word {
    guard let word = Word(rawValue: try text(name)) else { throw wrong(name) }
    return word
  }

  func optionalWord<Word: RawRepresentable<String>>(_ name: String) throws(EventDecodingError) -> Word? {
    object[name] == nil ? nil : try word(name)
  }

  func texts(_ name: String) throws(EventDecodingError) -> [String] {
    guard let values = object[name]?.array else { throw wrong(name) }
    let texts = values.compactMap(\.string)
    guard texts.count == values.count else { throw wrong(name) }
    return texts
  }

  func words<Word: RawRepresentable<String>>(_ name: String) throws(EventDecodingError) -> [Word] {
    let texts = try texts(name)
    let words = texts.compactMap { Word(rawValue: $0) }
    guard words.count == texts.count else { throw wrong(name) }
    return words
  }

  func steps(_ name: String) throws(EventDecodingError) -> [StepID] { try texts(name).map { StepID($0) } }

  func reader(_ name: String) throws(EventDecodingError) -> EventReader {
    guard let value = object[name], value.members != nil else { throw wrong(name) }
    return EventReader(value, in: type)
  }

  /// A JSON text inside a string.
  func json(_ name: String) throws(EventDecodingError) -> JSONValue {
    guard let value = try? JSONValue(parsing: try text(name)) else { throw wrong(name) }
    return value
  }

  func members(_ name: String) throws(EventDecodingError) -> [JSONValue.Member] {
    guard let members = try json(name).members else { throw wrong(name) }
    return members
  }

  func answer() throws(EventDecodingError) -> Value {
    guard object["secret"] != nil else { return .plain(try json("value")) }
    let secret = try reader("secret")
    guard let reference = SecretReference(name: try secret.text("name"), parsing: try secret.text("from"))
    else {
      throw wrong("secret")
    }
    return .secret(reference)
  }

  func role() throws(EventDecodingError) -> StepRole {
    switch try text("role") {
    case "main": .main
    case "undo": .undo(of: try step("of"))
    case "rescue": .rescue(of: try step("of"))
    case "verify": .verify(of: try step("of"))
    default: throw wrong("role")
    }
  }
}

extension RunPlanned {
  fileprivate init(_ data: EventReader) throws(EventDecodingError) {
    let page = try data.reader("runbook")
    let environment = try data.reader("environment")
    self.init(
      runbook: Plan.Source(
        name: try page.text("name"), title: try page.text("title"), path: try page.text("path"),
        digest: try page.digest("digest")),
      environment: try environment.text("name"), environmentDigest: try environment.digest("digest"),
      planDigest: try data.digest("plan"))
    blobs = try data.texts("blobs").map { Digest($0) }
    parameters = try data.members("parameters")
    answersYes = try data.boolean("yes")
    confirmed = try data.steps("confirmed")
    gitCommit = try data.optionalText("git_commit")
    gitIsDirty = try data.boolean("git_dirty")
    directory = try data.text("directory")
  }
}

extension RunOutcome {
  fileprivate init(_ data: EventReader) throws(EventDecodingError) {
    switch try data.text("outcome") {
    case "completed": self = .completed
    case "failed": self = .failed(try data.step("step"))
    case "undone": self = .undone(try data.step("step"))
    case "declined": self = .declined(try data.optionalText("step").map { StepID($0) })
    case "incomplete": self = .incomplete
    case "refused": self = .refused(try data.text("reason"))
    case "unknown": self = .unknown(try data.step("step"))
    case "unlogged": self = .unlogged(try data.text("reason"))
    case "interrupted":
      guard let signal = Int32(exactly: try data.integer("signal")) else { throw data.wrong("signal") }
      self = .interrupted(signal)
    default: throw data.wrong("outcome")
    }
  }
}

extension SkipReason {
  fileprivate init(_ data: EventReader) throws(EventDecodingError) {
    switch try data.text("reason") {
    case "condition": self = .condition(try data.text("condition"))
    case "operator": self = .operatorChoice
    case "blocked": self = .blocked(by: try data.step("by"))
    case "not-selected": self = .notSelected
    default: throw data.wrong("reason")
    }
  }
}

extension StepIntent {
  fileprivate init(_ data: EventReader, step: StepID, attempt: Int) throws(EventDecodingError) {
    self.init(
      step: step, attempt: attempt, role: try data.role(), title: try data.text("title"),
      effect: try data.word("effect"), target: try data.text("target"),
      invocation: try data.text("invocation"),
      isSimulated: try data.boolean("simulated"))
  }
}

extension StepFinished {
  fileprivate init(_ data: EventReader, step: StepID, attempt: Int) throws(EventDecodingError) {
    var result = StepResult(
      status: try data.word("status"), json: try data.json("result"), reason: try data.optionalWord("reason"),
      detail: try data.optionalText("detail"), effectIsPossible: try data.boolean("effect_possible"))
    result.outputs = try data.members("outputs")
    result.verdict = try data.optionalWord("verdict")
    result.verdictDetail = try data.optionalText("verdict_detail")
    self.init(
      step: step, attempt: attempt, role: try data.role(), result: result,
      activeMilliseconds: try data.integer("active_ms"))
    polls = try data.integer("polls")
    guard let streams = data.object["streams"]?.array else { throw data.wrong("streams") }
    for stream in streams { outputs.append(try OutputRecord(EventReader(stream, in: data.type))) }
    survivors = try data.texts("survivors")
    isRecovered = try data.boolean("recovered")
  }
}

extension OutputRecord {
  fileprivate init(_ data: EventReader) throws(EventDecodingError) {
    self.init(
      stream: try data.word("stream"), byteCount: try data.integer("bytes"),
      lineCount: try data.integer("lines"), digest: try data.digest("digest"),
      text: try data.optionalText("text"), blob: try data.optionalText("blob").map { Digest($0) },
      isTruncated: try data.boolean("truncated"))
  }
}
