import RunbookModel

extension RunEvent.Kind {
  /// The whole event in a few words, so that tests can compare whole logs.
  var line: String {
    switch self {
    case .runPlanned: "planned"
    case .runStarted(let selection): "started " + selection.map(\.rawValue).joined(separator: " ")
    case .runResumed(let resumed): "resumed after \(resumed.after)"
    case .runFinished(let outcome): "end \(outcome.line)"
    case .conditionDecided(let id, let index, let isTrue): "if \(id)[\(index)] \(isTrue)"
    case .stepSkipped(let id, let reason): "skip \(id) \(reason.line)"
    case .confirmAsked(let id, let attempt, let request):
      "ask \(id)#\(attempt)" + (request.mustType.map { " type \($0)" } ?? "")
    case .confirmAnswered(let id, let attempt, let answer, let source):
      "answer \(id)#\(attempt) \(answer.rawValue) \(source.rawValue)"
    case .manualAnswered(let id, let answer, let note, let source):
      "manual \(id) \(answer.rawValue)" + (note.map { " '\($0)'" } ?? "") + " \(source.rawValue)"
    case .inputAnswered(let id, let value, let source): "input \(id)=\(value.line) \(source.rawValue)"
    case .stepIntent(let intent):
      "intent \(intent.step)#\(intent.attempt)" + intent.role.line + (intent.isSimulated ? " simulated" : "")
    case .stepFinished(let finished): finished.line
    case .stepWithdrawn(let id, let attempt): "withdrawn \(id)#\(attempt)"
    case .stepUnknown(let id, let attempt): "lost \(id)#\(attempt)"
    case .stepResolved(let id, let attempt, let status, let note, let source):
      "resolved \(id)#\(attempt) \(status.rawValue) '\(note)' \(source.rawValue)"
    case .artifact(let id, let artifact): "artifact \(id) \(artifact.path) \(artifact.byteCount)"
    case .failureAsked(let id, let attempt, let choices):
      "what-now \(id)#\(attempt) " + choices.map(\.rawValue).joined(separator: ",")
    case .failureAnswered(let id, let attempt, let choice, let note, let source):
      "so \(id)#\(attempt) \(choice.rawValue)" + (note.map { " '\($0)'" } ?? "") + " \(source.rawValue)"
    case .undoStarted(let after, let steps):
      "undo after \(after?.rawValue ?? "-"): " + steps.map(\.rawValue).joined(separator: " ")
    case .signalReceived(let name): "signal \(name)"
    case .lockAcquired(let claim): "lock \(claim.name)" + (claim.from.map { " from \($0)" } ?? "")
    }
  }
}

extension StepFinished {
  fileprivate var line: String {
    var parts = ["\(result.status.rawValue) \(step)#\(attempt)"]
    if let verdict = result.verdict { parts.append("(\(verdict.rawValue))") }
    if let reason = result.reason { parts.append(reason.rawValue) }
    if polls != 1 { parts.append("polls=\(polls)") }
    for output in result.outputs { parts.append("\(output.name)=\(output.value.plainText)") }
    return parts.joined(separator: " ")
  }
}

extension RunOutcome {
  /// The outcome with its step.
  var line: String {
    switch self {
    case .completed, .incomplete: word
    case .failed(let id), .undone(let id), .unknown(let id): "\(word) \(id)"
    case .declined(let id): "\(word) \(id?.rawValue ?? "-")"
    case .refused(let why), .unlogged(let why): "\(word) \(why)"
    case .interrupted(let signal): "\(word) \(signal)"
    }
  }
}

extension SkipReason {
  fileprivate var line: String {
    switch self {
    case .condition(let text): "if \(text)"
    case .operatorChoice: "by choice"
    case .blocked(let by): "blocked by \(by)"
    case .notSelected: "not selected"
    }
  }
}

extension StepRole {
  fileprivate var line: String {
    switch self {
    case .main: ""
    case .undo(let id): " undo of \(id)"
    case .rescue(let id): " rescue of \(id)"
    case .verify(let id): " verify of \(id)"
    }
  }
}

extension Value {
  fileprivate var line: String {
    switch self {
    case .plain(let value): value.plainText
    case .secret(let reference): reference.text
    }
  }
}
