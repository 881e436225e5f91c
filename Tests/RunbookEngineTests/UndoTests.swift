import RunbookEngine
import RunbookModel
import Testing

/// Taking back.
struct UndoTests {
  private func trial(
    onFailure: Step.OnFailure? = .undo, script: @escaping @Sendable (StepTask) async -> StepResult
  ) -> Trial {
    var trial = Trial(
      Step.undoable("a") + Step.undoable("b") + [.call("plain")]
        + Step.undoable("c") { $0.onFailure = onFailure }
        + [.call("d")])
    trial.script = script
    return trial
  }

  @Test func `a failure takes back what was done, last in first out`() async throws {
    let trial = trial { $0.step.id.rawValue == "c" ? .failed() : .ok() }
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .undone(StepID("c")))
    #expect(outcome.exitCode == 2)
    #expect(performer.steps == ["a", "b", "plain", "c", "un-c", "un-b", "un-a"])
    #expect(
      log.hasSuffix(
        """
        failed c#1 exit; so c#1 undo policy; undo after c: c b a; ask un-c#1; answer un-c#1 run option; \
        intent un-c#1 undo of c
        ok un-c#1; ask un-b#1; answer un-b#1 run option; intent un-b#1 undo of b
        ok un-b#1; ask un-a#1; answer un-a#1 run option; intent un-a#1 undo of a
        ok un-a#1; end undone c
        """))
  }

  @Test func `a step that changed nothing is not taken back, a skipped one neither`() async throws {
    var trial = trial {
      $0.step.id.rawValue == "c" ? .failed(.spawn, effectIsPossible: false) : .ok()
    }
    trial.plan.steps[2].conditions = [Filter("false")]
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .undone(StepID("c")))
    #expect(log.contains("undo after c: a;"))
  }

  @Test func `a failed undo does not keep the others from being taken back`() async throws {
    let trial = trial { ["c", "un-b"].contains($0.step.id.rawValue) ? .failed() : .ok() }
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .failed(StepID("c")))
    #expect(performer.steps.suffix(3) == ["un-c", "un-b", "un-a"])
    #expect(log.contains("failed un-b#1 exit; ask un-a#1"))
  }

  @Test func `an undo step that was cut off leaves the outcome unknown`() async throws {
    let trial = trial {
      switch $0.step.id.rawValue {
      case "c": .failed()
      case "un-b": .unknown
      default: .ok()
      }
    }
    let (outcome, _, performer) = try await trial.run()
    #expect(outcome == .unknown(StepID("un-b")))
    #expect(performer.steps.last == "un-a")
  }

  @Test func `an unknown step is settled by taking it back, one that cannot be stays unknown`() async throws {
    var trial = trial { $0.step.id.rawValue == "c" ? .unknown : .ok() }
    #expect(try await trial.run().outcome == .undone(StepID("c")))
    trial.journal = MemoryJournal()
    trial.plan.steps[5].undo = nil
    #expect(trial.plan.steps[5].id == StepID("c"))
    #expect(try await trial.run().outcome == .unknown(StepID("c")))
  }

  @Test func `the operator may choose to undo, and is asked about each step`() async throws {
    var trial = trial(onFailure: nil) { $0.step.id.rawValue == "c" ? .failed() : .ok() }
    trial.answersYes = false
    trial.confirmer = ScriptedConfirmer(
      Array(repeating: .confirm(.run), count: 4)
        + [.failure(.undo), .confirm(.run), .confirm(.skip), .confirm(.run)])
    let (outcome, log, performer) = try await trial.run()
    #expect(log.contains("what-now c#1 retry,skip,done,undo,stop\nso c#1 undo person\nundo after c: c b a"))
    #expect(performer.steps.suffix(2) == ["un-c", "un-a"])
    #expect(log.contains("skip un-b by choice"))
    #expect(outcome == .failed(StepID("c")))
  }

  @Test func `stop ends an undo where it is`() async throws {
    var trial = trial(onFailure: nil) { $0.step.id.rawValue == "c" ? .failed() : .ok() }
    trial.answersYes = false
    trial.confirmer = ScriptedConfirmer(
      Array(repeating: .confirm(.run), count: 4) + [.failure(.undo), .confirm(.stop)])
    let (outcome, log, performer) = try await trial.run()
    #expect(performer.steps.last == "c")
    #expect(log.hasSuffix("answer un-c#1 stop person\nend failed c"))
    #expect(outcome == .failed(StepID("c")))
  }

  @Test func `nothing to take back is a failure, not an undone run`() async throws {
    var trial = Trial([.call("a") { $0.onFailure = .undo }])
    trial.script = { _ in .failed() }
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .failed(StepID("a")))
    #expect(log.hasSuffix("so a#1 undo policy; undo after a: ; end failed a"))
  }

  @Test func `an undo step that needs what its step did not give is blocked, the others go on`() async throws
  {
    var trial = trial { $0.step.id.rawValue == "c" ? .failed() : .ok() }
    trial.plan.steps[5].outputs = [.init(name: "id", filter: nil, isSecret: false)]
    trial.plan.steps[6].uses = ["id"]
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .failed(StepID("c")))
    #expect(log.contains("undo after c: c b a; skip un-c blocked by c; ask un-b#1"))
    #expect(performer.steps.last == "un-a")
  }

  @Test func `a run of mode undo takes back what an earlier run did`() async throws {
    var first = trial(onFailure: .stop) { $0.step.id.rawValue == "c" ? .failed() : .ok() }
    #expect(try await first.run().outcome == .failed(StepID("c")))
    let history = first.journal.events
    first.mode = .undo
    first.journal = MemoryJournal()
    let (outcome, log, performer) = try await first.run(replaying: history)
    #expect(outcome == .completed)
    #expect(performer.steps == ["un-c", "un-b", "un-a"])
    #expect(log.hasPrefix("planned; started a b plain c d; undo after -: c b a; ask un-c#1"))

    let both = history + first.journal.events
    first.journal = MemoryJournal()
    let again = try await first.run(replaying: both)
    #expect(again.outcome == .completed)
    #expect(again.performer.steps.isEmpty)
  }
}
