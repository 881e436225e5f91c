import Glibc
import RunbookAdapter
import RunbookModel
import RunbookProcesses
import Synchronization
import TestSupport
import Testing

@testable import RunbookFilters

/// Filters in a real worker: the program itself, started by a real supervisor.
@Suite struct FilterWorkerTests {
  @Test func `each filter gets its input and its variables and gives its values`() async throws {
    let bench = Bench([
      ".", ".a + $n", ".list[]", "empty", #""\($n): \(.a)""#, "$step_one.status == \"ok\"",
      "1 as $x | $x + $n",
    ])
    let input = try JSONValue(parsing: Array(#"{"a": 1, "list": [1, null, "x"]}"#.utf8))
    let step: JSONValue = .object([.init("status", "ok")])
    let variables: [String: JSONValue] = ["n": 41, "step_one": step, "unused": "x"]
    var values: [[String]] = []
    for filter in bench.filters {
      values.append(
        try await bench.worker.evaluate(filter, input: input, variables: variables, within: .seconds(60)).map(
          \.text))
    }
    #expect(
      values == [
        [#"{"a":1,"list":[1,null,"x"]}"#], ["42"], ["1", "null", #""x""#], [], [#""41: 1""#], ["true"],
        ["42"],
      ])
    #expect(bench.starts == 1)
  }

  @Test(arguments: HostileText.all) func `a value is data, byte by byte`(value: HostileText) async throws {
    let text = value.text + "\u{0}"
    let bench = Bench(["$text", ".text", "$text == .text"])
    let input: JSONValue = .object([.init("text", .string(text))])
    var values: [[JSONValue]] = []
    for filter in bench.filters {
      values.append(
        try await bench.worker.evaluate(
          filter, input: input, variables: ["text": .string(text)], within: .seconds(60)))
    }
    #expect(values == [[.string(text)], [.string(text)], [.boolean(true)]])
  }

  @Test func `filters in several programs keep their places`() async throws {
    let bench = Bench((0..<300).map { "\($0) + $n" })
    for index in [299, 0, 127, 128, 255, 256, 1] {
      let values = try await bench.worker.evaluate(
        bench.filters[index], input: .null, variables: ["n": 1000], within: .seconds(60))
      #expect(values == [.integer(1000 + index)])
    }
    #expect(bench.starts == 1)
  }

  @Test func `a filter that fails says how, and the worker lives on`() async throws {
    let bench = Bench([".a", "error(\"own words\")", ".[]", "$n"])
    let failure = await bench.failure(0, input: 1)
    #expect(
      failure
        == StepFailure(
          .expectation, "the filter '.a' fails: Cannot index number with string \"a\"",
          effectIsPossible: false))
    #expect(
      await bench.failure(1)?.detail == "the filter 'error(\"own words\")' fails: own words")
    #expect(
      await bench.failure(2)?.detail.hasPrefix("the filter '.[]' fails: Cannot iterate over null") == true)
    #expect(try await bench.value(3) == [7])
    #expect(bench.starts == 1)
  }

  @Test func `a filter without an end is ended, and the next has a new worker`() async throws {
    let bench = Bench(["last(range(1e15))", "$n"])
    #expect(try await bench.value(1) == [7])
    let worker = try #require(bench.workers.first)
    let began = ContinuousClock.now
    let failure = await bench.failure(0, within: .milliseconds(300))
    #expect(
      failure == StepFailure(.expectation, "a filter did not end within its time", effectIsPossible: false))
    #expect(ContinuousClock.now - began < .seconds(20))
    #expect(await eventually { hasEnded(worker) })
    #expect(try await bench.value(1) == [7])
    #expect(bench.starts == 2)
  }

  @Test func `too many values are refused`() async throws {
    let bench = Bench(["range(10000)", "range(10001)", "$n"])
    #expect(try await bench.value(0).count == 10_000)
    #expect(
      await bench.failure(1)?.detail == "the filter 'range(10001)' yields more than 10,000 values or 64 MiB")
    #expect(try await bench.value(2) == [7])
    #expect(bench.starts == 1)
  }

  @Test func `a filter that wants all memory ends its worker and nothing else`() async throws {
    let bench = Bench([#"reduce range(40) as $i ("x"; . + .) | length"#, "$n"])
    #expect(
      await bench.failure(0)
        == StepFailure(.internal, "the filter worker ended by itself", effectIsPossible: false))
    #expect(try await bench.value(1) == [7])
    #expect(bench.starts == 2)
  }

  @Test func `a worker that was killed is told, and the next filter has a new one`() async throws {
    let bench = Bench(["$n", "."])
    #expect(try await bench.value(0) == [7])
    let worker = try #require(bench.workers.first)
    kill(worker, SIGKILL)
    #expect(await eventually { hasEnded(worker) })
    // Large enough that it cannot wait in the connection: nothing may end this program by SIGPIPE.
    let failure = await bench.failure(1, input: .string(String(repeating: "x", count: 1 << 20)))
    #expect(failure?.detail == "the filter worker ended by itself")
    #expect(try await bench.value(0) == [7])
    #expect(bench.starts == 2)
  }

  @Test func `a filter that the plan does not have is refused without a worker`() async throws {
    let bench = Bench(["."])
    let failure = await #expect(throws: StepFailure.self) {
      try await bench.worker.evaluate(Filter("halt"), input: .null, variables: [:], within: .seconds(60))
    }
    #expect(failure?.detail == "the filter 'halt' is not in the plan")
    #expect(bench.starts == 0)
  }

  @Test func `finishing ends the worker`() async throws {
    let bench = Bench(["$n"])
    #expect(try await bench.value(0) == [7])
    let worker = try #require(bench.workers.first)
    await bench.worker.finish()
    #expect(await eventually { hasEnded(worker) })
  }
}

/// A worker for some filters, and how often it was started.
private struct Bench {
  let filters: [Filter]
  let worker: WorkerFilters
  private let run = RunID("20260101T000000Z-\(UInt32.random(in: 0 ... .max))")
  private let count = Count()

  private final class Count: Sendable {
    let value = Atomic(0)
  }

  init(_ sources: [String]) {
    filters = sources.map { Filter($0) }
    let processes = SupervisedProcesses(run: run, exitLog: nil, program: Built.path("runbook"))
    let count = count
    worker = WorkerFilters(filters: filters, variables: ["n", "step_one", "text", "unused"]) {
      () throws(StepFailure) in
      count.value.add(1, ordering: .relaxed)
      let pipe = try processes.open(executable: Built.path("runbook"), arguments: ["--filters"])
      return FilterConnection(input: pipe.input, output: pipe.output) { pipe.close() }
    }
  }

  var starts: Int { count.value.load(ordering: .relaxed) }

  /// Processes of the workers that live.
  var workers: [Int32] {
    LeftoverProcesses.find(run: run).filter { $0.command.hasSuffix(" --filters") }.map(\.pid)
  }

  /// The values of one filter, where `$n` is 7.
  func value(
    _ index: Int, input: JSONValue = .null, within limit: Duration = .seconds(60)
  ) async throws
    -> [JSONValue]
  {
    try await worker.evaluate(filters[index], input: input, variables: ["n": 7], within: limit)
  }

  func failure(
    _ index: Int, input: JSONValue = .null, within limit: Duration = .seconds(60)
  ) async
    -> StepFailure?
  {
    do {
      let values = try await value(index, input: input, within: limit)
      Issue.record("it gave \(values.map(\.text))")
      return nil
    } catch {
      return error as? StepFailure
    }
  }
}
