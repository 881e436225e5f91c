extension RunEvent.Kind {
  /// The event's word in the log, for example `step.intent`.
  public var type: String {
    switch self {
    case .runPlanned: "run.planned"
    case .runStarted: "run.started"
    case .runResumed: "run.resumed"
    case .runFinished: "run.finished"
    case .conditionDecided: "condition.decided"
    case .stepSkipped: "step.skipped"
    case .confirmAsked: "confirm.asked"
    case .confirmAnswered: "confirm.answered"
    case .manualAnswered: "manual.answered"
    case .inputAnswered: "input.answered"
    case .stepIntent: "step.intent"
    case .stepFinished: "step.finished"
    case .stepWithdrawn: "step.withdrawn"
    case .stepUnknown: "step.unknown"
    case .stepResolved: "step.resolved"
    case .artifact: "step.artifact"
    case .failureAsked: "failure.asked"
    case .failureAnswered: "failure.answered"
    case .undoStarted: "undo.started"
    case .signalReceived: "signal.received"
    case .lockAcquired: "lock.acquired"
    }
  }

  /// The step and attempt it tells of; nil for events of the whole run.
  public var subject: (step: StepID, attempt: Int?)? {
    switch self {
    case .runPlanned, .runStarted, .runResumed, .runFinished, .undoStarted, .signalReceived, .lockAcquired:
      nil
    case .conditionDecided(let step, _, _), .stepSkipped(let step, _), .manualAnswered(let step, _, _, _),
      .inputAnswered(let step, _, _), .artifact(let step, _):
      (step, nil)
    case .confirmAsked(let step, let attempt, _), .confirmAnswered(let step, let attempt, _, _),
      .stepWithdrawn(let step, let attempt), .stepUnknown(let step, let attempt),
      .stepResolved(let step, let attempt, _, _, _),
      .failureAsked(let step, let attempt, _), .failureAnswered(let step, let attempt, _, _, _):
      (step, attempt)
    case .stepIntent(let intent): (intent.step, intent.attempt)
    case .stepFinished(let finished): (finished.step, finished.attempt)
    }
  }

  /// What the event says beside its subject: ASCII names in a fixed order, integers only; what is absent is left
  /// out.
  ///
  /// Values that come from outside (a step's result, its outputs, parameters, answers) are JSON texts inside a
  /// string: that keeps their numbers, their member order and their names exactly as they were.
  public var data: [JSONValue.Member] {
    var data = EventMembers()
    switch self {
    case .runPlanned(let planned): planned.encode(into: &data)
    case .runStarted(let selection): data.add("selection", selection.map(\.rawValue))
    case .runResumed(let resumed): resumed.encode(into: &data)
    case .runFinished(let outcome): outcome.encode(into: &data)
    case .conditionDecided(_, let index, let isTrue):
      data.add("index", .integer(index))
      data.add("value", .boolean(isTrue))
    case .stepSkipped(_, let reason): reason.encode(into: &data)
    case .confirmAsked(_, _, let request):
      data.add("question", request.question)
      data.add("must_type", request.mustType)
    case .confirmAnswered(_, _, let answer, let source):
      data.add("answer", answer.rawValue)
      data.add("source", source.rawValue)
    case .manualAnswered(_, let answer, let note, let source):
      data.add("answer", answer.rawValue)
      data.add("note", note)
      data.add("source", source.rawValue)
    case .inputAnswered(_, let value, let source):
      switch value {
      case .plain(let value): data.add("value", value.text)
      case .secret(let reference):
        data.add("secret", ["name": .string(reference.name), "from": .string(reference.text)])
      }
      data.add("source", source.rawValue)
    case .stepIntent(let intent): intent.encode(into: &data)
    case .stepFinished(let finished): finished.encode(into: &data)
    case .stepWithdrawn, .stepUnknown: break
    case .stepResolved(_, _, let status, let note, let source):
      data.add("status", status.rawValue)
      data.add("note", note)
      data.add("source", source.rawValue)
    case .artifact(_, let artifact):
      data.add("path", artifact.path)
      data.add("bytes", .integer(artifact.byteCount))
      data.add("digest", artifact.digest.rawValue)
      data.add("owner", artifact.owner)
    case .failureAsked(_, _, let choices): data.add("choices", choices.map(\.rawValue))
    case .failureAnswered(_, _, let choice, let note, let source):
      data.add("answer", choice.rawValue)
      data.add("note", note)
      data.add("source", source.rawValue)
    case .undoStarted(let after, let steps):
      data.add("after", after?.rawValue)
      data.add("steps", steps.map(\.rawValue))
    case .signalReceived(let name): data.add("signal", name)
    case .lockAcquired(let claim):
      data.add("lock", claim.name)
      data.add("predecessor", claim.from?.rawValue)
    }
    return data.members
  }
}

