import RunbookAdapter
import RunbookEngine
import RunbookModel
import Testing

/// One live attempt: what is judged and what is kept of it.
struct AttemptTests {
  let services = FakeServices(files: ["dump-1.sql": 100], secrets: ["env:TOKEN": "hunter22"])
  let clock = FakeClock()

  /// Performs one step as the live performer does.
  private func perform(
    _ step: Step, filters: TableFilters = TableFilters(), services: FakeServices? = nil,
    interrupt: FakeInterrupt = FakeInterrupt(), values: [String: Value] = [:], remaining: Duration? = nil,
    with perform: @escaping FakeAdapter.Perform = { _, _ in .success(RawResult([])) }
  ) async throws -> StepPerformance {
    let performer = LivePerformer(
      plan: .trial([step]), adapters: AdapterRegistry([FakeAdapter(perform: perform)]),
      services: services ?? self.services, filters: filters, clock: clock.jumping)
    return await performer.perform(
      StepTask(
        run: Trial.run, step: step, attempt: 1, role: .main, values: values, variables: ["p": 7],
        remaining: remaining, standing: .asInRun, interrupt: interrupt))
  }

  private static let rows: FakeAdapter.Perform = { _, _ in
    .success(RawResult([.init("rows", [["id": 7, "token": "s3cr3t-value"]])]))
  }

  @Test func `the result is the adapter's members with status, error and duration`() async throws {
    let clock = clock
    let performance = try await perform(.call("a")) { _, _ in
      clock.advance(by: .milliseconds(42))
      return .success(RawResult([.init("exit", 0)], survivors: ["12 sleep"]))
    }
    #expect(performance.result.json == ["exit": 0, "status": "ok", "error": .null, "duration_ms": 42])
    #expect(performance.result.status == .ok)
    #expect(performance.activeMilliseconds == 42)
    #expect(performance.survivors == ["12 sleep"])
    #expect(services.log == ["open", "close"])
  }

  @Test func `a member of the adapter's own named status stays`() async throws {
    let performance = try await perform(.call("a")) { _, _ in .success(RawResult([.init("status", 503)])) }
    #expect(performance.result.json == ["status": 503, "error": .null, "duration_ms": 0])
  }

  @Test func `the adapter's idea of failure holds only where the step expects nothing`() async throws {
    let failing: FakeAdapter.Perform = { _, _ in
      .success(
        RawResult([.init("exit", 3)], failure: StepFailure(.exit, "exit status 3", effectIsPossible: true)))
    }
    var performance = try await perform(.call("a"), with: failing)
    #expect(performance.result.status == .failed)
    #expect(performance.result.reason == .exit)
    #expect(
      performance.result.json == [
        "exit": 3, "status": "failed", "error": ["reason": "exit", "detail": "exit status 3"],
        "duration_ms": 0,
      ])
    #expect(performance.result.effectIsPossible)

