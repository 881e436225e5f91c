import Glibc
import RunbookAdapter
import RunbookModel
import RunbookProcesses
import TestSupport
import Testing

/// What running many processes costs and leaves.
@Suite struct ResourceTests {
  @Test func `two hundred steps leave no descriptor and no zombie`() async throws {
    let driver = Driver(["repeat=200"], [["bash", "-c", "echo x; (setsid true &); exit 1"]])
    #expect(await driver.end() == 0)
    let numbers = driver.numbers("descriptors")
    try #require(numbers.count == 3)
    #expect(numbers[1] <= numbers[0])
    #expect(numbers[2] == 1, "the supervisor alone")
  }

  @Test func `failed starts leave no descriptor`() async throws {
    let driver = Driver(["repeat=50"], [["no-such-program"]])
    #expect(await driver.end() == 0)
    let numbers = driver.numbers("descriptors")
    try #require(numbers.count == 3)
    #expect(numbers[1] <= numbers[0])
  }

  @Test(arguments: 0...16) func `too few descriptors fail the step and nothing else`(spare: Int) async throws
  {
    var driver = Driver(["descriptors=\(spare)", "repeat=3"], [["true"]])
    // Once a second the runtime's thread pool opens a file of /proc to count its threads, and crashes if it
    // cannot.
    for _ in 0..<3 where await driver.end() == -SIGILL {
      driver = Driver(["descriptors=\(spare)", "repeat=3"], [["true"]])
    }
    #expect(await driver.end() == 0)
    let outcomes = driver.lines.filter { $0.hasPrefix("failure") || $0.hasPrefix("end") }
    #expect(outcomes.count == 3)
    for line in outcomes {
      #expect(
        line.hasPrefix("end exited(0)")
          || (line.hasPrefix("failure spawn cannot start")
            && line.lowercased().contains("too many open files")),
        "\(line)")
    }
    if spare < 5 { #expect(outcomes[0].hasPrefix("failure")) }
    if spare >= 14 { #expect(outcomes[2].hasPrefix("end")) }
    let numbers = driver.numbers("descriptors")
    #expect(numbers.count == 3 && numbers[1] <= numbers[0] + 1, "the supervisor may have come in between")
  }

  @Test func `many processes run at a time`() async throws {
    let step = StepUnderTest()
    let began = ContinuousClock.now
    let ends = try await withThrowingTaskGroup(of: ProcessResult.End.self) { group in
      for number in 0..<40 {
        group.addTask { try await step.bash("sleep 1; exit \(number)").end }
      }
      return try await group.reduce(into: Set<Int32>()) { ends, end in
        if case .exited(let code) = end { ends.insert(code) }
      }
    }
    #expect(ends == Set(0..<40))
    #expect(ContinuousClock.now - began < .seconds(20), "one after the other they take 40 s")
  }

  @Test func `a run's last reference ends its supervisor`() async throws {
    var step: StepUnderTest? = StepUnderTest()
    let result = try await step?.bash("echo $PPID")
    let supervisor = try #require(Int32(result?.standardOutput.text?.dropLast() ?? ""))
    #expect(kill(supervisor, 0) == 0)
    step = nil
    #expect(await eventually { hasEnded(supervisor) })
  }

  @Test func `preparing starts the supervisor before the first step`() async throws {
    let step = StepUnderTest()
    step.processes.prepare()
    step.processes.prepare()
    #expect(try await step.run("true").end == .exited(0))
  }
}
