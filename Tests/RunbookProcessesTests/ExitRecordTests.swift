import Glibc
import RunbookModel
import RunbookProcesses
import RunbookAdapter
import TestSupport
import Testing

/// The log of ends.
@Suite struct ExitRecordTests {
  @Test func `every shown process leaves a line, a helper none`() async throws {
    let folder = TemporaryFolder()
    let exits = folder.path + "/exits"
    let step = StepUnderTest(exitLog: exits)
    _ = try await step.bash("exit 3")
    var helper = step.request("true", [])
    helper.streamsOutput = false
    _ = try await step.run(helper)
    let second = step.with {
      $0.step = StepID("stop-app")
      $0.attempt = 2
    }
    _ = try await second.bash("kill -9 $$")

    let boot = String(decoding: fileBytes("/proc/sys/kernel/random/boot_id").dropLast(), as: UTF8.self)
    let lines = String(decoding: fileBytes(exits), as: UTF8.self).split(separator: "\n")
    let marks = lines.filter { $0.contains(" mark=") }
    #expect(marks.count == 3 && Set(marks).count == 3, "\(lines)")
    #expect(
      lines.filter { !$0.contains(" mark=") }.joined(separator: "\n") + "\n" == """
        \(boot) step 1 exit=3
        \(boot) stop-app 2 signal=9

        """)
    let records = ExitRecord.read(path: exits)
    #expect(records.map(\.status) == [.exited(3), .signaled(9)])
    #expect(records.map(\.step) == [StepID("step"), StepID("stop-app")])
    #expect(records.map(\.attempt) == [1, 2])
    #expect(records.allSatisfy { $0.boot == boot })
    var status = stat()
    #expect(stat(exits, &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test func `who ends well while being ended has not ended well`() async throws {
    let folder = TemporaryFolder()
    let step = StepUnderTest(seconds: 0.5, exitLog: folder.path + "/exits")
    let result = try await step.bash("trap 'exit 0' TERM; sleep \(uniqueSleep()) & wait")
    #expect(result.end == .exited(0) && result.cause == .deadline)
    #expect(ExitRecord.read(path: folder.path + "/exits").map(\.status) == [.ended])
  }

  @Test func `a pipe or a link is no log of ends, and holds nobody`() {
    let folder = TemporaryFolder()
    mkfifo(folder.path + "/pipe", 0o600)
    symlink("/etc/passwd", folder.path + "/link")
    #expect(ExitRecord.read(path: folder.path + "/pipe").isEmpty)
    #expect(ExitRecord.read(path: folder.path + "/link").isEmpty)
  }

  @Test func `what was cut off or is something else is no record`() {
    let folder = TemporaryFolder()
    let path = folder.path + "/exits"
    let text = "b s 1 exit=0\nb s\n\nb s x exit=0\nb s 1 exit=\nb s 1 ended=1\nb s 2 ended\nb s 3 exit=1"
    let file = open(path, O_CREAT | O_WRONLY, 0o600)
    _ = text.utf8CString.withUnsafeBytes { write(file, $0.baseAddress, $0.count - 1) }
    close(file)
    #expect(ExitRecord.read(path: path).map(\.status) == [.exited(0), .ended])
    #expect(ExitRecord.read(path: path + "-not-there").isEmpty)
  }
}
