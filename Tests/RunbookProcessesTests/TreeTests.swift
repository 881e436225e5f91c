import Glibc
import RunbookAdapter
import RunbookModel
import RunbookProcesses
import TestSupport
import Testing

/// Ending a tree: nothing of it is left, whatever it made of itself.
@Suite(.serialized) struct TreeTests {
  /// Ways to leave one's parent, group and session, each of which runs `sleep $1` in the end.
  static let escapes = [
    "sleep $1",
    "setsid sleep $1 & wait",
    "setsid bash -c \"setsid bash -c 'sleep $1 & sleep $1' & setsid sleep $1\" & sleep $1",
    "(setsid bash -c \"(setsid sleep $1 &)\" &) ; sleep $1",
    "env -i setsid bash -c \"(env -i setsid sleep $1 &)\"; sleep $1",
    "trap '' TERM INT HUP; setsid bash -c \"trap '' TERM; sleep $1; sleep $1\" & sleep $1; sleep $1",
    "kill -STOP $$; sleep $1",
    "setsid bash -c \"kill -STOP \\$\\$; sleep $1\" & sleep $1",
    "python3 -c 'import os,sys,time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\nos.execvp(\"sleep\",[\"sleep\",sys.argv[1]])' $1; sleep $1",
  ]

  @Test func `a deadline leaves no process of the tree`() async throws {
    // All at a time: each waits for its deadline, in a run and under a supervisor of its own.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for script in Self.escapes {
        group.addTask {
          let length = uniqueSleep()
          let step = StepUnderTest(seconds: 4, grace: .milliseconds(300))
          let result = try await step.run("bash", "-c", script, "bash", length)
          #expect(result.cause == .deadline, "\(script)")
          #expect(result.survivors.isEmpty, "\(script)")
          #expect(processes(with: length).isEmpty, "\(script)")
          #expect(step.leftovers.isEmpty, "\(script)")
          if case .signaled = result.end {} else { Issue.record("\(result.end) is no signal: \(script)") }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func `TERM reaches other sessions and what ends on it is not killed`() async throws {
    let step = StepUnderTest(seconds: 2, grace: .seconds(20))
    let began = ContinuousClock.now
    let result = try await step.bash(
      """
      quit() { echo "$1 ended in good order"; exit 0; }
      export -f quit
      setsid bash -c 'trap "quit other" TERM; while :; do sleep 0.05; done' &
      trap 'quit leader' TERM; while :; do sleep 0.05; done
      """)
    #expect(result.end == .exited(0))
    #expect(result.cause == .deadline)
    let lines = Set(result.standardOutput.text?.split(separator: "\n").map(String.init) ?? [])
    #expect(lines == ["leader ended in good order", "other ended in good order"])
    #expect(ContinuousClock.now - began < .seconds(15), "the grace is not waited out")
  }

  @Test func `an interrupt ends, a second one kills at once`() async throws {
    let length = uniqueSleep()
    let step = StepUnderTest(grace: .seconds(60))
    let began = ContinuousClock.now
    async let result = step.run("bash", "-c", "trap '' TERM; sleep $1; sleep $1", "bash", length)
    #expect(await eventually { !processes(with: length).isEmpty })
    step.attempt.interrupt.press(.gentle)
    try await Task.sleep(for: .milliseconds(300))
    #expect(!processes(with: length).isEmpty, "the shell ignores TERM")
    step.attempt.interrupt.press(.immediate)
    let end = try await result
    #expect(end.end == .signaled(SIGKILL))
    #expect(end.cause == .interrupt)
    #expect(processes(with: length).isEmpty)
    #expect(ContinuousClock.now - began < .seconds(30))
  }

  @Test func `an interrupt that ends the step gives what it wrote`() async throws {
    let step = StepUnderTest()
    async let result = step.bash("trap 'echo stopped; exit 9' TERM; echo begun; while :; do sleep 0.05; done")
    #expect(await eventually { step.attempt.output.text() == "begun\n" })
    step.attempt.interrupt.press()
    let end = try await result
    #expect(end.end == .exited(9))
    #expect(end.cause == .interrupt)
    #expect(end.standardOutput.text == "begun\nstopped\n")
  }

  @Test func `a duration that is over is its own cause`() async throws {
    let step = StepUnderTest().with { $0.duration = .milliseconds(400) }
    let result = try await step.bash("echo watching; sleep 90")
    #expect(result.cause == .duration)
    #expect(result.standardOutput.text == "watching\n")
    #expect(step.leftovers.isEmpty)
  }

  @Test func `a background process that holds the pipe delays the end by the drain only and is named`()
    async throws
  {
    let length = uniqueSleep()
    let step = StepUnderTest(drain: .milliseconds(500))
    let began = ContinuousClock.now
    let result = try await step.run("bash", "-c", "sleep $1 & echo $!", "bash", length)
    let took = ContinuousClock.now - began
    #expect(result.end == .exited(0))
    #expect(result.cause == .itself)
    #expect(took >= .milliseconds(500) && took < .seconds(30))
    let pid = result.standardOutput.text?.dropLast() ?? ""
    #expect(result.survivors == ["\(pid) sleep"])
    #expect(processes(with: length).map(String.init) == [String(pid)], "it is left alone")
    #expect(step.leftovers.map(\.command) == ["sleep \(length)"])
    if let pid = Int32(pid) { kill(pid, SIGKILL) }
  }

  @Test(arguments: [
    "setsid sleep $1 >/dev/null 2>&1 &", "env -i setsid sleep $1 >/dev/null 2>&1 & sleep 0.1",
  ])
  func `a daemon is named at once, and outlives the deadline of a later step`(script: String) async throws {
    let daemon = uniqueSleep()
    let late = uniqueSleep()
    let step = StepUnderTest(drain: .seconds(60))
    let began = ContinuousClock.now
    let result = try await step.run("bash", "-c", script, "bash", daemon)
    #expect(ContinuousClock.now - began < .seconds(30), "nothing holds the pipe")
    #expect(result.survivors.count == 1)
    #expect(result.survivors.first?.hasSuffix(" sleep") == true)

    let later = step.with {
      $0.step = StepID("later")
      $0.deadline = .now + .seconds(3)
    }
    let second = try await later.run("bash", "-c", "setsid sleep $1 & sleep $1", "bash", late)
    #expect(second.cause == .deadline)
    #expect(processes(with: late).isEmpty)
    #expect(second.survivors.isEmpty)
    #expect(sleeping(daemon).count == 1)
    for pid in sleeping(daemon) { kill(pid, SIGKILL) }
  }

  @Test func `concurrent steps are ended one by one`() async throws {
    let first = uniqueSleep()
    let second = uniqueSleep()
    let step = StepUnderTest()
    let stop = TestInterrupt()
    let other = step.with {
      $0.step = StepID("other")
      $0.interrupt = stop
    }
    let script = "setsid bash -c '(setsid sleep $0 &)' $1; sleep $1"
    async let long = step.run("bash", "-c", script, "bash", first)
    async let short = other.run("bash", "-c", script, "bash", second)
    #expect(await eventually { sleeping(first).count == 2 && sleeping(second).count == 2 })
    stop.press()
    #expect(try await short.cause == .interrupt)
    #expect(processes(with: second).isEmpty)
    #expect(sleeping(first).count == 2)
    step.attempt.interrupt.press(.immediate)
    #expect(try await long.cause == .interrupt)
    #expect(processes(with: first).isEmpty)
  }

  @Test func `a tree that keeps forking is caught`() async throws {
    let word = uniqueSleep()
    let step = StepUnderTest(seconds: 2, grace: .milliseconds(100))
    let result = try await step.run(
      "python3", "-c",
      """
      import os, signal, time
      signal.signal(signal.SIGTERM, signal.SIG_IGN)
      # Whatever this test is to find out, the chain ends by itself.
      end = time.time() + 20
      if os.fork():
          time.sleep(20)
      # A chain: each link leaves the session of the one before, begets the next and ends.
      while time.time() < end:
          os.setsid()
          time.sleep(0.001)
          if os.fork():
              os._exit(0)
      """, word)
    #expect(result.cause == .deadline)
    #expect(result.survivors.isEmpty)
    // One look can miss links that live for a millisecond.
    for _ in 0..<40 { #expect(step.leftovers.isEmpty && processes(with: word).isEmpty) }
  }

  @Test func `two hundred short children do no harm`() async throws {
    let step = StepUnderTest()
    let result = try await step.bash(
      "for i in {1..200}; do (exit 0) & (setsid true &) ; done; wait; echo done")
    #expect(result.end == .exited(0))
    #expect(result.standardOutput.text == "done\n")
    #expect(result.survivors.isEmpty)
  }
}
