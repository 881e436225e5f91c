import RunbookAdapter
import RunbookEngine
import RunbookModel
import Testing

/// Signals and the run's time limit.
struct EndTests {
  @Test(arguments: [("SIGINT", Int32(130)), ("SIGTERM", 143), ("SIGHUP", 129)])
  func `a signal ends the running read and then the run`(signal: String, code: Int32) async throws {
    var trial = Trial([.call("a", .read) { $0.onFailure = .continue }, .call("b", .read)])
    let interrupt = trial.interrupt
    trial.script = { _ in
      interrupt.press(signal)
      return .failed(.cancelled, effectIsPossible: false)
    }
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome.exitCode == code)
    #expect(performer.steps == ["a"])
    #expect(
      log == """
        planned; started a b; intent a#1
        signal \(signal); failed a#1 cancelled; end interrupted \(code - 128)
        """)
  }

  @Test func `a signal that cuts off a write leaves it unknown`() async throws {
    var trial = Trial([.call("a"), .call("b", .read)])
    let interrupt = trial.interrupt
    trial.script = { _ in
      interrupt.press()
      return .unknown
    }
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .unknown(StepID("a")))
    #expect(log.hasSuffix("signal SIGINT; unknown a#1 timeout; end unknown a"))
  }

  @Test func `a signal before the first step starts nothing`() async throws {
    let trial = Trial([.call("a", .read)])
    trial.interrupt.press()
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .interrupted(2))
    #expect(performer.steps.isEmpty)
    #expect(log == "planned; started a; signal SIGINT; end interrupted 2")
  }

  @Test func `a signal behind the last step changes nothing any more`() async throws {
    var trial = Trial([.call("a", .read)])
    let interrupt = trial.interrupt
    trial.script = { _ in
      interrupt.press()
      return .ok()
    }
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .completed)
    #expect(log.hasSuffix("signal SIGINT; ok a#1; end completed"))
  }

  @Test func `a signal at a prompt leaves the question open`() async throws {
    let steps: [(Step, String)] = [
      (.call("a"), "ask a#1\n"), (.manual("a"), "started a\n"), (.ask("a"), "started a\n"),
    ]
    for (step, asked) in steps {
      var trial = Trial([step])
      trial.answersYes = false
      let interrupt = trial.interrupt
      trial.confirmer = ScriptedConfirmer([.nothing { interrupt.press() }])
      let (outcome, log, _) = try await trial.run()
      #expect(outcome == .interrupted(2))
      #expect(log.hasSuffix(asked + "signal SIGINT; end interrupted 2"))
    }
  }

  @Test func `a run whose log fails ends at once, and says so in the log if there is room for that`()
    async throws
  {
    var trial = Trial([.call("a", .read), .call("b", .read)])
    trial.journal = MemoryJournal(capacity: 1, hasReserve: true)
    await #expect(throws: JournalFailure("no space left on device")) { try await trial.run() }
    #expect(
      trial.journal.log == """
        planned; started a b; intent a#1
        end unlogged no space left on device
        """)
    #expect(RunOutcome.unlogged("full").exitCode == 74)
  }

  @Test func `an intent that is in the log although the log failed is taken back, and a resume begins it`()
    async throws
  {
    var trial = Trial([.call("a", .read), .call("b"), .call("c", .read)])
    trial.journal = MemoryJournal(capacity: 1, hasReserve: true, recordsFailure: true)
    let failure = await #expect(throws: JournalFailure.self) { try await trial.run() }
    #expect(failure?.isRecorded == true)
    #expect(
      trial.journal.log == """
        planned; started a b c; intent a#1
        ok a#1; ask b#1; answer b#1 run option; intent b#1
        withdrawn b#1; end unlogged the sink does not take the events
        """)
    let events = trial.journal.events
    #expect(OpenWrite(in: events) == nil)
    #expect(Resumption(run: Trial.run, mode: .run, plan: trial.plan, events: events).unknown == nil)
    var second = trial
    second.journal = MemoryJournal()
    second.resumesAfter = UInt64(events.count - 1)
    let (outcome, log, performer) = try await second.run(replaying: events)
    #expect(outcome == .completed)
    #expect(performer.performed.map(\.attempt) == [2, 1])
    #expect(
      log.hasPrefix("resumed after \(events.count - 1); ask b#2; answer b#2 run option; intent b#2\n"),
      "\(log)")
  }

  @Test func `an end that is in the log although the log failed is not told twice`() async throws {
    var trial = Trial([.call("a", .read)])
    trial.journal = MemoryJournal(capacity: 1, hasReserve: true, recordsFailure: true)
    await #expect(throws: JournalFailure.self) { try await trial.run() }
    #expect(trial.journal.log == "planned; started a; intent a#1\nok a#1; end completed")
  }

  @Test func `a run whose step's output cannot be stored tells how the step ended, and ends`() async throws {
    let trial = Trial([.call("a", .read), .call("b", .read)])
    let performer = LivePerformer(
      plan: trial.plan, adapters: AdapterRegistry([FakeAdapter()]), services: FakeServices(isFull: true),
      filters: trial.filters)
    await #expect(throws: JournalFailure("no space left on device")) {
      try await trial.engine(performer).execute()
    }
    #expect(
      trial.journal.log == """
        planned; started a b; intent a#1
        ok a#1; end unlogged no space left on device
        """)
  }

  @Test(arguments: [(Effect.destructive, true), (.write, false)])
  func `when the log fails under a step, a destructive one is ended and any other may finish`(
    effect: Effect, isEnded: Bool
  ) async throws {
    var trial = Trial([.call("a", effect), .call("b", .read)])
    trial.confirmed = [StepID("a")]
    let (journal, interrupt) = (trial.journal, trial.interrupt)
    trial.script = { _ in
      journal.fail()
      for _ in 0..<1000 where interrupt.level == .none {
        if !isEnded { return .ok() }
        try? await Task.sleep(for: .milliseconds(5))
      }
      return interrupt.level == .gentle ? .unknown : .ok()
    }
    guard isEnded else {
      #expect(try await trial.run().outcome == .completed)
      return
    }
    await #expect(throws: JournalFailure("the journal was removed or replaced")) { try await trial.run() }
    #expect(
      trial.journal.log.hasSuffix(
        "unknown a#1 timeout; end unlogged the journal was removed or replaced"), "\(trial.journal.log)")
  }

  @Test func `a signal at the failure menu ends the run too`() async throws {
    var trial = Trial([.call("a", .read)])
    let interrupt = trial.interrupt
    trial.script = { _ in .failed() }
    trial.confirmer = ScriptedConfirmer([.nothing { interrupt.press() }])
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .interrupted(2))
    #expect(log.hasSuffix("what-now a#1 retry,skip,done,stop\nsignal SIGINT; end interrupted 2"))
  }

  @Test func `a signal ends an undo between two steps`() async throws {
    var trial = Trial(
      Step.undoable("a") + Step.undoable("b") + [.call("c", .read) { $0.onFailure = .undo }])
    let interrupt = trial.interrupt
    trial.script = { task in
      if task.step.id.rawValue == "un-b" { interrupt.press() }
      return task.step.id.rawValue == "c" ? .failed() : .ok()
    }
    let (outcome, _, performer) = try await trial.run()
    #expect(outcome == .interrupted(2))
    #expect(performer.steps.last == "un-b")
  }

  @Test func `a used-up time limit stops the run, but not its undoing`() async throws {
    var trial = Trial(
      Step.undoable("a") + [
        .call("b", .read) { $0.onFailure = .continue }, .call("c", .read) { $0.onFailure = .undo },
      ])
    trial.plan.timeoutMilliseconds = 20
    trial.script = { task in
      let left: [String: Duration] = ["a": .milliseconds(20), "b": .milliseconds(10)]
      #expect(task.remaining == left[task.step.id.rawValue])
      return .ok()
    }
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .undone(StepID("c")))
    #expect(performer.steps == ["a", "b", "un-a"])
    #expect(
      log.contains("ok b#1; intent c#1; failed c#1 timeout polls=0; so c#1 undo policy; undo after c: a"))
    #expect(trial.plan.usedUpTimeout == "the page's 'timeout' of 0.02 seconds is used up")
  }

  @Test func `people's time counts for nothing`() async throws {
    var trial = Trial([
      .call("a", .read), .call("shell", .read) { $0.isInteractive = true }, .manual("m"), .call("b", .read),
    ])
    trial.plan.timeoutMilliseconds = 20
    trial.confirmer = ScriptedConfirmer([.manual(.done(note: nil))])
    trial.script = { task in
      let left: [String: Duration] = ["a": .milliseconds(20), "b": .milliseconds(10)]
      #expect(task.remaining == left[task.step.id.rawValue])
      return .ok()
    }
    #expect(try await trial.run().outcome == .completed)
  }

  @Test func `out of time, a failure that may be passed is not passed`() async throws {
    var trial = Trial([.call("a", .read) { $0.onFailure = .continue }, .call("b", .read)])
    trial.plan.timeoutMilliseconds = 10
    trial.script = { _ in .failed(.timeout) }
    trial.confirmer = ScriptedConfirmer([.failure(.stop)])
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .failed(StepID("a")))
    #expect(log.hasSuffix("what-now a#1 stop\nso a#1 stop person\nend failed a"))
  }
}
