import Glibc
import RunbookAdapter
import RunbookModel
import RunbookProcesses
import TestSupport
import Testing

/// How a process begins and ends.
@Suite struct EndTests {
  @Test(arguments: [0, 1, 3, 141, 255] as [Int32]) func `an exit code arrives`(code: Int32) async throws {
    let result = try await StepUnderTest().bash("exit \(code)")
    #expect(result.end == .exited(code))
    #expect(result.cause == .itself)
    #expect(result.survivors.isEmpty)
  }

  @Test(arguments: [SIGTERM, SIGKILL, SIGSEGV, SIGPIPE]) func `a deadly signal arrives`(
    signal: Int32
  ) async throws {
    let result = try await StepUnderTest().bash("kill -\(signal) $$")
    #expect(result.end == .signaled(signal))
    #expect(result.cause == .itself)
  }

  @Test func `the two streams are kept apart and shown`() async throws {
    let step = StepUnderTest()
    let result = try await step.bash("echo out; echo error >&2; printf end")
    #expect(result.standardOutput.text == "out\nend")
    #expect(result.standardError.text == "error\n")
    #expect(step.attempt.output.text(.standardOutput) == "out\nend")
    #expect(step.attempt.output.text(.standardError) == "error\n")
  }

  @Test func `a helper's output is kept but not shown`() async throws {
    let step = StepUnderTest()
    var request = step.request("echo", ["hidden"])
    request.streamsOutput = false
    let result = try await step.run(request)
    #expect(result.standardOutput.text == "hidden\n")
    #expect(step.attempt.output.text() == "")
  }

  @Test func `a program that is not there is not found on the request's own PATH`() async throws {
    let folder = TemporaryFolder()
    let step = StepUnderTest()
    var request = step.request("only-here", [])
    request.environment = [("PATH", .text("/nonexistent:\(folder.path)"))]
    await #expect(
      throws: StepFailure(.spawn, "cannot start 'only-here': not found on PATH", effectIsPossible: false)
    ) { try await step.run(request) }

    symlink("/bin/echo", folder.path + "/only-here")
    #expect(try await step.run(request).end == .exited(0))
  }

  @Test func `what cannot be started says why`() async throws {
    let folder = TemporaryFolder()
    let step = StepUnderTest()
    let text = folder.path + "/text"
    close(open(text, O_CREAT | O_WRONLY, 0o755))
    _ = try await step.bash("echo hello > \(text)")

    var detail = await failure { try await step.run(text) }
    #expect(detail == "cannot start '\(text)': it is no program and does not begin with '#!'")
    detail = await failure { try await step.run("/etc/passwd") }
    #expect(detail == "cannot start '/etc/passwd': Permission denied")
    detail = await failure { try await step.run("") }
    #expect(detail == "the name of the program is empty")

    var request = step.request("true", [])
    request.directory = "/no/such/folder"
    detail = await failure { try await step.run(request) }
    #expect(detail == "cannot enter the directory '/no/such/folder': No such file or directory")
    #expect(try await step.run("true").end == .exited(0), "the supervisor goes on")
  }

  @Test func `nothing begins after an interrupt or without time`() async throws {
    let folder = TemporaryFolder()
    var step = StepUnderTest()
    step.attempt.interrupt.press()
    await #expect(throws: StepFailure(.cancelled, "interrupted before it began", effectIsPossible: false)) {
      try await step.run("touch", folder.path + "/file")
    }
    step = StepUnderTest(seconds: -1)
    await #expect(throws: StepFailure(.timeout, "no time was left to begin", effectIsPossible: false)) {
      try await step.run("touch", folder.path + "/file")
    }
    #expect(access(folder.path + "/file", F_OK) != 0)
  }

  @Test func `the program that ships can be the supervisor`() async throws {
    let result = try await StepUnderTest(program: Built.path("runbook")).bash("exit 7")
    #expect(result.end == .exited(7))
  }

  @Test func `a program that is no supervisor is reported`() async throws {
    let step = StepUnderTest(program: "/bin/true")
    let result = try? await step.run("true")
    #expect(result == nil || result?.end == .supervisorLost)
    let detail = await failure { try await StepUnderTest(program: "/no/such/program").run("true") }
    #expect(detail == "cannot start the supervisor: No such file or directory")
  }

  private func failure(_ body: () async throws -> ProcessResult) async -> String? {
    do {
      _ = try await body()
      return nil
    } catch let failure as StepFailure {
      #expect(failure.reason == .spawn)
      #expect(!failure.effectIsPossible)
      return failure.detail
    } catch {
      return "\(error)"
    }
  }
}
