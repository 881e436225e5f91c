import RunbookAdapter
import RunbookEngine
import RunbookModel
import Testing

/// Going on in a new process with the events of the old one.
struct ResumeTests {
  /// Runs once, then goes on with `resume` after what was logged; gives the second process's outcome and log.
  private func resumed(
    _ first: Trial, settling: [RunEvent.Kind] = [], resume change: (inout Trial) -> Void = { _ in }
  ) async throws -> (outcome: RunOutcome, log: String, performer: ScriptedPerformer) {
    _ = try await first.run()
    var second = first
    second.journal = MemoryJournal()
    second.interrupt = FakeInterrupt()
    second.script = { _ in .ok() }
    second.resumesAfter = UInt64(first.journal.events.count - 1)
    change(&second)
    return try await second.run(replaying: first.journal.events + settling)
  }

  @Test func `an interrupted run goes on behind what it had done`() async throws {
    var trial = Trial([.call("a", .read), .call("b", .read)])
    let interrupt = trial.interrupt
    trial.script = { _ in
      interrupt.press()
      return .ok()
    }
    let (outcome, log, performer) = try await resumed(trial)
    #expect(outcome == .completed)
    #expect(performer.steps == ["b"])
    #expect(
      log == """
        resumed after 5; intent b#1
        ok b#1; end completed
        """)
  }

  @Test func `a declined step is asked about again`() async throws {
    var trial = Trial([.call("a", .read), .call("b"), .call("c", .read)])
    trial.answersYes = false
    trial.confirmer = ScriptedConfirmer([.confirm(.stop)])
    let (outcome, log, performer) = try await resumed(trial) {
      $0.confirmer = ScriptedConfirmer([.confirm(.run)])
    }
    #expect(outcome == .completed)
    #expect(performer.steps == ["b", "c"])
    #expect(log.hasPrefix("resumed after 6; ask b#1\nanswer b#1 run person\nintent b#1"))
  }

  @Test func `a failure that stopped the run is handled again`() async throws {
    var trial = Trial([.call("a", .read), .call("b", .read)])
    trial.hasTerminal = false
    trial.script = { _ in .failed() }
    let (outcome, log, performer) = try await resumed(trial) {
      $0.hasTerminal = true
      $0.confirmer = ScriptedConfirmer([.failure(.retry)])
    }
    #expect(outcome == .completed)
    #expect(performer.performed.map(\.attempt) == [2, 1])
    #expect(
      log.hasPrefix("resumed after 5; what-now a#1 retry,skip,done,stop\nso a#1 retry person\nintent a#2"))
  }

  @Test func `without a terminal a failed read is tried again, once, and a write is not`() async throws {
    for (effect, steps) in [(Effect.read, ["a", "b"]), (.write, [])] {
      var trial = Trial([.call("a", effect), .call("b", .read)])
      trial.hasTerminal = false
      trial.script = { _ in .failed() }
      let (outcome, log, performer) = try await resumed(trial)
      #expect(performer.steps == steps, "\(log)")
      #expect(outcome == (effect == .read ? .completed : .failed(StepID("a"))))
    }
    var trial = Trial([.call("a", .read)])
    trial.hasTerminal = false
    trial.script = { _ in .failed() }
    let (outcome, _, performer) = try await resumed(trial) { $0.script = { _ in .failed() } }
    #expect(outcome == .failed(StepID("a")) && performer.steps == ["a"])
  }

  @Test func `an unknown step that was settled since is passed`() async throws {
    var trial = Trial([.call("a"), .call("b", .read)])
    trial.hasTerminal = false
    trial.script = { _ in .unknown }
    let settled = RunEvent.Kind.stepResolved(
      StepID("a"), attempt: 1, .done, note: "seen in the console", .option)
    let (outcome, _, performer) = try await resumed(trial, settling: [settled])
    #expect(outcome == .completed)
    #expect(performer.steps == ["b"])
  }

  // MARK: Steps in which a process died

  /// The first process dies right after the intent of `step`, then another goes on.
  private func died(
    in step: String, _ steps: [Step], change: (inout Trial) -> Void = { _ in }
  ) async throws -> (outcome: RunOutcome, log: String, performer: ScriptedPerformer) {
    var first = Trial(steps)
    first.confirmed = steps.map(\.id)
    _ = try await first.run()
    let events = first.journal.events
    let intent = try #require(
      events.lastIndex { event in
        if case .stepIntent(let intent) = event { intent.step == StepID(step) } else { false }
      })
    var second = first
    second.journal = MemoryJournal()
    second.confirmed = []
    second.resumesAfter = UInt64(intent)
    change(&second)
    let result = try await second.run(replaying: Array(events[...intent]))
    #expect(result.log.hasPrefix("resumed after \(intent); "))
    return (result.outcome, String(result.log.dropFirst("resumed after \(intent); ".count)), result.performer)
  }

  @Test func `without a terminal it stays unknown, and nothing else starts`() async throws {
    let (outcome, log, performer) = try await died(in: "a", [.call("a"), .call("b", .read)]) {
      $0.hasTerminal = false
    }
    #expect(outcome.exitCode == 7)
    #expect(performer.steps.isEmpty)
    #expect(log == "lost a#1; so a#1 stop automatic; end unknown a")
  }

  @Test func `a read and what is idempotent are begun again`() async throws {
    for step in [Step.call("a", .read), .call("a", change: { $0.isIdempotent = true })] {
      let (outcome, log, performer) = try await died(in: "a", [step, .call("b", .read)]) {
        $0.hasTerminal = false
      }
      #expect(outcome == .completed)
      #expect(performer.performed.map(\.attempt) == [2, 1])
      #expect(log.hasPrefix("lost a#1; so a#1 retry policy; intent a#2\nok a#2; intent b#1\n"))
    }
  }

  @Test func `what destroys is confirmed again before it is begun again`() async throws {
    let steps: [Step] = [.call("a", .destructive) { $0.isIdempotent = true }]
    let (outcome, log, _) = try await died(in: "a", steps) {
      $0.confirmer = ScriptedConfirmer([.confirm(.run, typed: "local")])
    }
    #expect(outcome == .completed)
    #expect(log.hasPrefix("lost a#1; so a#1 retry policy; ask a#2 type local\n"), "\(log)")
  }

  private static func verified(_ change: (inout Step) -> Void = { _ in }) -> [Step] {
    [
      .call("a") {
        $0.verify = StepID("v")
        change(&$0)
      }, .call("b", .read), .call("v", .read, role: .verify),
    ]
  }

  @Test func `its verify step settles it`() async throws {
    let (outcome, log, performer) = try await died(in: "a", Self.verified()) { $0.hasTerminal = false }
    #expect(outcome == .completed)
    #expect(performer.steps == ["v", "b"])
    #expect(
      log == """
        lost a#1; intent v#1 verify of a
        ok v#1; resolved a#1 ok ''v' says that it took effect' automatic; intent b#1
        ok b#1; end completed
        """)
  }

  @Test func `a verify step that says no leaves it to the page, then to a person`() async throws {
    let says: @Sendable (StepTask) async -> StepResult = { $0.step.id == StepID("v") ? .failed() : .ok() }
    let (again, _, performer) = try await died(in: "a", Self.verified { $0.isIdempotent = true }) {
      $0.hasTerminal = false
      $0.script = says
    }
    #expect(again == .completed)
    #expect(performer.steps == ["v", "a", "b"])
    let (unknown, log, _) = try await died(in: "a", Self.verified()) {
      $0.hasTerminal = false
      $0.script = says
    }
    #expect(unknown.exitCode == 7)
    #expect(log.hasSuffix("failed v#1 exit; so a#1 stop automatic; end unknown a"), "\(log)")
    let confirmer = ScriptedConfirmer([.failure(.done(note: "seen"))])
    let (asked, _, second) = try await died(in: "a", Self.verified()) {
      $0.script = says
      $0.confirmer = confirmer
    }
    #expect(asked == .completed)
    #expect(second.steps == ["v", "b"])
  }

  @Test func `a main step may verify, and still has its own turn`() async throws {
    let steps: [Step] = [.call("a") { $0.verify = StepID("b") }, .call("b", .read)]
    let (outcome, _, performer) = try await died(in: "a", steps)
    #expect(outcome == .completed)
    #expect(
      performer.performed == [
        .init(step: StepID("b"), attempt: 1, role: .verify(of: StepID("a"))),
        .init(step: StepID("b"), attempt: 2, role: .main),
      ])
  }

  @Test func `a process that dies while it verifies verifies again`() async throws {
    let first = Trial(Self.verified())
    _ = try await first.run()
    let intent = try #require(
      first.journal.events.firstIndex { if case .stepIntent = $0 { true } else { false } })
    let before = Array(first.journal.events[...intent])
    var second = first
    second.journal = MemoryJournal()
    second.resumesAfter = UInt64(intent)
    _ = try await second.run(replaying: before)
    let verifying = try #require(
      second.journal.events.firstIndex { if case .stepIntent = $0 { true } else { false } })
    var third = first
    third.journal = MemoryJournal()
    third.resumesAfter = UInt64(intent + verifying + 1)
    let (outcome, log, performer) = try await third.run(
      replaying: before + second.journal.events[...verifying])
    #expect(outcome == .completed)
    #expect(performer.steps == ["v", "b"])
    #expect(log.contains("lost v#1; intent v#2 verify of a\n"), "\(log)")
  }

  @Test func `a person says what became of it, with a note`() async throws {
    let steps: [Step] = [.call("a"), .call("b", .read)]
    let confirmer = ScriptedConfirmer([
      .failure(.retry), .failure(.done(note: " ")), .failure(.done(note: "seen")),
    ])
    let (done, log, performer) = try await died(in: "a", steps) { $0.confirmer = confirmer }
    #expect(done == .completed)
    #expect(performer.steps == ["b"])
    #expect(confirmer.problems == ["note how you know", "note how you know"])
    #expect(
      log == """
        lost a#1; what-now a#1 done,failed,retry,stop
        resolved a#1 done 'seen' person
        intent b#1
        ok b#1; end completed
        """)
    let (again, _, second) = try await died(in: "a", steps) {
      $0.confirmer = ScriptedConfirmer([.failure(.again(note: "nothing was sent"))])
    }
    #expect(again == .completed)
    #expect(second.performed.map(\.attempt) == [2, 1])
    let (failed, _, third) = try await died(in: "a", steps) {
      $0.confirmer = ScriptedConfirmer([.failure(.failed(note: "not there")), .failure(.stop)])
    }
    #expect(failed == .failed(StepID("a")))
    #expect(third.steps.isEmpty)
  }

  @Test(arguments: UnknownDecision.Choice.allCases)
  func `what was said before is taken`(_ choice: UnknownDecision.Choice) async throws {
    let (outcome, log, performer) = try await died(in: "a", [.call("a"), .call("b", .read)]) {
      $0.hasTerminal = false
      $0.decision = UnknownDecision(step: StepID("a"), attempt: 1, choice: choice, note: "seen")
    }
    switch choice {
    case .done:
      #expect(outcome == .completed && performer.steps == ["b"])
      #expect(log.hasPrefix("lost a#1; resolved a#1 done 'seen' option; intent b#1\n"))
    case .failed:
      #expect(outcome == .failed(StepID("a")) && performer.steps.isEmpty)
      #expect(log == "lost a#1; resolved a#1 failed 'seen' option; so a#1 stop policy; end failed a")
    case .retry:
      #expect(outcome == .completed && performer.steps == ["a", "b"])
      #expect(log.hasPrefix("lost a#1; so a#1 retry 'seen' option; intent a#2\n"))
    case .giveUp:
      #expect(outcome == .failed(StepID("a")) && performer.steps.isEmpty)
      #expect(log == "lost a#1; resolved a#1 failed 'seen' option; end failed a")
    }
  }

  @Test func `a recovered exit code decides where it is all there is to judge`() async throws {
    func exit(_ code: Int32) -> RecoveredExit {
      RecoveredExit(step: StepID("a"), attempt: 1, end: .exited(code))
    }
    let (good, log, performer) = try await died(in: "a", [.call("a"), .call("b", .read)]) {
      $0.recovered = exit(0)
    }
    #expect(good == .completed && performer.steps == ["b"])
    #expect(log.hasPrefix("ok a#1; intent b#1\n"))
    let (bad, badLog, _) = try await died(in: "a", [.call("a")]) {
      $0.recovered = exit(3)
      $0.hasTerminal = false
    }
    #expect(bad == .failed(StepID("a")))
    #expect(badLog == "failed a#1 exit; so a#1 stop policy; end failed a")
    let (unknown, _, _) = try await died(in: "a", [.call("a") { $0.expect = Filter("true") }]) {
      $0.recovered = exit(0)
      $0.hasTerminal = false
    }
    #expect(unknown == .unknown(StepID("a")))
    let (other, _, _) = try await died(in: "a", [.call("a")]) {
      $0.recovered = RecoveredExit(step: StepID("a"), attempt: 2, end: .exited(0))
      $0.hasTerminal = false
    }
    #expect(other == .unknown(StepID("a")))
  }

  @Test func `a write that was cut off and left unknown is settled when the run goes on`() async throws {
    var trial = Trial([.call("a"), .call("b", .read)])
    trial.hasTerminal = false
    trial.script = { _ in .unknown }
    let (outcome, log, performer) = try await resumed(trial) {
      $0.decision = UnknownDecision(step: StepID("a"), attempt: 1, choice: .done, note: "seen")
    }
    #expect(outcome == .completed && performer.steps == ["b"])
    #expect(log.contains("resolved a#1 done 'seen' option"))
  }

  @Test func `a step of the way back that was lost is settled, and the way goes on`() async throws {
    let steps = Step.undoable("a") + Step.undoable("b") + [.call("c", .read) { $0.onFailure = .undo }]
    var first = Trial(steps)
    first.script = { $0.step.id == StepID("c") ? .failed() : .ok() }
    let (undone, _, _) = try await first.run()
    #expect(undone == .undone(StepID("c")))
    let events = first.journal.events
    let intent = try #require(
      events.firstIndex { event in
        if case .stepIntent(let intent) = event { intent.step == StepID("un-b") } else { false }
      })
    var second = first
    second.journal = MemoryJournal()
    second.resumesAfter = UInt64(intent)
    second.hasTerminal = false
    second.decision = UnknownDecision(step: StepID("un-b"), attempt: 1, choice: .done, note: "seen")
    let (outcome, log, performer) = try await second.run(replaying: Array(events[...intent]))
    #expect(outcome == .undone(StepID("c")), "\(log)")
    #expect(performer.steps == ["un-a"])
  }

  // MARK: What is carried over

  @Test func `a yes that nothing followed is asked for again`() async throws {
    var first = Trial([.call("a")])
    first.answersYes = false
    first.confirmer = ScriptedConfirmer([.confirm(.run)])
    _ = try await first.run()
    let answer = try #require(
      first.journal.events.firstIndex { if case .confirmAnswered = $0 { true } else { false } })
    var second = first
    second.journal = MemoryJournal()
    second.resumesAfter = UInt64(answer)
    second.confirmer = ScriptedConfirmer([.confirm(.stop)])
    let (outcome, _, performer) = try await second.run(replaying: Array(first.journal.events[...answer]))
    #expect(outcome == .declined(StepID("a")) && performer.steps.isEmpty)
  }

  @Test func `secrets are read and asked for again where they are still wanted`() async throws {
    let secret = Step.Output(name: "token", filter: nil, isSecret: true)
    let steps: [Step] = [
      .ask("password", ParameterType(.secret)),
      .call("login", .read) {
        $0.outputs = [secret]
        $0.uses = ["password"]
      }, .call("stop", .read), .call("use", .read) { $0.uses = ["token"] },
    ]
    var first = Trial(steps)
    first.confirmer = ScriptedConfirmer([.input("geheim99")])
    let interrupt = first.interrupt
    first.script = { task in
      if task.step.id == StepID("stop") { interrupt.press() }
      return .ok()
    }
    let (outcome, log, performer) = try await resumed(first) {
      $0.confirmer = ScriptedConfirmer([.input("geheim99")])
    }
    #expect(outcome == .completed, "\(log)")
    #expect(performer.steps == ["login", "use"])
  }

  @Test func `a secret that a write made is lost, and what needs it is blocked`() async throws {
    let secret = Step.Output(name: "token", filter: nil, isSecret: true)
    let steps: [Step] = [
      .call("make") { $0.outputs = [secret] }, .call("stop", .read),
      .call("use", .read) { $0.uses = ["token"] },
    ]
    var first = Trial(steps)
    let interrupt = first.interrupt
    first.script = { task in
      if task.step.id == StepID("stop") { interrupt.press() }
      return .ok()
    }
    let (outcome, log, performer) = try await resumed(first)
    #expect(performer.steps.isEmpty, "\(log)")
    #expect(log.contains("skip use blocked by make"))
    #expect(outcome == .failed(StepID("use")))
    let resumption = Resumption(run: Trial.run, mode: .run, plan: first.plan, events: first.journal.events)
    #expect(resumption.lostSecrets.map { $0.name } == ["token"])
  }

  @Test func `a dry run goes on as one and rehearses again what it was at`() async throws {
    var first = Trial([.call("a", .read), .call("b", .read)])
    first.mode = .dryRun
    _ = try await first.run()
    let intent = try #require(
      first.journal.events.firstIndex { if case .stepIntent = $0 { true } else { false } })
    var second = first
    second.journal = MemoryJournal()
    second.resumesAfter = UInt64(intent)
    let (_, _, performer) = try await second.run(replaying: Array(first.journal.events[...intent]))
    #expect(performer.steps == ["a", "b"])
    #expect(performer.performed.map(\.attempt) == [2, 1])
  }

  @Test func `what is said of another step does not settle the one that is open`() async throws {
    let first = Trial([.call("a"), .call("b")])
    _ = try await first.run()
    let events = first.journal.events
    let intent = try #require(
      events.firstIndex {
        if case .stepIntent(let intent) = $0 { intent.step == StepID("a") } else { false }
      })
    let open = Array(events[...intent])
    for forged in [
      RunEvent.Kind.stepResolved(StepID("b"), attempt: 1, .done, note: "", .person),
      .stepResolved(StepID("a"), attempt: 2, .done, note: "", .person), .stepUnknown(StepID("b"), attempt: 1),
    ] {
      let resumption = Resumption(run: Trial.run, mode: .run, plan: first.plan, events: open + [forged])
      #expect(resumption.unknown?.step.id == StepID("a"))
      #expect(Resumption.defect(in: open + [forged], of: first.plan) != nil)
    }
    #expect(Resumption.defect(in: events, of: first.plan) == nil)
  }

  @Test func `a log may say anything, and nothing goes on from what cannot be`() async throws {
    let first = Trial([.call("a"), .call("b")])
    _ = try await first.run()
    let events = first.journal.events
    func forged(_ change: (inout StepFinished) -> Void) -> [RunEvent.Kind] {
      events.map { event in
        guard case .stepFinished(var finished) = event else { return event }
        change(&finished)
        return .stepFinished(finished)
      }
    }
    for milliseconds in [Int.max, Int.min, -1] {
      let changed = forged { $0.activeMilliseconds = milliseconds }
      _ = Resumption(run: Trial.run, mode: .run, plan: first.plan, events: changed)
      _ = Resumption(run: Trial.run, mode: .dryRun, plan: first.plan, events: changed)
      #expect(Resumption.defect(in: changed, of: first.plan) != nil)
    }
    for defect in [
      [RunEvent.Kind.undoStarted(after: StepID("ghost"), steps: [])],
      [.undoStarted(after: nil, steps: [StepID("ghost")])],
      [.conditionDecided(StepID("a"), index: .max, isTrue: true)], forged { $0.step = StepID("ghost") },
      forged { $0.attempt = .max }, [.failureAnswered(StepID("a"), attempt: -1, .retry, note: nil, .person)],
    ] {
      #expect(Resumption.defect(in: events + defect, of: first.plan) != nil, "\(defect)")
    }
  }

  @Test func `a run that ended for good has an end`() async throws {
    let first = Trial([.call("a"), .call("b", .read)])
    _ = try await first.run()
    let events = first.journal.events
    func resumption(_ count: Int) -> Resumption {
      Resumption(run: Trial.run, mode: .run, plan: first.plan, events: Array(events.prefix(count)))
    }
    #expect(resumption(events.count).end == .completed)
    for count in 2..<events.count { #expect(resumption(count).end == nil) }
    let intent = try #require(events.firstIndex { if case .stepIntent = $0 { true } else { false } })
    #expect(resumption(intent + 1).unknown?.step.id == StepID("a"))
    #expect(resumption(intent + 1).unknown?.isSettledByPage == false)
    #expect(resumption(intent + 2).unknown == nil)
    #expect(resumption(intent + 2).passed == [StepID("a")])
  }

  @Test func `an open write is one whose outcome nobody knows`() async throws {
    let first = Trial([.call("r", .read), .call("a")])
    _ = try await first.run()
    let events = first.journal.events
    for count in 0...events.count {
      let open = OpenWrite(in: events.prefix(count))
      if case .stepIntent(let intent)? = events.prefix(count).last, intent.step == StepID("a") {
        #expect(open?.step == StepID("a"))
      } else {
        #expect(open == nil)
      }
    }
    var cutOff = first
    cutOff.journal = MemoryJournal()
    cutOff.hasTerminal = false
    cutOff.script = { $0.step.id == StepID("a") ? .unknown : .ok() }
    _ = try await cutOff.run()
    #expect(OpenWrite(in: cutOff.journal.events)?.step == StepID("a"))
    let settled = RunEvent.Kind.stepResolved(StepID("a"), attempt: 1, .failed, note: "", .option)
    #expect(OpenWrite(in: cutOff.journal.events + [settled]) == nil)
  }
}
