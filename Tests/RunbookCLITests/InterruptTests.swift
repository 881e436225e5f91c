import Glibc
import RunbookModel
import TestSupport
import Testing

@Suite(.serialized) struct InterruptTests {
  /// A step that waits with a child that left its session twice.
  private static func waiting(_ length: String, effect: String = "read", trap: String = "") -> String {
    """
    ```bash {#wait effect=\(effect)}
    \(trap)setsid bash -c 'setsid sleep \(length) & sleep \(length)' & sleep \(length)
    ```

    ```bash {#never effect=read}
    touch never
    ```
    """
  }

  @Test(arguments: [("read", Int32(130), "interrupted"), ("write", 7, "unknown")])
  func `Ctrl-C ends the step and all its processes, then the run`(
    _ effect: String, _ code: Int32, _ status: String
  ) async throws {
    let length = uniqueSleep()
    let scene = try Scene(Self.waiting(length, effect: effect))
    let session = try scene.runAtTerminal("--yes")
    #expect(await eventually { sleeping(length).count == 3 })
    session.terminal.type("\u{03}")
    #expect(try await session.ended().code == code, "\(session.terminal.screen)")
    #expect(sleeping(length).isEmpty && !scene.exists("never"))
    #expect(session.terminal.isRestored)
    #expect(try await scene.newest()["status"]?.string == status)
    #expect(try await scene.events().of("signal.received").count == 1)
  }

  @Test func `a second Ctrl-C kills what does not listen`() async throws {
    let length = uniqueSleep()
    // The limit for the first one's good order is 5 s; a step that ignores it lives at least so long.
    let scene = try Scene(Self.waiting(length, trap: "trap '' TERM INT; "))
    let session = try scene.runAtTerminal()
    #expect(await eventually { sleeping(length).count == 3 })
    session.terminal.type("\u{03}")
    try await session.sees("! SIGINT")
    session.terminal.type("\u{03}")
    #expect(try await session.ended().code == 130, "\(session.terminal.screen)")
    #expect(sleeping(length).isEmpty && session.terminal.isRestored)
  }

  @Test func `SIGQUIT from the keyboard ends all at once`() async throws {
    let length = uniqueSleep()
    let scene = try Scene(Self.waiting(length, trap: "trap '' TERM INT QUIT; "))
    let session = try scene.runAtTerminal()
    #expect(await eventually { sleeping(length).count == 3 })
    session.terminal.type("\u{1c}")
    #expect(try await session.ended().code == 131, "\(session.terminal.screen)")
    #expect(sleeping(length).isEmpty && session.terminal.isRestored)
    #expect(session.terminal.screen.contains("! SIGQUIT") && !session.terminal.screen.contains("Backtrace"))
  }

  @Test func `a crash ends at once and shows nothing of the memory`() async throws {
    let length = uniqueSleep()
    let scene = try Scene(Self.waiting(length))
    let run = try scene.start(["run", "page", "--env", "test"])
    #expect(await eventually { sleeping(length).count == 3 })
    run.signal(SIGSEGV)
    let ended = try await run.ended(within: 20)
    #expect(ended.code == 128 + SIGSEGV && ended.errors == "", "\(ended.errors)")
    #expect(await eventually { sleeping(length).isEmpty })
  }

  @Test func `Ctrl-C at a question stops the run and restores the terminal`() async throws {
    let scene = try Scene(
      "```bash {#one}\ntouch one\n```\n\n```bash {#drop effect=destructive}\ntouch dropped\n```")
    let session = try scene.runAtTerminal()
    try await session.sees("Run 'one'")
    #expect(await eventually { session.terminal.waitsForKey })
    session.terminal.type("\u{03}")
    #expect(try await session.ended().code == 130, "\(session.terminal.screen)")
    #expect(session.terminal.isRestored && !scene.exists("one"))
    let second = try scene.runAtTerminal("--yes")
    try await second.sees("type 'local' to run, or")
    #expect(await eventually { second.terminal.waitsForLine })
    second.terminal.type("loc\u{03}")
    #expect(try await second.ended().code == 130, "\(second.terminal.screen)")
    #expect(second.terminal.isRestored && !scene.exists("dropped"))
  }

  @Test func `SIGTERM ends step and run with 143`() async throws {
    let length = uniqueSleep()
    let scene = try Scene(Self.waiting(length))
    let run = try scene.start(["run", "page", "--env", "test"])
    #expect(await eventually { sleeping(length).count == 3 })
    run.signal(SIGTERM)
    #expect(try await run.ended().code == 143)
    #expect(sleeping(length).isEmpty && !scene.exists("never"))
    #expect(try await scene.newest()["status"]?.string == "interrupted")
  }

  @Test func `a closed terminal lets the step finish and asks nobody`() async throws {
    let scene = try Scene(
      """
      ```bash {#one}
      touch started
      while ! test -e closed; do sleep 0.05; done
      sleep 0.3; echo more; touch finished
      ```

      ```bash {#two}
      #| confirm: And two?
      touch two
      ```
      """)
    let session = try scene.runAtTerminal()
    try await session.answer("? Run 'one'", key: "y")
    #expect(await eventually { scene.exists("started") })
    session.terminal.hangUp()
    try scene.write("", to: "closed")
    let ended = try await session.process.ended()
    #expect(ended.code == 129)
    #expect(scene.exists("finished") && !scene.exists("two"))
    let events = try await scene.events()
    #expect(events.values("status", of: "step.finished", "one") == ["ok"])
    #expect(events.of("step.intent", "two").isEmpty && events.last?["type"]?.string == "run.finished")
  }

  @Test func `history tells a run that is under way from one that died`() async throws {
    let length = uniqueSleep()
    let scene = try Scene(Self.waiting(length, effect: "write"))
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    #expect(await eventually { sleeping(length).count == 3 })
    let history = try await scene.runbook("history")
    #expect(history.output.contains("  under way in process \(run.pid), now at wait\n"), "\(history.output)")
    #expect(!history.output.contains("nobody saw"), "\(history.output)")
    #expect(try await scene.newest()["running"]?.text == "true")
    run.signal(SIGKILL)
    _ = try await run.ended()
    let after = try await scene.runbook("history")
    #expect(after.output.contains("wait was started and nobody saw its end"), "\(after.output)")
    #expect(try await scene.newest()["running"]?.text == "false")
  }

  @Test func `kill -9 in mid-step leaves no process and an intent without outcome`() async throws {
    let length = uniqueSleep()
    let scene = try Scene(Self.waiting(length, effect: "write"))
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    #expect(await eventually { sleeping(length).count == 3 })
    run.signal(SIGKILL)
    #expect(try await run.ended().code == 137)
    #expect(await eventually { sleeping(length).isEmpty })
    #expect(!scene.exists("never"))
    let history = try await scene.runbook("history")
    #expect(history.code == 0)
    #expect(history.output.contains("  open  page in test"), "\(history.output)")
    #expect(history.output.contains("wait was started and nobody saw its end"), "\(history.output)")
    let events = try await scene.events()
    #expect(events.of("step.intent", "wait").count == 1 && events.of("step.finished").isEmpty)
    #expect(events.of("run.finished").isEmpty)
    let report = try await scene.runbook("report", try await scene.newestRun(), "--as", "markdown")
    #expect(report.output.contains("the log does not say how it ended"), "\(report.output)")
  }
}
