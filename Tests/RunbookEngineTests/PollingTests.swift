import RunbookAdapter
import RunbookEngine
import RunbookModel
import Testing

/// `within` and `every`.
struct PollingTests {
  let services = FakeServices()
  let clock = FakeClock()

  private func poll(
    _ change: (inout Step) -> Void = { _ in }, interrupt: FakeInterrupt = FakeInterrupt(),
    filters: TableFilters = TableFilters(), remaining: Duration? = nil,
    with perform: @escaping FakeAdapter.Perform
  ) async throws -> StepPerformance {
    var step = Step.call("a", .read)
    step.polling = .init(withinMilliseconds: 10_000, everyMilliseconds: 2000)
    change(&step)
    let performer = LivePerformer(
      plan: .trial([step]), adapters: AdapterRegistry([FakeAdapter(perform: perform)]), services: services,
      filters: filters, clock: clock.jumping)
    return await performer.perform(
      StepTask(
        run: Trial.run, step: step, attempt: 1, role: .main, values: [:], variables: [:],
        remaining: remaining,
        standing: .asInRun, interrupt: interrupt))
  }

  private static func refused(_ reason: StepFailure.Reason = .unreachable) -> Result<RawResult, StepFailure> {
    .failure(StepFailure(reason, "connection refused", effectIsPossible: false))
  }

  @Test func `a failure means not yet, and only the last output is kept`() async throws {
    let performance = try await poll { _, call in call < 3 ? Self.refused() : .success(RawResult([])) }
    #expect(performance.result.status == .ok)
    #expect(performance.polls == 3)
    #expect(performance.activeMilliseconds == 4000)
    #expect(services.log == ["open held", "discard", "discard", "close"])
  }

  @Test func `an expectation is awaited too`() async throws {
    let filters = TableFilters([".n == 2": { input, _ in [.boolean(input["n"] == 2)] }])
    let performance = try await poll({ $0.expect = Filter(".n == 2") }, filters: filters) { _, call in
      .success(RawResult([.init("n", .integer(call))]))
    }
    #expect(performance.result.status == .ok)
    #expect(performance.polls == 2)
    #expect(performance.result.json["n"] == 2)
  }

  @Test func `the last failure is told when time is up, and no attempt starts after it`() async throws {
    let start = clock.jumping.now()
    let performance = try await poll { context, _ in
      #expect(context.deadline <= start + .seconds(10))
      return Self.refused()
    }
    #expect(performance.result.status == .failed)
    #expect(performance.result.reason == .unreachable)
    #expect(
      performance.result.detail == "not within 10.0 seconds (5 attempts); the last one: connection refused")
    #expect(performance.polls == 5)
    #expect(clock.milliseconds == 8000)
  }

  @Test(arguments: [StepFailure.Reason.spawn, .effect, .internal, .cancelled])
  func `what cannot heal ends at once`(reason: StepFailure.Reason) async throws {
    let performance = try await poll { _, _ in Self.refused(reason) }
    #expect(performance.polls == 1)
    #expect(performance.result.reason == reason)
  }

  @Test func `an interrupt ends the waiting`() async throws {
    let interrupt = FakeInterrupt()
    let performance = try await poll(interrupt: interrupt) { _, call in
      if call == 2 { interrupt.press() }
      return Self.refused()
    }
    #expect(performance.polls == 2)
    #expect(performance.result.status == .failed)
  }

  @Test func `the run's own limit is shorter`() async throws {
    let performance = try await poll(remaining: .seconds(5)) { _, _ in Self.refused() }
    #expect(performance.polls == 3)
    #expect(
      performance.result.detail
        == "the page's 'timeout' is used up: 3 attempts; the last one: connection refused")
  }

  @Test func `an idempotent write that is cut off at the last attempt is unknown`() async throws {
    let performance = try await poll({
      $0.effect = .write
      $0.isIdempotent = true
    }) { _, _ in .failure(StepFailure(.timeout, "not finished in time", effectIsPossible: true)) }
    #expect(performance.result.status == .unknown)
  }
}
