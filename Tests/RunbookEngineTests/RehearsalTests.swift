import RunbookAdapter
import RunbookEngine
import RunbookModel
import Testing

/// The dry run that does not lie: verdicts, coverage, exit codes.
struct RehearsalTests {
  @Test func `reads run, writes are proved, people are only shown`() async throws {
    var wait = Step.call("pause", .read)
    wait.action = .wait(milliseconds: 1000)
    let dry = Dry([
      .call("probe", .read), .call("change"), .call("destroy", .destructive), .manual("look"), .ask("size"),
      wait,
      .call("after", .read),
    ])
    let report = try await dry.run()
    #expect(report.outcome == .completed)
    #expect(report.calls == ["perform probe", "rehearse change", "rehearse destroy", "perform after"])
    #expect(
      report.log == """
        planned; started probe change destroy look size pause after; intent probe#1
        ok probe#1 (executed); intent change#1 simulated
        skipped change#1 (verified); intent destroy#1 simulated
        skipped destroy#1 (verified); intent look#1 simulated
        skipped look#1 (shown); intent size#1 simulated
        skipped size#1 (shown); intent pause#1 simulated
        skipped pause#1 (shown); intent after#1
        ok after#1 (executed); end completed
        """)
    #expect(dry.coverage == "7 steps: 2 executed, 2 verified, 3 shown")
  }

  @Test func `a probe that fails fails the rehearsal, which goes on to find more`() async throws {
    let dry = Dry([.call("bad-probe", .read), .call("change"), .call("bad-after", .read)])
    let report = try await dry.run()
    #expect(report.outcome == .failed(StepID("bad-probe")))
    #expect(
      report.log.hasSuffix(
        """
        failed bad-probe#1 (failed) exit; intent change#1 simulated
        skipped change#1 (verified); intent bad-after#1
        failed bad-after#1 (deferred) exit; end failed bad-probe
        """))
    #expect(report.details["bad-after"] == "comes after a step that was only simulated; now: exit status 1")
  }

  @Test func `a read that fails only because a write was simulated is deferred, and that is complete`()
    async throws
  {
    let dry = Dry([
      .call("change"),
      .call("bad", .read) { $0.polling = .init(withinMilliseconds: 60_000, everyMilliseconds: 1000) },
    ])
    let report = try await dry.run()
    #expect(report.outcome == .completed)
    #expect(report.calls == ["rehearse change", "perform bad"])
    #expect(dry.coverage == "2 steps: 1 verified, 1 deferred")
  }

  @Test func `a failed read that the page goes on past is a finding`() async throws {
    let dry = Dry([.call("bad", .read) { $0.onFailure = .continue }, .call("b", .read)])
    let report = try await dry.run()
    #expect(report.outcome == .completed)
    #expect(report.details["bad"] == "exit status 1")
    #expect(dry.coverage == "2 steps: 2 executed")
  }

  @Test func `an unverifiable write makes the rehearsal incomplete, a failed proof fails it`() async throws {
    var dry = Dry([.call("a"), .call("b")])
    dry.rehearse = { context in
      context.step.rawValue == "a"
        ? .success(.unverifiable("a utility statement")) : .success(.verified("ok"))
    }
    var report = try await dry.run()
    #expect(report.outcome == .incomplete)
    #expect(report.outcome.exitCode == 5)
    #expect(report.details["a"] == "a utility statement")
    #expect(dry.coverage == "2 steps: 1 verified, 1 unverifiable")

    dry = Dry([.call("a"), .call("b")])
    dry.rehearse = { _ in .failure(StepFailure(.notFound, "no program 'frob'", effectIsPossible: false)) }
    report = try await dry.run()
    #expect(report.outcome == .failed(StepID("a")))
    #expect(report.details["a"] == "no program 'frob'")
    // What 'a' would have done may be what 'b' misses.
    #expect(report.details["b"] == "comes after a step that was only simulated; now: no program 'frob'")
    #expect(dry.coverage == "2 steps: 1 unverifiable, 1 failed")
  }

  @Test func `a proof that fails after a simulated write it hangs on shows nothing`() async throws {
    var dry = Dry([
      .call("w"), .call("next"),
      .call("apart") {
        $0.hasExplicitNeeds = true
        $0.needs = []
      },
      .call("needs-next") {
        $0.hasExplicitNeeds = true
        $0.needs = [StepID("next")]
      },
    ])
    dry.rehearse = { context in
      context.step.rawValue == "w"
        ? .success(.verified("ok")) : .failure(StepFailure(.sql, "no table 't'", effectIsPossible: false))
    }
    let report = try await dry.run()
    #expect(report.details["next"] == "comes after a step that was only simulated; now: no table 't'")
    #expect(report.details["needs-next"] == report.details["next"])
    #expect(report.details["apart"] == "no table 't'", "no step before it can help")
    #expect(report.outcome == .failed(StepID("apart")))
    #expect(dry.coverage == "4 steps: 1 verified, 2 unverifiable, 1 failed")
  }

  @Test func `what no step before it can mend fails wherever it stands`() async throws {
    var dry = Dry([.call("w"), .call("broken")])
    dry.rehearse = { context in
      .success(context.step.rawValue == "w" ? .verified("ok") : .refuted("bash does not parse it"))
    }
    let report = try await dry.run()
    #expect(report.outcome == .failed(StepID("broken")))
    #expect(report.details["broken"] == "bash does not parse it")
    #expect(dry.coverage == "2 steps: 1 verified, 1 failed")
  }

  @Test func `undo and rescue steps are proved behind the walk and counted`() async throws {
    var dry = Dry([
      .call("w") {
        $0.undo = StepID("un-w")
        $0.onFailure = .rescue(StepID("help"))
      },
      .call("r", .read), .call("left-out") { $0.undo = StepID("un-left-out") },
      .call("un-w", role: .undo), .call("un-left-out", role: .undo), .call("help", .read, role: .rescue),
      .call("nobody", role: .rescue), .call("v", .read, role: .verify),
    ])
    dry.trial.plan.unselected = [StepID("left-out")]
    var report = try await dry.run()
    #expect(report.calls == ["rehearse w", "perform r", "rehearse un-w", "perform help"])
    #expect(report.log.contains("intent un-w#1 undo of w simulated\nskipped un-w#1 (verified)"))
    #expect(report.log.contains("intent help#1 rescue of w\nok help#1 (executed)"))
    #expect(report.outcome == .completed)
    #expect(dry.coverage == "4 steps: 2 executed, 2 verified")

    dry.rehearse = { context in
      context.step.rawValue == "w"
        ? .success(.verified("ok")) : .failure(StepFailure(.notFound, "no file", effectIsPossible: false))
    }
    report = try await dry.run()
    #expect(report.details["un-w"] == "would take back 'w', which was only simulated; now: no file")
    #expect(report.outcome == .incomplete)
  }

  @Test func `an undo step that does not parse fails the rehearsal`() async throws {
    var dry = Dry(Step.undoable("w"))
    dry.rehearse = { context in
      .success(context.step.rawValue == "w" ? .verified("ok") : .refuted("bash does not parse it"))
    }
    #expect(try await dry.run().outcome == .failed(StepID("un-w")))
  }

  @Test func `a false condition skips a read and still proves a write`() async throws {
    var dry = Dry([
      .call("r", .read) { $0.conditions = [Filter("false")] },
      .call("w") { $0.conditions = [Filter("false")] },
      .call("bad", .read),
    ])
    dry.rehearse = { _ in .failure(StepFailure(.notFound, "no image", effectIsPossible: false)) }
    let report = try await dry.run()
    #expect(report.calls == ["rehearse w", "perform bad"])
    #expect(report.details["w"] == "failed: no image")
    #expect(report.log.contains("if r[0] false; skip r if false; if w[0] false; intent w#1 simulated"))
    #expect(report.log.contains("skipped w#1 (skipped)"))
    // The write would not have happened either: the read behind it is judged.
    #expect(report.outcome == .failed(StepID("bad")))
    #expect(dry.coverage == "3 steps: 1 failed, 2 skipped")
  }

  @Test func `a condition that hangs on a simulated write is deferred, and what it guards is proved`()
    async throws
  {
    var dry = Dry([
      .call("w") { $0.outputs = [.init(name: "out", filter: nil, isSecret: false)] },
      .call("w2") { $0.conditions = [Filter("$w.status == \"ok\"")] },
      .call("r", .read) { $0.conditions = [Filter("$out == 1")] },
      .call("r2", .read) { $0.conditions = [Filter("$r.exit == 0")] },
    ])
    var report = try await dry.run()
    #expect(report.calls == ["rehearse w", "rehearse w2", "perform r", "perform r2"])
    #expect(report.outcome == .completed)
    #expect(!report.log.contains("if "))
    #expect(report.details["w2"] == "its condition hangs on 'w'; verified: parses")
    #expect(report.details["r"] == "its condition hangs on 'w'; now: ok")
    #expect(report.details["r2"] == "its condition hangs on 'r'; now: ok")
    #expect(dry.coverage == "4 steps: 1 verified, 3 deferred")

    dry = Dry([.call("w"), .call("w2") { $0.conditions = [Filter("$w.status == \"ok\"")] }])
    dry.rehearse = { context in
      context.step.rawValue == "w"
        ? .success(.verified("ok")) : .failure(StepFailure(.notFound, "no image", effectIsPossible: false))
    }
    report = try await dry.run()
    #expect(report.outcome == .incomplete)
    #expect(report.details["w2"] == "its condition hangs on 'w'; failed: no image")
  }

  @Test func `a condition that is false whatever the simulated write does skips`() async throws {
    let dry = Dry([
      .call("w"), .call("r", .read) { $0.conditions = [Filter("$w.status == \"ok\""), Filter("false")] },
    ])
    let report = try await dry.run()
    #expect(report.calls == ["rehearse w"])
    #expect(report.log.contains("if r[1] false; skip r if false"))
  }

  @Test
  func `a step that needs a simulated step's value is deferred unproved, so the rehearsal is incomplete`()
    async throws
  {
    let dry = Dry([
      .call("w") { $0.outputs = [.init(name: "version", filter: nil, isSecret: false)] },
      .call("w2") { $0.uses = ["version"] }, .call("r", .read) { $0.uses = ["version"] },
    ])
    let report = try await dry.run()
    #expect(report.calls == ["rehearse w"])
    #expect(report.outcome == .incomplete)
    #expect(report.log.contains("skipped w2#1 (deferred) polls=0"))
    #expect(report.details["r"] == "it needs a value that 'w' would give")
  }

  @Test func `an unanswered question leaves every branch to be rehearsed`() async throws {
    let dry = Dry([
      .ask("colour", default: "blue"), .call("blue") { $0.conditions = [Filter("$colour == \"blue\"")] },
      .call("red") { $0.conditions = [Filter("$colour == \"red\"")] },
      .call("paint") { $0.uses = ["colour"] },
    ])
    let report = try await dry.run()
    #expect(report.calls == ["rehearse blue", "rehearse red", "rehearse paint"])
    #expect(report.details["red"] == "its condition hangs on 'colour'; verified: parses")
    #expect(report.outcome == .completed)
  }

  @Test func `a value that a failed read did not give blocks its users`() async throws {
    let dry = Dry([
      .call("bad", .read) {
        $0.outputs = [.init(name: "version", filter: nil, isSecret: false)]
        $0.onFailure = .continue
      }, .call("w") { $0.uses = ["version"] },
    ])
    let report = try await dry.run()
    #expect(report.log.contains("skip w blocked by bad"))
    #expect(report.outcome == .incomplete)
    #expect(dry.coverage == "2 steps: 1 executed, 1 blocked")
  }

  @Test func `a declared read is marked as such`() async throws {
    let dry = Dry([.call("r", .read) { $0.effectSource = .declared }])
    let report = try await dry.run()
    #expect(report.details["r"] == "declared a read by the page")
  }

  @Test func `a condition that fails is a failed step`() async throws {
    let dry = Dry([.call("r", .read) { $0.conditions = [Filter("broken")] }])
    let report = try await dry.run()
    #expect(report.outcome == .failed(StepID("r")))
    #expect(report.calls.isEmpty)
    #expect(report.log.contains("failed r#1 (failed) expectation polls=0"))
  }

  @Test func `a signal ends a rehearsal`() async throws {
    let dry = Dry([.call("a", .read)])
    dry.trial.interrupt.press("SIGTERM")
    let report = try await dry.run()
    #expect(report.outcome.exitCode == 143)
    #expect(report.calls.isEmpty)
  }

  @Test func `an interactive read is not run, and unselected steps do not count`() async throws {
    let dry = Dry([.call("shell", .read) { $0.isInteractive = true }, .call("a", .read), .call("b", .read)])
    var trial = dry
    trial.trial.plan.unselected = [StepID("b")]
    let report = try await trial.run()
    #expect(report.calls == ["rehearse shell", "perform a"])
    #expect(trial.coverage == "2 steps: 1 executed, 1 verified")
  }

  @Test func `from every prefix a rehearsal goes on as it did`() async throws {
    let steps: [Step] = [
      .call("probe", .read), .call("bad", .read) { $0.onFailure = .continue }, .call("w"),
      .call("w2") { $0.conditions = [Filter("true"), Filter("$w.status == \"ok\"")] }, .manual("m"),
      .call("bad-after", .read),
    ]
    let whole = Dry(steps)
    let report = try await whole.run()
    let all = whole.trial.journal.events
    for count in 2..<all.count {
      if case .stepIntent = all[count - 1] { continue }
      let prefix = Array(all[..<count])
      let rest = Dry(steps)
      #expect(try await rest.run(replaying: prefix).outcome == report.outcome)
      #expect(prefix + rest.trial.journal.events == all)
    }
  }
}
