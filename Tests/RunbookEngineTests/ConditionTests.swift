import RunbookEngine
import RunbookModel
import Testing

/// `if`, of sections and of steps.
struct ConditionTests {
  @Test func `a step whose section or own condition is false is skipped with that condition`() async throws {
    let trial = Trial([
      .call("a", .read) { $0.conditions = [Filter("false"), Filter("never evaluated")] },
      .call("b", .read) { $0.conditions = [Filter("true"), Filter("false")] },
      .call("c", .read) { $0.conditions = [Filter("true"), Filter("true")] },
    ])
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .completed)
    #expect(performer.steps == ["c"])
    #expect(
      log == """
        planned; started a b c; if a[0] false; skip a if false; if b[0] true; if b[1] false; skip b if false; \
        if c[0] true; if c[1] true; intent c#1
        ok c#1; end completed
        """)
  }

  @Test func `conditions see parameters, outputs, answers, results and the environment`() async throws {
    let filter = "$p and $out and $q and $probe_it and $later and $environment and $target_types and $secret"
    var trial = Trial([
      .call("probe-it", .read) { $0.outputs = [.init(name: "out", filter: nil, isSecret: false)] },
      .ask("q"),
      .call("off", .read) { $0.conditions = [Filter("false")] },
      .call("b", .read) { $0.conditions = [Filter(filter), Filter("$off.status")] },
      .call("later", .read),
    ])
    trial.plan.parameters = [
      "p": .plain(["n": 1]),
      "secret": .secret(SecretReference(name: "secret", source: .environment("S"))),
      "unmentioned": .plain("x"),
    ]
    trial.confirmer = ScriptedConfirmer([.input("blue")])
    trial.script = { _ in .ok([.init("out", "v1")]) }
    trial.filters = TableFilters([
      filter: { input, variables in
        #expect(input == .null)
        #expect(
          variables == [
            "p": ["n": 1], "out": "v1", "q": "blue",
            "probe_it": ["status": "ok", "error": .null, "duration_ms": 10], "later": .null,
            "environment": "test", "target_types": ["db": "postgres"],
          ])
        return [true]
      },
      "$off.status": { _, variables in
        #expect(variables["off"] == ["status": "skipped", "error": .null, "duration_ms": 0])
        return [true]
      },
    ])
    #expect(try await trial.run().outcome == .completed)
  }

  @Test(arguments: [
    ("two", "if must yield true or false, not 2 values"),
    ("none", "if must yield true or false, not nothing"),
    ("null", "if must yield true or false, not null"), ("text", "if must yield true or false, not a string"),
    ("broken", "cannot index number"),
  ])
  func `a condition that is no boolean fails the step before it starts`(
    source: String, message: String
  ) async throws {
    var trial = Trial([.call("a") { $0.conditions = [Filter(source)] }, .call("b")])
    trial.hasTerminal = false
    trial.filters = TableFilters([
      "two": { _, _ in [true, true] }, "none": { _, _ in [] }, "null": { _, _ in [.null] },
      "text": { _, _ in ["true"] },
    ])
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .failed(StepID("a")))
    #expect(performer.steps.isEmpty)
    #expect(
      log == """
        planned; started a b; intent a#1; failed a#1 expectation polls=0; so a#1 stop policy; end failed a
        """)
    let detail = trial.journal.events.compactMap { event in
      if case .stepFinished(let finished) = event { finished.result.detail } else { nil }
    }
    #expect(detail == ["the condition \(source) failed: \(message)"])
  }

  @Test func `a step for other environments is skipped, and fails where its condition is not false`()
    async throws
  {
    var trial = Trial([
      .call("a") { $0.conditions = [Filter("false")] }, .call("b") { $0.conditions = [Filter("true")] },
    ])
    for index in trial.plan.steps.indices { trial.plan.steps[index].target = .absent(named: "stack") }
    trial.hasTerminal = false
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .failed(StepID("b")))
    #expect(performer.steps.isEmpty)
    #expect(log.contains("if b[0] true; intent b#1; failed b#1 not-found polls=0; so b#1 stop policy"))

    var dry = Dry([.call("a") { $0.conditions = [Filter("false")] }, .call("b")])
    for index in dry.trial.plan.steps.indices { dry.trial.plan.steps[index].target = .absent(named: "stack") }
    let report = try await dry.run()
    #expect(report.calls.isEmpty)
    #expect(report.outcome == .failed(StepID("b")))
    #expect(report.log.contains("if a[0] false; skip a if false; intent b#1"))
  }

  @Test func `after a retry a failed condition is decided again`() async throws {
    var trial = Trial([.call("a", .read) { $0.conditions = [Filter("true"), Filter("broken")] }])
    trial.confirmer = ScriptedConfirmer([.failure(.retry), .failure(.stop)])
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .failed(StepID("a")))
    #expect(
      log == """
        planned; started a; if a[0] true; intent a#1; failed a#1 expectation polls=0; what-now a#1 \
        retry,skip,done,stop
        so a#1 retry person
        intent a#2; failed a#2 expectation polls=0; what-now a#2 retry,skip,done,stop
        so a#2 stop person
        end failed a
        """)
  }
}