/// Members in the order they are added.
private struct EventMembers {
  var members: [JSONValue.Member] = []

  mutating func add(_ name: String, _ value: JSONValue) { members.append(JSONValue.Member(name, value)) }

  mutating func add(_ name: String, _ text: String) { add(name, .string(text)) }

  mutating func add(_ name: String, _ text: String?) {
    if let text { add(name, .string(text)) }
  }

  mutating func add(_ name: String, _ texts: [String]) { add(name, .array(texts.map { .string($0) })) }
}

extension RunPlanned {
  fileprivate func encode(into data: inout EventMembers) {
    data.add(
      "runbook",
      [
        "name": .string(runbook.name), "title": .string(runbook.title), "path": .string(runbook.path),
        "digest": .string(runbook.digest.rawValue),
      ])
    data.add(
      "environment", ["name": .string(environment), "digest": .string(environmentDigest.rawValue)])
    data.add("plan", planDigest.rawValue)
    data.add("blobs", blobs.map(\.rawValue))
    data.add("parameters", JSONValue.object(parameters).text)
    data.add("yes", .boolean(answersYes))
    data.add("confirmed", confirmed.map(\.rawValue))
    data.add("git_commit", gitCommit)
    data.add("git_dirty", .boolean(gitIsDirty))
    data.add("directory", directory)
  }
}

extension RunResumed {
  fileprivate func encode(into data: inout EventMembers) {
    data.add("after", .integer(after))
    data.add("yes", .boolean(answersYes))
    data.add("confirmed", confirmed.map(\.rawValue))
    data.add("survivors", survivors)
    data.add("masks", masks)
  }
}

extension RunOutcome {
  fileprivate func encode(into data: inout EventMembers) {
    data.add("outcome", word)
    switch self {
    case .completed, .incomplete: break
    case .failed(let step), .undone(let step), .unknown(let step): data.add("step", step.rawValue)
    case .declined(let step): data.add("step", step?.rawValue)
    case .refused(let reason), .unlogged(let reason): data.add("reason", reason)
    case .interrupted(let signal): data.add("signal", .integer(signal))
    }
    data.add("exit", .integer(exitCode))
  }
}

extension SkipReason {
  fileprivate func encode(into data: inout EventMembers) {
    switch self {
    case .condition(let text):
      data.add("reason", "condition")
      data.add("condition", text)
    case .operatorChoice: data.add("reason", "operator")
    case .blocked(let step):
      data.add("reason", "blocked")
      data.add("by", step.rawValue)
    case .notSelected: data.add("reason", "not-selected")
    }
  }
}

extension StepRole {
  fileprivate func encode(into data: inout EventMembers) {
    switch self {
    case .main: data.add("role", "main")
    case .undo(let step):
      data.add("role", "undo")
      data.add("of", step.rawValue)
    case .rescue(let step):
      data.add("role", "rescue")
      data.add("of", step.rawValue)
    case .verify(let step):
      data.add("role", "verify")
      data.add("of", step.rawValue)
    }
  }
}

extension StepIntent {
  fileprivate func encode(into data: inout EventMembers) {
    role.encode(into: &data)
    data.add("title", title)
    data.add("effect", effect.rawValue)
    data.add("target", target)
    data.add("invocation", invocation)
    data.add("simulated", .boolean(isSimulated))
  }
}

extension StepFinished {
  fileprivate func encode(into data: inout EventMembers) {
    role.encode(into: &data)
    data.add("status", result.status.rawValue)
    data.add("reason", result.reason?.rawValue)
    data.add("detail", result.detail)
    data.add("effect_possible", .boolean(result.effectIsPossible))
    data.add("result", result.json.text)
    data.add("outputs", JSONValue.object(result.outputs).text)
    data.add("verdict", result.verdict?.rawValue)
    data.add("verdict_detail", result.verdictDetail)
    data.add("active_ms", .integer(activeMilliseconds))
    data.add("polls", .integer(polls))
    data.add("streams", .array(outputs.map(\.encoded)))
    data.add("survivors", survivors)
    data.add("recovered", .boolean(isRecovered))
  }
}

extension OutputRecord {
  fileprivate var encoded: JSONValue {
    var record = EventMembers()
    record.add("stream", stream.rawValue)
    record.add("bytes", .integer(byteCount))
    record.add("lines", .integer(lineCount))
    record.add("digest", digest.rawValue)
    record.add("text", text)
    record.add("blob", blob?.rawValue)
    record.add("truncated", .boolean(isTruncated))
    return .object(record.members)
  }
}
