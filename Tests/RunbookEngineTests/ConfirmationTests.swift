import RunbookAdapter
import RunbookEngine
import RunbookModel
import Testing

/// Who is asked what before a step starts.
struct ConfirmationTests {
  @Test(arguments: [
    (Environment.ConfirmPolicy.never, [] as [String]),
    (.destructive, ["d"]),
    (.write, ["w", "d"]),
    (.always, ["r", "w", "d"]),
  ])
  func `the policy says from which effect on a person is asked`(
    policy: Environment.ConfirmPolicy, asked: [String]
  ) async throws {
    var trial = Trial(
      [.call("r", .read), .call("w"), .call("d", .destructive) { $0.isIdempotent = true }], confirm: policy)
    trial.answersYes = false
    trial.confirmer = ScriptedConfirmer(
      asked.map { .confirm(.run, typed: $0 == "d" ? "local" : nil) })
    let (outcome, _, performer) = try await trial.run()
    #expect(outcome == .completed)
    #expect(trial.confirmer.prompts == asked.map { "confirm \($0) run,skip,stop" })
    #expect(performer.steps == ["r", "w", "d"])
  }

  @Test func `a page can only ask for more than the policy`() async throws {
    var trial = Trial([.call("r", .read) { $0.confirm = Template("Sure?") }], confirm: .never)
    trial.answersYes = false
    trial.confirmer = ScriptedConfirmer([.confirm(.run)])
    let (_, log, _) = try await trial.run()
    #expect(log.contains("ask r#1\nanswer r#1 run person"))
  }

  @Test func `a destructive step wants the target's name, typed exactly`() async throws {
    var trial = Trial([.call("d", .destructive)])
    trial.confirmer = ScriptedConfirmer([
      .confirm(.run), .confirm(.run, typed: "locals"), .confirm(.run, typed: "local"),
    ])
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .completed)
    #expect(trial.confirmer.problems == ["type 'local' to run it", "type 'local' to run it"])
    #expect(
      log == """
        planned; started d; ask d#1 type local
        answer d#1 run person
        intent d#1
        ok d#1; end completed
        """)
  }

  @Test func `a protected environment wants its own name too, whatever the policy`() async throws {
    var trial = Trial([.call("d", .destructive)], confirm: .never, isProtected: true)
    trial.confirmer = ScriptedConfirmer([
      .confirm(.run, typed: "local"), .confirm(.run, typed: "test/local"),
    ])
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .completed)
    #expect(log.contains("ask d#1 type test/local\n"))
  }

  @Test func `yes covers writes, and only a named step that destroys`() async throws {
    var trial = Trial([.call("w"), .call("d", .destructive), .call("e", .destructive)])
    trial.hasTerminal = false
    trial.confirmed = [StepID("d")]
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .declined(StepID("e")))
    #expect(performer.steps == ["w", "d"])
    #expect(log.contains("answer w#1 run option"))
    #expect(log.contains("answer d#1 run option"))
    #expect(log.contains("answer e#1 stop automatic"))
  }

  @Test func `a declined step stops the run`() async throws {
    var trial = Trial([.call("a", .read), .call("b"), .call("c")])
    trial.answersYes = false
    trial.confirmer = ScriptedConfirmer([.confirm(.stop)])
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome.exitCode == 4)
    #expect(performer.steps == ["a"])
    #expect(log.hasSuffix("ask b#1\nanswer b#1 stop person\nend declined b"))
  }

  @Test func `the end of input is no answer and stops the run`() async throws {
    var trial = Trial([.call("b")])
    trial.answersYes = false
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .declined(StepID("b")))
    #expect(performer.steps.isEmpty)
    #expect(log.hasSuffix("answer b#1 stop automatic\nend declined b"))
  }

  @Test func `a step skipped by the operator is passed in document order`() async throws {
    var trial = Trial([.call("a"), .call("b", .read)])
    trial.answersYes = false
    trial.confirmer = ScriptedConfirmer([.confirm(.skip)])
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .completed)
    #expect(performer.steps == ["b"])
    #expect(log.contains("answer a#1 skip person\nskip a by choice; intent b#1"))
  }

  @Test func `undo at a question takes back what was done and counts as declined`() async throws {
    var trial = Trial(Step.undoable("a") + [.call("b")])
    trial.answersYes = false
    trial.confirmer = ScriptedConfirmer([.confirm(.run), .confirm(.undo), .confirm(.run)])
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .declined(StepID("b")))
    #expect(
      trial.confirmer.prompts == [
        "confirm a run,skip,stop", "confirm b run,skip,undo,stop", "confirm un-a run,skip,stop",
      ])
    #expect(
      log == """
        planned; started a b; ask a#1
        answer a#1 run person
        intent a#1
        ok a#1; ask b#1
        answer b#1 undo person
        undo after b: a; ask un-a#1
        answer un-a#1 run person
        intent un-a#1 undo of a
        ok un-a#1; end declined b
        """)
  }

  @Test func `the page's question is asked with its values`() async throws {
    var trial = Trial([.call("a") { $0.confirm = Template("Start ${service} on ${target_name}?") }])
    trial.plan.parameters = ["service": .text("db")]
    _ = try await trial.run()
    let questions = trial.journal.events.compactMap { event in
      if case .confirmAsked(_, _, let request) = event { request.question } else { nil }
    }
    #expect(questions == ["Start db on local?"])
  }

  @Test func `an answer that was not offered does not count`() async throws {
    var trial = Trial([.call("a")])
    trial.answersYes = false
    trial.confirmer = ScriptedConfirmer([.confirm(.undo), .confirm(.run)])
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .completed)
    #expect(trial.confirmer.problems == ["'undo' is no choice here"])
    #expect(!log.contains("undo"))
  }
}
