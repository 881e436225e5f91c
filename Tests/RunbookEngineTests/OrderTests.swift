import RunbookAdapter
import RunbookEngine
import RunbookModel
import Testing

/// The order of events and what shares a commit.
struct OrderTests {
  @Test func `an outcome shares a commit with the answers and the intent that follow`() async throws {
    let trial = Trial([.call("a", .read), .call("b"), .call("c", .read)])
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .completed)
    #expect(performer.steps == ["a", "b", "c"])
    #expect(
      log == """
        planned; started a b c; intent a#1
        ok a#1; ask b#1; answer b#1 run option; intent b#1
        ok b#1; intent c#1
        ok c#1; end completed
        """)
  }

  @Test func `a question to a person is asked when everything before it is durable`() async throws {
    var trial = Trial([.call("a", .read), .call("b")])
    trial.answersYes = false
    trial.confirmer = ScriptedConfirmer([.confirm(.run)])
    let (_, log, _) = try await trial.run()
    #expect(
      log == """
        planned; started a b; intent a#1
        ok a#1; ask b#1
        answer b#1 run person
        intent b#1
        ok b#1; end completed
        """)
  }

  @Test func `the environment's leave to write is noted as an answer by policy`() async throws {
    var trial = Trial([.call("a")], confirm: .never)
    trial.answersYes = false
    let (_, log, _) = try await trial.run()
    #expect(
      log == """
        planned; started a; ask a#1; answer a#1 run policy; intent a#1
        ok a#1; end completed
        """)
  }

  @Test func `the whole of every event is as it should be`() async throws {
    let trial = Trial([.call("a") { $0.title = "Restart it" }])
    _ = try await trial.run()
    let result = StepResult.ok()
    #expect(
      trial.journal.events == [
        .runPlanned(trial.options.contract),
        .runStarted(selection: [StepID("a")]),
        .confirmAsked(
          StepID("a"), attempt: 1,
          ConfirmationRequest(question: "Run 'Restart it' on local?", mustType: nil)),
        .confirmAnswered(StepID("a"), attempt: 1, .run, .option),
        .stepIntent(
          StepIntent(
            step: StepID("a"), attempt: 1, role: .main, title: "Restart it", effect: .write, target: "local",
            invocation: "do a", isSimulated: false)),
        .stepFinished(
          StepFinished(step: StepID("a"), attempt: 1, role: .main, result: result, activeMilliseconds: 10)),
        .runFinished(.completed),
      ])
  }

  @Test func `the display sees every durable event, in order, and then the end`() async throws {
    let trial = Trial([.call("a", .read), .call("b")])
    let engine = trial.engine(ScriptedPerformer(trial.journal))
    _ = try await engine.execute()
    var seen: [RunEvent.Kind] = []
    for await event in engine.events { seen.append(event.kind) }
    #expect(seen == trial.journal.events)
  }

  @Test func `no step starts when its intent cannot be journaled`() async throws {
    var trial = Trial([.call("a", .read), .call("b"), .manual("m"), .call("c", .destructive)])
    trial.confirmed = [StepID("c")]
    for capacity in 0..<8 {
      trial.journal = MemoryJournal(capacity: capacity)
      trial.confirmer = ScriptedConfirmer([.manual(.done(note: nil))])
      let performer = ScriptedPerformer(trial.journal)
      let engine = trial.engine(performer)
      let failure: JournalFailure?
      do throws(JournalFailure) {
        _ = try await engine.execute()
        failure = nil
      } catch {
        failure = error
      }
      let intents = trial.journal.events.count { if case .stepIntent = $0 { true } else { false } }
      #expect(performer.performed.count == intents)
      #expect((failure == nil) == (capacity >= 6), "\(capacity): \(trial.journal.log)")
      var seen = 0
      for await _ in engine.events { seen += 1 }
      #expect(seen == trial.journal.events.count)
    }
  }

  @Test func `files, polls and survivors of an attempt are logged with its outcome`() async throws {
    var step = Step.call("dump", .read)
    step.produces = [Template("dump.sql")]
    step.polling = .init(withinMilliseconds: 1000, everyMilliseconds: 1)
    let trial = Trial([step])
    let adapter = FakeAdapter(perform: { _, call in
      let failure = StepFailure(.exit, "exit status 1", effectIsPossible: true)
      return .success(RawResult([], failure: call == 1 ? failure : nil, survivors: ["7 sleep"]))
    })
    let performer = LivePerformer(
      plan: trial.plan, adapters: AdapterRegistry([adapter]), services: FakeServices(files: ["dump.sql": 9]),
      filters: trial.filters, clock: FakeClock().jumping)
    _ = try await trial.engine(performer).execute()
    #expect(
      trial.journal.log == """
        planned; started dump; intent dump#1
        ok dump#1 polls=2; artifact dump dump.sql 9; end completed
        """)
    let survivors = trial.journal.events.compactMap { event in
      if case .stepFinished(let finished) = event { finished.survivors } else { nil }
    }
    #expect(survivors == [["7 sleep"]])
  }

  @Test func `a slow filter does not hold back what is known`() async throws {
    var trial = Trial([.call("a", .read), .call("b", .read) { $0.conditions = [Filter("slow")] }])
    trial.clock = FakeClock().jumping
    let journal = trial.journal
    trial.filters = TableFilters([
      "slow": { _, _ in
        while !journal.log.contains("ok a#1") { await Task.yield() }
        return [true]
      }
    ])
    let (_, log, _) = try await trial.run()
    #expect(
      log == """
        planned; started a b; intent a#1
        ok a#1
        if b[0] true; intent b#1
        ok b#1; end completed
        """)
  }
}
