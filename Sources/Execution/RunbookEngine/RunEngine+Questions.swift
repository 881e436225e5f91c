import RunbookAdapter
import RunbookModel

extension RunEngine {
  // MARK: Confirmation

  func confirm(
    _ id: StepID, _ role: StepRole, _ request: ConfirmationRequest, _ automatic: AutomaticAnswer?
  ) async throws(JournalFailure) {
    let attempt = walk.attempts(of: id) + 1
    let request = ConfirmationRequest(
      question: performer.redacted(request.question), mustType: request.mustType)
    note(.confirmAsked(id, attempt: attempt, request))
    if let automatic {
      note(.confirmAnswered(id, attempt: attempt, automatic.answer, automatic.source))
      return
    }
    guard options.hasTerminal else {
      try await record(.confirmAnswered(id, attempt: attempt, .stop, .automatic))
      return
    }
    try await flush()
    var choices: [Answer] = [.run, .skip]
    if walk.offersUndo { choices.append(.undo) }
    choices.append(.stop)
    var prompt = ConfirmationPrompt(
      subject: subject(id, role), request: request, choices: choices, problem: nil)
    while true {
      let reply = await confirmer.confirm(prompt)
      if ended(reply == nil) { return }
      let answer = reply?.answer ?? .stop
      if !choices.contains(answer) {
        prompt.problem = "'\(answer.rawValue)' is no choice here"
      } else if answer == .run, let text = request.mustType, reply?.typed != text {
        prompt.problem = "type '\(text)' to run it"
      } else {
        let source: AnswerSource = reply == nil ? .automatic : .person
        try await record(.confirmAnswered(id, attempt: attempt, answer, source))
        return
      }
    }
  }

  // MARK: Manual steps and questions

  func askForManual(_ id: StepID, _ role: StepRole) async throws(JournalFailure) {
    guard case .manual(let task) = walk.ledger.step(id).action else {
      preconditionFailure("only a manual step is done by hand")
    }
    guard options.hasTerminal else { return try await stop(id, .automatic) }
    try await flush()
    var prompt = ManualPrompt(
      subject: subject(id, role), task: task, offersUndo: walk.offersUndo, problem: nil)
    while true {
      let reply = await confirmer.manual(prompt)
      if ended(reply == nil) { return }
      switch reply {
      case nil: return try await stop(id, .automatic)
      case .stop?: return try await stop(id, .person)
      case .undo?:
        if walk.offersUndo {
          return try await record(
            .confirmAnswered(id, attempt: walk.attempts(of: id) + 1, .undo, .person))
        }
        prompt.problem = "there is nothing to undo"
      case .done(let note)?:
        if !task.wantsEvidence || !(note ?? "").isBlank {
          return try await record(.manualAnswered(id, .done, note: redactedNote(note), .person))
        }
        prompt.problem = "this step wants evidence: note what you saw"
      case .skipped(let note)?:
        if !note.isBlank {
          return try await record(.manualAnswered(id, .skipped, note: redactedNote(note), .person))
        }
        prompt.problem = "note why it is skipped"
      case .failed(let note)?:
        if !note.isBlank {
          return try await record(.manualAnswered(id, .failed, note: redactedNote(note), .person))
        }
        prompt.problem = "note what failed"
      }
    }
  }

  func askForInput(_ id: StepID, _ role: StepRole) async throws(JournalFailure) {
    let step = walk.ledger.step(id)
    guard case .ask(let question) = step.action else { preconditionFailure("only an 'ask' step is asked") }
    guard options.hasTerminal else {
      guard options.contract.answersYes, let value = question.defaultValue else {
        return try await stop(id, .automatic)
      }
      return note(.inputAnswered(id, .plain(value), .automatic))
    }
    try await flush()
    let text = question.text.displayText(walk.ledger.values(for: step))
    var prompt = InputPrompt(
      subject: subject(id, role), text: performer.redacted(text), type: question.type,
      defaultValue: question.defaultValue, problem: nil)
    while true {
      let reply = await confirmer.input(prompt)
      if ended(reply == nil) { return }
      guard let reply else { return try await stop(id, .automatic) }
      if reply.isEmpty, let value = question.defaultValue {
        return try await record(.inputAnswered(id, .plain(value), .person))
      }
      switch accept(reply, of: question.type, for: id) {
      case .success(let value): return try await record(.inputAnswered(id, value, .person))
      case .failure(let problem): prompt.problem = problem.message
      }
    }
  }

