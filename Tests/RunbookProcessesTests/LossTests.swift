import CProcess
import Glibc
import RunbookModel
import RunbookProcesses
import RunbookAdapter
import TestSupport
import Testing

/// What becomes of processes when this program or its supervisor is killed.
@Suite(.serialized) struct LossTests {
  @Test(arguments: TreeTests.escapes) func `killing the executor leaves no process of the running step`(
    script: String
  ) async throws {
    let length = uniqueSleep()
    let driver = Driver([], [["bash", "-c", script + "; sleep $1", "bash", length]])
    #expect(await eventually { !LeftoverProcesses.find(run: driver.run).isEmpty })
    try await Task.sleep(for: .milliseconds(200))
    let supervisor = try #require(driver.supervisor)
    await driver.killHard()
    #expect(await eventually { processes(with: length).isEmpty })
    #expect(await eventually { hasEnded(supervisor) }, "the supervisor ends too")
  }

  @Test func `killing the executor spares what a finished step left`() async throws {
    let daemon = uniqueSleep()
    let running = uniqueSleep()
    let driver = Driver(
      [],
      [
        ["bash", "-c", "setsid sleep $1 >/dev/null 2>&1 &", "bash", daemon],
        ["bash", "-c", "setsid sleep $1 & sleep $1", "bash", running],
      ])
    #expect(await eventually { sleeping(running).count >= 2 })
    await driver.killHard()
    #expect(await eventually { sleeping(running).isEmpty })
    #expect(sleeping(daemon).count == 1)
    for pid in sleeping(daemon) { kill(pid, SIGKILL) }
  }

  @Test func `the regular end of a run spares daemons`() async throws {
    let daemon = uniqueSleep()
    let driver = Driver([], [["bash", "-c", "setsid sleep $1 >/dev/null 2>&1 &", "bash", daemon]])
    #expect(await driver.end() == 0)
    try await Task.sleep(for: .milliseconds(100))
    #expect(sleeping(daemon).count == 1)
    for pid in sleeping(daemon) { kill(pid, SIGKILL) }
  }

  @Test func `the policy to finish lets a step end, drains it and records its end`() async throws {
    let folder = TemporaryFolder()
    let exits = folder.path + "/exits"
    let driver = Driver(
      ["policy=finish", "exits=\(exits)"],
      [["bash", "-c", "touch \(folder.path)/begun; sleep 0.5; head -c 3000000 /dev/zero || exit 9; exit 5"]])
    #expect(await eventually { access(folder.path + "/begun", F_OK) == 0 })
    await driver.killHard()
    #expect(await eventually { !ExitRecord.read(path: exits).isEmpty })
    let records = ExitRecord.read(path: exits)
    #expect(records.map(\.status) == [.exited(5)])
    #expect(records.first?.step == StepID("step-1"))
    #expect(records.first?.attempt == 1)
  }

  @Test func `the policy to finish holds the deadline`() async throws {
    let folder = TemporaryFolder()
    let length = uniqueSleep()
    let driver = Driver(
      ["policy=finish", "exits=\(folder.path)/exits", "seconds=8", "grace=0.3"],
      [["bash", "-c", "trap '' TERM; setsid sleep $1 & sleep $1; sleep $1", "bash", length]])
    #expect(await eventually { sleeping(length).count >= 2 })
    await driver.killHard()
    #expect(sleeping(length).count >= 2)
    #expect(await eventually { sleeping(length).isEmpty })
    #expect(await eventually { ExitRecord.read(path: folder.path + "/exits").map(\.status) == [.ended] })
  }

  @Test func `a step that was killed with the executor is recorded as ended, not as failed`() async throws {
    let folder = TemporaryFolder()
    let exits = folder.path + "/exits"
    // It writes all the time: that nobody reads any more must not become its result.
    let driver = Driver(
      ["exits=\(exits)"], [["true"], ["bash", "-c", "touch \(folder.path)/begun; yes; exit 3"]])
    #expect(await eventually { access(folder.path + "/begun", F_OK) == 0 })
    await driver.killHard()
    #expect(await eventually { ExitRecord.read(path: exits).count == 2 })
    #expect(ExitRecord.read(path: exits).map(\.status) == [.exited(0), .ended])
  }

