import Glibc
import RunbookModel
import TestSupport
import Testing

/// What is left of a run whose processes were killed, with the real program.
@Suite(.serialized) struct SurvivorTests {
  /// The supervisor of a running program.
  private func overseer(of pid: Int32) -> Int32? {
    let tasks = names(in: "/proc/\(pid)/task")
    for task in tasks {
      let children = String(decoding: fileBytes("/proc/\(pid)/task/\(task)/children"), as: UTF8.self)
      if let child = children.split(separator: " ").first { return Int32(child) }
    }
    return nil
  }

  private func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  private static func page(_ length: String) -> String {
    """
    ```bash {#one}
    setsid bash -c 'setsid sleep \(length) & sleep \(length)' & sleep \(length)
    ```

    ```bash {#two}
    touch two
    ```
    """
  }

  @Test func `with executor and supervisor killed the rest is named before a resume, and ended if wanted`()
    async throws
  {
    let length = uniqueSleep()
    let scene = try Scene(Self.page(length))
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    #expect(await eventually { sleeping(length).count == 3 })
    let supervisor = try #require(overseer(of: run.pid))
    run.signal(SIGSTOP)
    kill(supervisor, SIGKILL)
    run.signal(SIGKILL)
    _ = try await run.ended()
    defer { for pid in sleeping(length) { kill(pid, SIGKILL) } }
    #expect(!sleeping(length).isEmpty)
    let name = try await scene.newestRun()
    let doctor = try await scene.runbook("doctor")
    #expect(doctor.output.contains("(\(name)/one/1)"), "\(doctor.output)")
    let refused = try await scene.runbook("resume", name, "--as", "done", "--note", "x", "--yes")
    #expect(refused.code == 6)
    for pid in sleeping(length) {
      #expect(refused.errors.contains("  \(pid) sleep \(length)"), "\(refused.errors)")
    }
    #expect(refused.errors.contains("--end-survivors") && !scene.exists("two"))
    #expect(try await scene.events(name).of("run.resumed").isEmpty)
    let resumed = try await scene.runbook(
      "resume", name, "--as", "done", "--note", "x", "--yes", "--end-survivors")
    #expect(resumed.code == 0, "\(resumed.output)\(resumed.errors)")
    #expect(sleeping(length).isEmpty && scene.exists("two"))
    let logged = try await scene.events(name).values("survivors", of: "run.resumed").joined()
    #expect(logged.contains(" sleep") && !logged.contains(length), "\(logged)")
  }

  @Test func `who left its session and its environment too is found by its mark`() async throws {
    let length = uniqueSleep()
    let scene = try Scene(
      """
      ```bash {#one}
      env -i setsid bash -c '(env -i setsid sleep \(length) &)'; touch begun; sleep \(length)
      ```
      """)
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    #expect(await eventually { scene.exists("begun") && sleeping(length).count == 2 })
    let supervisor = try #require(overseer(of: run.pid))
    run.signal(SIGSTOP)
    kill(supervisor, SIGKILL)
    run.signal(SIGKILL)
    _ = try await run.ended()
    defer { for pid in sleeping(length) { kill(pid, SIGKILL) } }
    let pid = try #require(
      sleeping(length).first { pid in
        !String(decoding: fileBytes("/proc/\(pid)/environ"), as: UTF8.self).contains("RUNBOOK_STEP")
      })
    let name = try await scene.newestRun()
    let doctor = try await scene.runbook("doctor")
    #expect(doctor.output.contains("\(pid) sleep \(length) (\(name)/one/1)"), "\(doctor.output)")
    let refused = try await scene.runbook("resume", name, "--as", "done", "--note", "x", "--yes")
    #expect(refused.code == 6 && refused.errors.contains("\n  \(pid) sleep \(length)\n"), "\(refused.errors)")
    let resumed = try await scene.runbook(
      "resume", name, "--as", "done", "--note", "x", "--yes", "--end-survivors")
    #expect(resumed.code == 0, "\(resumed.output)\(resumed.errors)")
    #expect(sleeping(length).isEmpty)
  }

  @Test func `killing the supervisor ends the step's tree, and the run says that nobody knows`() async throws
  {
    let length = uniqueSleep()
    let scene = try Scene(Self.page(length))
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    #expect(await eventually { sleeping(length).count == 3 })
    kill(try #require(overseer(of: run.pid)), SIGKILL)
    let ended = try await run.ended()
    #expect(ended.code == 7, "\(ended.output)")
    #expect(sleeping(length).isEmpty && !scene.exists("two"))
    #expect(ended.output.contains("--as done|failed|retry"), "\(ended.output)")
    let resumed = try await scene.runbook(
      "resume", try await scene.newestRun(), "--as", "done", "--note", "x", "--yes")
    #expect(resumed.code == 0 && scene.exists("two"), "\(resumed.output)\(resumed.errors)")
  }

  @Test(arguments: [Int32(0), 3]) func `with --on-loss finish the step ends unseen, and its exit code counts`(
    code: Int32
  ) async throws {
    let scene = try Scene(
      "```bash {#one}\ntouch begun; sleep 1; head -c 300000 /dev/zero; touch ended; exit \(code)\n```\n\n"
        + "```bash {#two}\ntouch two\n```")
    let run = try scene.start(["run", "page", "--env", "test", "--yes", "--on-loss", "finish"])
    #expect(await eventually { scene.exists("begun") })
    run.signal(SIGKILL)
    _ = try await run.ended()
    // The resume waits for the supervisor, which waits for the step.
    let resumed = try await scene.runbook("resume", try await scene.newestRun(), "--yes")
    #expect(resumed.code == (code == 0 ? 0 : 1), "\(resumed.output)\(resumed.errors)")
    #expect(scene.exists("ended") && scene.exists("two") == (code == 0))
    let events = try await scene.events()
    #expect(events.values("recovered", of: "step.finished", "one") == ["true"])
    #expect(events.of("step.intent", "one").count == 1)
  }

  @Test func `a daemon that a finished step left is no obstacle`() async throws {
    let daemon = uniqueSleep()
    let scene = try Scene(
      """
      ```bash {#one}
      setsid sleep \(daemon) > /dev/null 2>&1 &
      ```

      ```bash {#two idempotent=true}
      touch begun; test -e go || sleep 60
      ```
      """)
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    #expect(await eventually { scene.exists("begun") })
    run.signal(SIGKILL)
    _ = try await run.ended()
    try scene.write("", to: "go")
    let resumed = try await scene.runbook("resume", try await scene.newestRun(), "--yes")
    #expect(resumed.code == 0, "\(resumed.output)\(resumed.errors)")
    #expect(sleeping(daemon).count == 1)
    for pid in sleeping(daemon) { kill(pid, SIGKILL) }
  }
}