  /// The answer as a value; of a secret a reference to what is kept in memory.
  private func accept(
    _ text: String, of type: ParameterType, for id: StepID
  ) -> Result<Value, ParameterProblem> {
    do throws(ParameterProblem) {
      let value = try type.value(parsing: text)
      guard type.kind == .secret else { return .success(.plain(value)) }
    } catch {
      return .failure(error)
    }
    let reference = SecretReference(name: id.variableName, source: .output(id, name: id.variableName))
    do throws(StepFailure) {
      try performer.keep(text, as: reference)
    } catch {
      return .failure(ParameterProblem(error.detail))
    }
    return .success(.secret(reference))
  }

  // MARK: Failure

  func handleFailure(
    _ id: StepID, _ choices: [FailureChoice], _ automatic: FailureChoice?
  ) async throws(JournalFailure) {
    let attempt = walk.attempts(of: id)
    if let automatic {
      return note(.failureAnswered(id, attempt: attempt, automatic, note: nil, .policy))
    }
    try await record(.failureAsked(id, attempt: attempt, choices: choices))
    let result = walk.ledger.results[id] ?? .null
    var prompt = FailurePrompt(
      subject: subject(id, .main), status: walk.status(of: id) ?? .failed, result: result, choices: choices,
      problem: nil)
    while true {
      let reply = await confirmer.failure(prompt)
      if ended(reply == nil) { return }
      let choice = reply?.choice ?? .stop
      var text: String?
      if case .done(let note)? = reply { text = redactedNote(note) }
      if !choices.contains(choice) {
        prompt.problem = "'\(choice.rawValue)' is no choice here"
      } else if choice == .done, text == nil {
        prompt.problem = "note why it counts as done"
      } else {
        let source: AnswerSource = reply == nil ? .automatic : .person
        return try await record(.failureAnswered(id, attempt: attempt, choice, note: text, source))
      }
    }
  }

  /// Settles a step whose end nobody saw.
  func settleUnknown(
    _ id: StepID, _ choices: [FailureChoice], _ automatic: Settlement?
  ) async throws(JournalFailure) {
    let attempt = walk.attempts(of: id)
    func event(_ settlement: Settlement) -> RunEvent.Kind {
      let text = redactedNote(settlement.note)
      switch settlement.verdict {
      case .resolve(let status):
        return .stepResolved(id, attempt: attempt, status, note: text ?? "", settlement.source)
      case .choose(let choice):
        return .failureAnswered(id, attempt: attempt, choice, note: text, settlement.source)
      }
    }
    if let automatic { return note(event(automatic)) }
    try await record(.failureAsked(id, attempt: attempt, choices: choices))
    var prompt = FailurePrompt(
      subject: subject(id, walk.role(of: id)), status: .unknown, result: walk.ledger.results[id] ?? .null,
      choices: choices, problem: nil)
    prompt.isLost = true
    while true {
      let reply = await confirmer.failure(prompt)
      if ended(reply == nil) { return }
      let choice = reply?.choice ?? .stop
      if !choices.contains(choice) {
        prompt.problem = "'\(choice.rawValue)' is no choice here"
        continue
      }
      let source: AnswerSource = reply == nil ? .automatic : .person
      switch (choice, redactedNote(reply?.note)) {
      case (.done, nil), (.failed, nil), (.retry, nil): prompt.problem = "note how you know"
      case (.done, let text): return try await record(event(Settlement(.resolve(.done), text, source)))
      case (.failed, let text): return try await record(event(Settlement(.resolve(.failed), text, source)))
      case (_, let text): return try await record(event(Settlement(.choose(choice), text, source)))
      }
    }
  }

  // MARK: Parts

  /// Whether a signal ended the question; then it stays open, and the run ends.
  private func ended(_ hasNoAnswer: Bool) -> Bool {
    guard hasNoAnswer, interrupt.level > .none else { return false }
    noteSignal()
    return true
  }

  private func stop(_ id: StepID, _ source: AnswerSource) async throws(JournalFailure) {
    try await record(.confirmAnswered(id, attempt: walk.attempts(of: id) + 1, .stop, source))
  }

  private func redactedNote(_ note: String?) -> String? {
    note.flatMap { $0.isBlank ? nil : performer.redacted($0) }
  }

  private func subject(_ id: StepID, _ role: StepRole) -> PromptSubject {
    let ledger = walk.ledger
    let step = ledger.step(id)
    let description = performer.describe(step, values: ledger.values(for: step))
    let undo = step.undo.map { ledger.step($0) }
    return PromptSubject(
      step: step, role: role, attempt: walk.attempts(of: id) + 1,
      position: ledger.mainSteps.firstIndex(of: id).map { $0 + 1 }, count: ledger.mainSteps.count,
      target: description.target, invocation: description.invocation,
      undoInvocation: undo.map { performer.describe($0, values: ledger.values(for: $0)).invocation })
  }
}

extension String {
  /// Whether there is nothing but white space in it.
  fileprivate var isBlank: Bool { allSatisfy(\.isWhitespace) }
}
