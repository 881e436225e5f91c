import RunbookAdapter
import RunbookDiagnostics
import RunbookEngine
import RunbookModel

/// Asks the operator at the terminal, after all that was written before is drawn.
actor TerminalConfirmer: Confirmer {
  private let terminal: OperatorTerminal
  private let display: RunDisplay
  private let interrupt: SignalInterrupt
  private let screen: Screen
  private let plan: Plan
  private let executor = BlockingExecutor(label: "runbook.confirmer")

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(
    terminal: OperatorTerminal, display: RunDisplay, interrupt: SignalInterrupt, screen: Screen, plan: Plan
  ) {
    self.terminal = terminal
    self.display = display
    self.interrupt = interrupt
    self.screen = screen
    self.plan = plan
  }

  func confirm(_ prompt: ConfirmationPrompt) async -> ConfirmationReply? {
    await asking {
      show(prompt.subject, problem: prompt.problem)
      while true {
        let keys = prompt.choices.map { Self.key(of: $0) } + [("e", "everything"), ("b", "back to the plan")]
        if let text = prompt.request.mustType {
          let offered = prompt.choices.contains(.run) ? "type '\(inert(text))' to run, or " : ""
          put(screen.styled("? \(inert(prompt.request.question))", .caution))
          let menu = Self.menu(keys.filter { $0.0 != "y" })
          guard let line = readLine("  \(offered)\(menu): ") else { return nil }
          if line == text { return ConfirmationReply(.run, typed: line) }
          if let answer = prompt.choices.first(where: { $0 != .run && Self.key(of: $0).0 == line }) {
            return ConfirmationReply(answer)
          }
          // A wrong name is the engine's to refuse and to log; a letter of ours is not a name.
          if !(line == "e" || line == "b") { return ConfirmationReply(.run, typed: line) }
          detail(line, prompt.subject)
        } else {
          put(screen.styled("? \(inert(prompt.request.question))", .caution))
          guard let key = readKey("  \(Self.menu(keys)): ", keys.map(\.0)) else { return nil }
          if let answer = prompt.choices.first(where: { Self.key(of: $0).0 == key }) {
            if answer == .run { display.noteAgreement(to: prompt.subject.step.id) }
            return ConfirmationReply(answer)
          }
          detail(key, prompt.subject)
        }
      }
    }
  }

  func manual(_ prompt: ManualPrompt) async -> ManualReply? {
    await asking {
      show(prompt.subject, problem: prompt.problem)
      put("  ☐ \(inert(prompt.task.text))")
      if prompt.task.wantsEvidence { put(screen.styled("  a note is wanted: say what you saw", .caution)) }
      var keys = [("d", "done"), ("s", "skip"), ("f", "failed"), ("q", "stop")]
      if prompt.offersUndo { keys.insert(("u", "undo what was done so far"), at: 3) }
      guard let key = readKey("  \(Self.menu(keys)): ", keys.map(\.0)) else { return nil }
      switch key {
      case "d":
        guard prompt.task.wantsEvidence else { return .done(note: nil) }
        return readNote("  what did you see? ").map { .done(note: $0) }
      case "s": return readNote("  why is it skipped? ").map { .skipped(note: $0) }
      case "f": return readNote("  what did you see? ").map { .failed(note: $0) }
      case "u": return .undo
      default: return .stop
      }
    }
  }

  func input(_ prompt: InputPrompt) async -> String? {
    await asking {
      show(prompt.subject, problem: prompt.problem)
      var question = "? \(inert(prompt.text))"
      if !prompt.type.choices.isEmpty {
        question += " (\(prompt.type.choices.map { inert($0) }.joined(separator: ", ")))"
      }
      if let value = prompt.defaultValue { question += " [\(inert(value.plainText))]" }
      return readLine(screen.styled(question, .caution) + " ", isSecret: prompt.type.kind == .secret)
    }
  }

  func failure(_ prompt: FailurePrompt) async -> FailureReply? {
    await asking {
      if let problem = prompt.problem { put(screen.styled("  \(inert(problem))", .bad)) }
      let keys: [(String, String)] = prompt.choices.compactMap { choice in
        switch choice {
        case .retry: ("r", "retry")
        case .skip: ("s", "skip")
        case .done: ("d", "it is done")
        case .failed: ("f", "it is not")
        case .undo: ("u", "undo back to the start")
        case .stop: ("q", "stop")
        case .continue, .rescue: nil
        }
      }
      let title = inert(prompt.subject.step.title)
      put(
        screen.styled(
          "? '\(title)' \(Self.state(prompt)). What now?", .bad))
      while true {
        let menu = Self.menu(keys + [("e", "everything")])
        guard let key = readKey("  \(menu): ", keys.map(\.0) + ["e"]) else { return nil }
        switch key {
        case "r":
          guard prompt.isLost else { return .retry }
          return readNote("  why does that do no harm? ").map { .again(note: $0) }
        case "s": return .skip
        case "d": return readNote("  how do you know? ").map { .done(note: $0) }
        case "f": return readNote("  how do you know? ").map { .failed(note: $0) }
        case "u": return .undo
        case "q": return .stop
        default:
          detail("e", prompt.subject)
          put(screen.styled(TerminalText.inertLines(prompt.result.prettyText, indent: "  "), .faint))
        }
      }
    }
  }

  private static func state(_ prompt: FailurePrompt) -> String {
    if prompt.isLost { return "was begun, nobody saw its end, and it may have happened" }
    return prompt.status == .unknown ? "may have happened" : "failed"
  }

  /// Draws all that is waiting, asks, and lets the display go on. Without a terminal the run ends here.
  private func asking<R: Sendable>(_ body: () -> R?) async -> R? {
    guard !interrupt.isHungUp else {
      interrupt.giveUpTerminal()
      return nil
    }
    await display.suspend()
    defer { display.resume() }
    if let answer = body() { return answer }
    interrupt.giveUpTerminal()
    return nil
  }

  private func inert(_ text: String) -> String { TerminalText.inert(text) }

  private func put(_ text: String, endsLine: Bool = true) { terminal.write(endsLine ? text + "\n" : text) }

  /// One of the letters in `keys`; anything else is refused with a bell.
  private func readKey(_ question: String, _ keys: [String]) -> String? {
    var question = question
    while true {
      guard case .answer(let byte) = terminal.readKey(question, interrupt: interrupt) else {
        put("")
        return nil
      }
      let key = String(decoding: [byte], as: UTF8.self).lowercased()
      if keys.contains(key) {
        put(key)
        return key
      }
      question = "\u{07}"
    }
  }

  private func readLine(_ question: String, isSecret: Bool = false) -> String? {
    guard case .answer(let line) = terminal.readLine(question, isSecret: isSecret, interrupt: interrupt)
    else {
      put("")
      return nil
    }
    return line
  }

  private func readNote(_ question: String) -> String? {
    while true {
      guard let line = readLine(question) else { return nil }
      if !line.allSatisfy(\.isWhitespace) { return line }
    }
  }

  /// What every prompt shows: number and title, the target in full, the exact program, the effect, the way back.
  private func show(_ subject: PromptSubject, problem: String?) {
    let step = subject.step
    if let problem { put(screen.styled("  \(inert(problem))", .bad)) }
    let place = subject.position.map { "[\($0)/\(subject.count)] " } ?? ""
    put(screen.styled("▸ \(place)\(inert(step.title)) #\(step.id)", .strong))
    if case .call = step.action {
      let declared = step.effectSource == .declared ? " (declared by the page)" : ""
      put(
        screen.styled(
          "  \(step.effect.rawValue)\(declared) · \(inert(subject.target))", EventLines.style(of: step.effect)
        ))
      let lines = TerminalText.lines(of: subject.invocation).filter { !$0.isEmpty }
      for line in lines.prefix(12) { put(screen.styled("  $ \(inert(line))", .link)) }
      if lines.count > 12 { put(screen.styled("  $ … \(lines.count - 12) more lines: e", .faint)) }
      if let undo = subject.undoInvocation {
        let lines = TerminalText.lines(of: undo).filter { !$0.isEmpty && !$0.hasPrefix("#") }
        let more = lines.count > 1 ? " … \(lines.count - 1) more lines: e" : ""
        put(screen.styled("  undo: \(inert(lines.first ?? ""))\(more)", .faint))
      } else if step.effect != .read {
        put(screen.styled("  undo: none", .faint))
      }
    }
  }

  private func detail(_ key: String, _ subject: PromptSubject) {
    if key == "b" {
      put(PlanView(plan: plan, registry: .standard, screen: screen).text, endsLine: false)
      return
    }
    put(screen.styled("  target: \(inert(subject.target))", .faint))
    put(TerminalText.inertLines(subject.invocation, indent: "  $ "))
    if let undo = subject.undoInvocation {
      put("  undo:")
      put(TerminalText.inertLines(undo, indent: "  $ "))
    }
    let step = subject.step
    for filter in step.conditions { put("  if: \(inert(filter.source))") }
    if let expect = step.expect { put("  expect: \(inert(expect.source))") }
    if let verify = step.verify { put("  verify: \(verify)") }
    put(
      "  timeout: \(EventLines.duration(milliseconds: step.timeoutMilliseconds)), line \(step.line) of the page"
    )
  }

  private static func key(of answer: Answer) -> (String, String) {
    switch answer {
    case .run: ("y", "run")
    case .skip: ("s", "skip")
    case .undo: ("u", "undo what was done so far")
    case .stop: ("q", "stop")
    }
  }

  private static func menu(_ keys: [(String, String)]) -> String {
    keys.map { "[\($0.0)] \($0.1)" }.joined(separator: "  ")
  }
}

/// Answers nothing: for runs without a terminal, where the pre-flight refused whatever would ask.
struct AbsentConfirmer: Confirmer {
  func confirm(_ prompt: ConfirmationPrompt) async -> ConfirmationReply? { nil }
  func manual(_ prompt: ManualPrompt) async -> ManualReply? { nil }
  func input(_ prompt: InputPrompt) async -> String? { nil }
  func failure(_ prompt: FailurePrompt) async -> FailureReply? { nil }
}