  @Test func `killing the supervisor ends the tree, is told, and the next step has a new one`() async throws {
    let length = uniqueSleep()
    let daemon = uniqueSleep()
    let driver = Driver(
      [],
      [
        ["bash", "-c", "setsid sleep $1 >/dev/null 2>&1 &", "bash", daemon],
        [
          "bash", "-c", "setsid bash -c '(env -i setsid sleep $0 &)' $1; setsid sleep $1 & sleep $1", "bash",
          length,
        ], ["bash", "-c", "exit 4"],
      ])
    #expect(await eventually { sleeping(length).count >= 3 })
    kill(try #require(driver.supervisor), SIGKILL)
    #expect(await driver.end() == 0)
    #expect(sleeping(length).isEmpty)
    let ends = driver.lines.filter { $0.hasPrefix("end ") }
    try #require(ends.count == 3)
    #expect(ends[1] == "end supervisorLost cause itself survivors []")
    #expect(ends[2].hasPrefix("end exited(4)"))
    #expect(sleeping(daemon).count == 1, "it belongs to a step that had ended")
    for pid in sleeping(daemon) { kill(pid, SIGKILL) }
  }

  @Test func `a supervisor that hangs does not hold the run up`() async throws {
    let length = uniqueSleep()
    let driver = Driver(
      ["seconds=6", "grace=0.2"], [["bash", "-c", "setsid sleep $1 & sleep $1", "bash", length]])
    #expect(await eventually { sleeping(length).count >= 2 })
    kill(try #require(driver.supervisor), SIGSTOP)
    #expect(await driver.end() == 0)
    #expect(sleeping(length).isEmpty)
    #expect(driver.lines.first == "end supervisorLost cause deadline survivors []")
  }

  @Test func `a supervisor that hangs between two steps does not hold up the end`() async throws {
    let driver = Driver([], [["true"], ["sleep", "0.5"]])
    #expect(await eventually { driver.lines.contains { $0.hasPrefix("end ") } })
    let supervisor = try #require(driver.supervisor)
    kill(supervisor, SIGSTOP)
    #expect(await driver.end() == 0)
    kill(supervisor, SIGKILL)
  }

  @Test func `the end of a child is waited for, but not for ever`() async throws {
    var pid: pid_t = 0
    let command: [String] = ["sleep", "60"]
    var words = command.map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    #expect(posix_spawnp(&pid, "sleep", nil, nil, &words, environ) == 0)
    #expect(rb_await_child(pid, 50) == -1)
    kill(pid, SIGKILL)
    #expect(rb_await_child(pid, 10_000) == 0)
    #expect(rb_await_child(pid, 10_000) == 0, "nobody is left to wait for")
  }

  @Test func `with both killed the leader is dead and the rest is found by its marker`() async throws {
    let length = uniqueSleep()
    let driver = Driver(
      [], [["bash", "-c", "setsid sleep $1 & echo $!; sleep $1", "bash", length]])
    #expect(await eventually { sleeping(length).count >= 2 })
    let supervisor = try #require(driver.supervisor)
    #expect(!LeftoverProcesses.find(run: driver.run).isEmpty)
    #expect(!LeftoverProcesses.ofDeadRuns().contains { $0.marker.hasPrefix("\(driver.run)/") }, "it is alive")
    kill(driver.pid, SIGSTOP)
    kill(supervisor, SIGKILL)
    await driver.killHard()
    #expect(
      await eventually {
        LeftoverProcesses.find(run: driver.run).allSatisfy { $0.command.hasPrefix("sleep") }
      })
    let left = LeftoverProcesses.find(run: driver.run)
    #expect(left.map(\.command).contains("sleep \(length)"))
    #expect(left.allSatisfy { $0.marker == "\(driver.run)/step-1/1" })
    #expect(LeftoverProcesses.ofDeadRuns().contains { left.contains($0) })
    #expect(LeftoverProcesses.find(run: RunID("20260101T000000Z-other")).isEmpty)
    for process in left { kill(process.pid, SIGKILL) }
  }

  @Test func `a lock is held until the running step is gone`() async throws {
    let folder = TemporaryFolder()
    let file = open(folder.path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    #expect(flock(file, LOCK_EX | LOCK_NB) == 0)
    let step = StepUnderTest()
    try step.processes.hold(lock: file)
    async let result = step.bash("sleep 0.7; ls -l /proc/self/fd")
    try await Task.sleep(for: .milliseconds(200))
    close(file)
    let other = open(folder.path + "/lock", O_RDWR | O_CLOEXEC)
    defer { close(other) }
    #expect(flock(other, LOCK_EX | LOCK_NB) != 0, "the supervisor holds it")
    let text = try await result.standardOutput.text
    #expect(text?.contains("/lock") == false, "the step does not")
  }
}
