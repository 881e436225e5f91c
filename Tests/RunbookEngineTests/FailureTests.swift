import RunbookEngine
import RunbookModel
import Testing

/// What happens after a step did not end well, and with which exit code.
struct FailureTests {
  private static let failing: @Sendable (StepTask) async -> StepResult = { task in
    task.step.id.rawValue == "b" ? .failed() : .ok()
  }
  private static let cutOff: @Sendable (StepTask) async -> StepResult = { task in
    task.step.id.rawValue == "b" ? .unknown : .ok()
  }

  private func trial(
    _ replies: [ScriptedConfirmer.Reply] = [], script: @escaping @Sendable (StepTask) async -> StepResult,
    change: (inout Step) -> Void = { _ in }
  ) -> Trial {
    var trial = Trial([.call("a", .read), .call("b", change: change), .call("c", .read)])
    trial.confirmer = ScriptedConfirmer(replies)
    trial.script = script
    return trial
  }

  @Test func `without a terminal a failure stops the run`() async throws {
    var trial = trial(script: Self.failing)
    trial.hasTerminal = false
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome.exitCode == 1)
    #expect(performer.steps == ["a", "b"])
    #expect(log.hasSuffix("failed b#1 exit; so b#1 stop policy; end failed b"))
  }

  @Test func `the operator may stop, skip, call it done or try again`() async throws {
    var (outcome, log, performer) = try await trial([.failure(.stop)], script: Self.failing).run()
    #expect(outcome == .failed(StepID("b")))
    #expect(
      log.hasSuffix("failed b#1 exit; what-now b#1 retry,skip,done,stop\nso b#1 stop person\nend failed b"))

    (outcome, log, performer) = try await trial([.failure(.skip)], script: Self.failing).run()
    #expect(outcome == .completed)
    #expect(performer.steps == ["a", "b", "c"])
    #expect(log.contains("so b#1 skip person\nintent c#1"))

    let done = trial([.failure(.done(note: " ")), .failure(.done(note: "by hand"))], script: Self.failing)
    (outcome, log, performer) = try await done.run()
    #expect(outcome == .completed)
    #expect(done.confirmer.problems == ["note why it counts as done"])
    #expect(log.contains("so b#1 done 'by hand' person\nintent c#1"))

    let again = trial([.failure(.retry)]) { task in
      task.step.id.rawValue == "b" && task.attempt == 1 ? .failed() : .ok()
    }
    (outcome, log, performer) = try await again.run()
    #expect(outcome == .completed)
    #expect(performer.steps == ["a", "b", "b", "c"])
    #expect(log.contains("so b#1 retry person\nintent b#2\nok b#2; intent c#1"))
  }

  @Test func `a second attempt at destruction is confirmed again`() async throws {
    var trial = Trial([.call("d", .destructive)])
    trial.confirmer = ScriptedConfirmer([
      .confirm(.run, typed: "local"), .failure(.retry), .confirm(.run, typed: "local"), .failure(.stop),
    ])
    trial.script = { _ in .failed() }
    let (_, log, _) = try await trial.run()
    #expect(log.contains("so d#1 retry person\nask d#2 type local\nanswer d#2 run person\nintent d#2\n"))
  }

  @Test func `later conditions see what a person said of a step`() async throws {
    var trial = trial([.failure(.done(note: "by hand"))], script: Self.failing)
    trial.plan.steps[2].conditions = [Filter("$b.status")]
    trial.filters = TableFilters([
      "$b.status": { _, variables in
        #expect(variables["b"]?["status"] == "done")
        #expect(variables["b"]?["note"] == "by hand")
        return [true]
      }
    ])
    #expect(try await trial.run().outcome == .completed)
  }

  @Test func `continue goes on, and the run completes`() async throws {
    let (outcome, log, _) = try await trial(script: Self.failing) { $0.onFailure = .continue }.run()
    #expect(outcome == .completed)
    #expect(log.contains("failed b#1 exit; so b#1 continue policy; intent c#1"))
  }

  @Test func `a rescue step runs, and then the run stops with the failure`() async throws {
    var trial = trial(script: Self.failing) { $0.onFailure = .rescue(StepID("help")) }
    trial.plan.steps.append(.call("help", role: .rescue))
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .failed(StepID("b")))
    #expect(performer.steps == ["a", "b", "help"])
    #expect(
      log.hasSuffix(
        """
        failed b#1 exit; so b#1 rescue policy; ask help#1; answer help#1 run option; intent help#1 rescue of b
        ok help#1; end failed b
        """))
  }

  @Test func `a rescue does not make an unknown outcome known`() async throws {
    var trial = trial(script: Self.cutOff) { $0.onFailure = .rescue(StepID("help")) }
    trial.plan.steps.append(.call("help", role: .rescue))
    let (outcome, _, performer) = try await trial.run()
    #expect(performer.steps == ["a", "b", "help"])
    #expect(outcome == .unknown(StepID("b")))
  }

  @Test func `a write that was cut off is unknown, whatever the page says of failures`() async throws {
    for policy in [nil, Step.OnFailure.stop, .continue, .ask] {
      var trial = trial(script: Self.cutOff) { $0.onFailure = policy }
      trial.hasTerminal = false
      let (outcome, log, performer) = try await trial.run()
      #expect(outcome == .unknown(StepID("b")))
      #expect(outcome.exitCode == 7)
      #expect(performer.steps == ["a", "b"])
      #expect(log.hasSuffix("unknown b#1 timeout; so b#1 stop policy; end unknown b"))
    }
  }

  @Test func `a person settles an unknown step; trying again is offered only where it may be repeated`()
    async throws
  {
    var (outcome, log, _) = try await trial(
      [.failure(.done(note: "seen in the console"))], script: Self.cutOff
    )
    .run()
    #expect(outcome == .completed)
    #expect(log.contains("what-now b#1 skip,done,stop\nso b#1 done 'seen in the console' person"))

    let refused = trial([.failure(.retry), .failure(.stop)], script: Self.cutOff)
    (outcome, log, _) = try await refused.run()
    #expect(outcome == .unknown(StepID("b")))
    #expect(refused.confirmer.problems == ["'retry' is no choice here"])

    let idempotent = trial(
      [.failure(.retry)],
      script: { task in task.step.id.rawValue == "b" && task.attempt == 1 ? .unknown : .ok() },
      change: { $0.isIdempotent = true })
    (outcome, log, _) = try await idempotent.run()
    #expect(outcome == .completed)
    #expect(log.contains("what-now b#1 retry,skip,done,stop"))
  }

  @Test func `no answer to a failure stops the run`() async throws {
    let (outcome, log, _) = try await trial(script: Self.failing).run()
    #expect(outcome == .failed(StepID("b")))
    #expect(log.hasSuffix("so b#1 stop automatic\nend failed b"))
  }
}