    var step = Step.call("a")
    step.expect = Filter(".exit == $p")
    let filters = TableFilters([
      ".exit == $p": { input, variables in
        #expect(
          input == [
            "exit": 3, "status": "failed", "error": ["reason": "exit", "detail": "exit status 3"],
            "duration_ms": 0,
          ])
        #expect(variables == ["p": 7])
        return [true]
      }
    ])
    performance = try await perform(step, filters: filters, with: failing)
    #expect(performance.result.status == .ok)
    #expect(performance.result.json["error"] == .null)
  }

  @Test func `an expectation that does not hold fails the step and says which`() async throws {
    var step = Step.call("a", .read)
    step.expect = Filter("false")
    let performance = try await perform(step)
    #expect(performance.result.status == .failed)
    #expect(performance.result.reason == .expectation)
    #expect(performance.result.detail == "'expect' does not hold: false")
    #expect(!performance.result.effectIsPossible)
  }

  @Test(arguments: [
    (StepFailure.Reason.timeout, true, Effect.write, StepStatus.unknown),
    (.cancelled, true, .write, .unknown),
    (.unreachable, true, .destructive, .unknown), (.internal, true, .write, .unknown),
    (.timeout, false, .write, .failed), (.timeout, true, .read, .failed), (.sql, true, .write, .failed),
    (.exit, true, .write, .failed), (.spawn, false, .write, .failed), (.effect, false, .write, .failed),
  ])
  func `a write that was cut off is unknown, what ended is failed`(
    reason: StepFailure.Reason, isPossible: Bool, effect: Effect, status: StepStatus
  ) async throws {
    let failure = StepFailure(reason, "detail", effectIsPossible: isPossible)
    var performance = try await perform(.call("a", effect)) { _, _ in .failure(failure) }
    #expect(performance.result.status == status)
    var step = Step.call("a", effect)
    step.expect = Filter("true")
    performance = try await perform(step) { _, _ in .success(RawResult([], failure: failure)) }
    let isCutOff: [StepFailure.Reason] = [.timeout, .cancelled, .unreachable, .internal]
    #expect(performance.result.status == (isCutOff.contains(reason) ? status : .ok))
  }

  @Test func `outputs are taken from filters and from what the step wrote`() async throws {
    var step = Step.call("a")
    step.outputs = [
      .init(name: "id", filter: Filter(".rows[0].id"), isSecret: false),
      .init(name: "line", filter: nil, isSecret: false),
    ]
    let filters = TableFilters([".rows[0].id": { input, _ in [input["rows"]?.array?[0]["id"] ?? .null] }])
    let performance = try await perform(step, filters: filters) { context, _ in
      #expect(context.declaredOutputs == ["line"])
      return .success(RawResult([.init("rows", [["id": 7]])], outputs: ["line": "x=y"]))
    }
    #expect(performance.result.outputs == [.init("id", 7), .init("line", "x=y")])
  }

  @Test(arguments: [
    ("two", "output 'id' must be one value, not 2 values"),
    ("none", "output 'id' must be one value, not nothing"),
    ("null", "output 'id' must be one value, not null"), ("broken", "output 'id': cannot index number"),
    ("", "the step wrote no 'id=…' line to $RUNBOOK_OUTPUT"),
  ])
  func `an output that is not one value fails the step`(source: String, message: String) async throws {
    var step = Step.call("a")
    step.outputs = [.init(name: "id", filter: source.isEmpty ? nil : Filter(source), isSecret: false)]
    let filters = TableFilters([
      "two": { _, _ in [1, 2] }, "none": { _, _ in [] }, "null": { _, _ in [.null] },
    ])
    let performance = try await perform(step, filters: filters)
    #expect(performance.result.status == .failed)
    #expect(performance.result.detail == message)
    #expect(performance.result.outputs == [])
    #expect(performance.result.effectIsPossible)
  }

  @Test func `a secret output is kept in memory, masked everywhere and never stored`() async throws {
    var step = Step.call("a")
    step.outputs = [.init(name: "token", filter: Filter(".token"), isSecret: true)]
    let filters = TableFilters([".token": { _, _ in ["s3cr3t-value"] }])
    let performance = try await perform(step, filters: filters, with: Self.rows)
    #expect(performance.result.status == .ok)
    #expect(performance.result.outputs == [])
    #expect(performance.result.json["rows"] == [["id": 7, "token": "***"]])
    let reference = SecretReference(name: "token", source: .output(StepID("a"), name: "token"))
    #expect(services.kept == [reference: "s3cr3t-value"])
    #expect(services.log == ["open held", "mask s3cr3t-value", "mask s3cr3t-value", "close"])
  }

  @Test func `a secret output is masked also where the step fails`() async throws {
    var step = Step.call("a")
    step.outputs = [.init(name: "token", filter: Filter(".token"), isSecret: true)]
    step.expect = Filter("false")
    let filters = TableFilters([".token": { _, _ in ["s3cr3t-value"] }])
    let performance = try await perform(step, filters: filters, with: Self.rows)
    #expect(performance.result.status == .failed)
    #expect(!performance.result.json.text.contains("s3cr3t"))
    #expect(services.kept.isEmpty)
  }

  @Test(arguments: [JSONValue.number("482913"), ["s3cr3t-value"], true])
  func `a secret output that is no text cannot be masked, so nothing is kept`(value: JSONValue) async throws {
    var step = Step.call("a")
    step.outputs = [.init(name: "token", filter: Filter(".token"), isSecret: true)]
    let performance = try await perform(
      step, filters: TableFilters([".token": { _, _ in [value] }]), with: Self.rows)
    #expect(performance.result.status == .failed)
    #expect(performance.result.json["rows"] == nil)
    #expect(services.log == ["open held", "close dropping"])
  }

  @Test func `mask takes every string out of the result, however deep`() async throws {
    var step = Step.call("a")
    step.mask = Filter("mask")
    let filters = TableFilters(["mask": { _, _ in [["deep": ["s3cr3t-value", 1]]] }])
    let performance = try await perform(step, filters: filters, with: Self.rows)
    #expect(performance.result.json["rows"] == [["id": 7, "token": "***"]])
    #expect(services.log == ["open held", "mask s3cr3t-value", "close"])
  }

  @Test func `where what to mask is not known nothing is kept`() async throws {
    var step = Step.call("a")
    step.mask = Filter("broken")
    var performance = try await perform(step, with: Self.rows)
    #expect(performance.result.status == .failed)
    #expect(performance.result.detail == "mask: cannot index number")
    #expect(performance.result.json["rows"] == nil)
    #expect(services.log == ["open held", "close dropping"])

    performance = try await perform(step) { _, _ in
      .failure(StepFailure(.timeout, "not finished in time", effectIsPossible: true))
    }
    #expect(performance.result.status == .unknown)
    #expect(services.log.last == "close dropping")
  }

  @Test func `the secrets of values and target are opened for the attempt, and masked in its error`()
    async throws
  {
    let token = SecretReference(name: "token", source: .environment("TOKEN"))
    var step = Step.call("a")
    step.target = Target(name: "db", type: "postgres", settings: ["password": .value(.secret(token))])
    let performance = try await perform(step, values: ["token": .secret(token), "x": .plain(1)]) { _, _ in
      .failure(StepFailure(.sql, "bad 'hunter22'", effectIsPossible: true))
    }
    #expect(services.requests.map(\.secrets) == [[token]])
    #expect(performance.result.detail == "bad '***'")
    #expect(performance.result.json["error"] == ["reason": "sql", "detail": "bad '***'"])
  }

  @Test func `a secret that cannot be read fails the step before it starts`() async throws {
    let missing = SecretReference(name: "missing", source: .environment("MISSING"))
    let performance = try await perform(.call("a"), values: ["m": .secret(missing)]) { _, _ in
      Issue.record("started")
      return .success(RawResult([]))
    }
    #expect(performance.result.status == .failed)
    #expect(performance.result.reason == .notFound)
    #expect(!performance.result.effectIsPossible)
  }

  @Test func `a path that was to be made must be there`() async throws {
    var step = Step.call("a")
    step.produces = [Template("dump-${n}.sql")]
    var performance = try await perform(step, values: ["n": .text("1")])
    #expect(performance.result.status == .ok)
    #expect(performance.artifacts.map(\.path) == ["dump-1.sql"])
    performance = try await perform(step, values: ["n": .text("2")])
    #expect(performance.result.status == .failed)
    #expect(performance.result.detail == "produces: 'dump-2.sql' does not exist")
    #expect(performance.result.effectIsPossible)
  }

  @Test func `what cannot be stored ends the run, whatever the step did`() async throws {
    let performance = try await perform(.call("a"), services: FakeServices(isFull: true))
    #expect(performance.journalFailure == JournalFailure("no space left on device"))
    #expect(performance.result.status == .ok, "what it did it did")
  }

  @Test func `the deadline is the step's limit or what is left of the run's`() async throws {
    let now = clock.jumping.now()
    for (remaining, limit) in [(nil, Duration.seconds(60)), (.seconds(5), .seconds(5))]
      as [(Duration?, Duration)]
    {
      _ = try await perform(.call("a"), remaining: remaining) { context, _ in
        #expect(context.deadline == now + limit)
        return .success(RawResult([]))
      }
    }
  }

  @Test func `a step that the page's timeout ends says so, one that its own ends does not`() async throws {
    let late = StepFailure(.timeout, "not finished in time", effectIsPossible: true)
    for (remaining, detail) in [
      (.seconds(5), "the page's 'timeout' is used up: not finished in time"),
      (.seconds(60), "the page's 'timeout' is used up: not finished in time"),
      (.seconds(61), "not finished in time"), (nil, "not finished in time"),
    ] as [(Duration?, String)] {
      let performance = try await perform(.call("a"), remaining: remaining) { _, _ in .failure(late) }
      #expect(performance.result.detail == detail)
      #expect(performance.result.status == .unknown && performance.result.reason == .timeout)
    }
    let other = StepFailure(.exit, "exit status 1", effectIsPossible: true)
    let performance = try await perform(.call("a"), remaining: .seconds(5)) { _, _ in .failure(other) }
    #expect(performance.result.detail == "exit status 1")
  }

  @Test func `a pause tells how long it was, and an interrupt ends it`() async throws {
    var step = Step.call("w", .read)
    step.action = .wait(milliseconds: 1500)
    var performance = try await perform(step)
    #expect(performance.result.json["waited_ms"] == 1500)
    #expect(performance.result.status == .ok)
    let interrupt = FakeInterrupt()
    interrupt.press()
    performance = try await perform(step, interrupt: interrupt)
    #expect(performance.result.status == .failed)
    #expect(performance.result.reason == .cancelled)
  }
}
