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

  @Test func `a step the process died in stays unknown, and nothing else starts`() async throws {
    let trial = Trial([.call("a"), .call("b", .read)])
    _ = try await trial.run()
    let events = trial.journal.events
    let intent = events.firstIndex { if case .stepIntent = $0 { true } else { false } } ?? 0
    var second = trial
    second.journal = MemoryJournal()
    second.resumesAfter = UInt64(intent)
    let (outcome, log, performer) = try await second.run(replaying: Array(events[...intent]))
    #expect(outcome.exitCode == 7)
    #expect(performer.steps.isEmpty)
    #expect(log == "resumed after \(intent); lost a#1; end unknown a")
  }
}
