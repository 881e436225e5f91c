import Glibc
import RunbookModel
import TestSupport
import Testing

@Suite(.serialized) struct UnattendedRunTests {
  private static let everyKind = """
    ```bash {#look effect=read}
    echo "seen here"
    ```

    ```bash {#act}
    touch made
    ```

    ```bash {#destroy effect=destructive}
    touch destroyed
    ```
    """

  @Test func `without a terminal nothing runs where a person would have to answer`() async throws {
    let scene = try Scene(Self.everyKind + "\n- [ ] The dashboard is green.\n")
    let run = try await scene.run()
    #expect(run.code == 4)
    #expect(run.output == "")
    #expect(
      run.errors == """
        runbook: there is no terminal to ask at, and nothing was run; these steps need an answer:
          act: wants to be confirmed; --yes allows it
          destroy: is destructive; --confirm destroy allows it
          the-dashboard-is-green: is done by a person

        """)
    #expect(!scene.exists("made") && !scene.exists("destroyed"))
    let yes = try await scene.run("--yes", "--confirm", "destroy")
    #expect(yes.code == 4 && yes.errors.contains("the-dashboard-is-green") && !yes.errors.contains("act:"))
    #expect(try await scene.run("--format", "json").code == 4)
  }

  @Test func `--yes answers for writes, --confirm for one destructive step`() async throws {
    let scene = try Scene(Self.everyKind)
    let refused = try await scene.run("--yes")
    #expect(
      refused.code == 4 && refused.errors.contains("destroy: is destructive; --confirm destroy allows it"))
    #expect(!scene.exists("made"))
    let run = try await scene.run("--yes", "--confirm", "destroy")
    #expect(run.code == 0, "\(run.output)\(run.errors)")
    #expect(scene.exists("made") && scene.exists("destroyed"))
    #expect(run.output.contains("  │ seen here\n"))
    let events = try await scene.events()
    #expect(events.of("step.intent").compactMap { $0["step"]?.string } == ["look", "act", "destroy"])
    #expect(events.values("source", of: "confirm.answered") == ["option", "option"])
    #expect(events.last?["type"]?.string == "run.finished")
    #expect(events.values("outcome", of: "run.finished") == ["completed"])
    #expect(try await scene.newest()["status"]?.string == "completed")
  }

  @Test func `a dry run runs the reads, proves the writes and changes nothing`() async throws {
    let scene = try Scene(Self.everyKind)
    let run = try await scene.run("--dry-run")
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.output.contains("  │ seen here\n"))
    #expect(run.output.contains("✓ executed: declared a read by the page"))
    #expect(run.output.contains("✓ verified: bash parses it; on PATH: touch"))
    #expect(run.output.contains("3 steps: 1 executed, 2 verified\n"))
    #expect(!scene.exists("made") && !scene.exists("destroyed"))
    let events = try await scene.events()
    #expect(events.allSatisfy { $0["mode"]?.string == "dry-run" })
    #expect(events.values("simulated", of: "step.intent") == ["false", "true", "true"])
    let history = try await scene.runbook("history")
    #expect(history.output.contains("completed (dry-run)  page in test"))
  }

  @Test func `a dry run that would not get through ends with 1`() async throws {
    let scene = try Scene(
      """
      ```bash {#look effect=read}
      exit 9
      ```

      ```bash {#act}
      touch made
      ```
      """)
    let run = try await scene.run("--dry-run")
    #expect(run.code == 1)
    #expect(run.output.contains("✗ failed"), "\(run.output)")
    #expect(!scene.exists("made"))
    let syntax = try Scene("```bash {#act}\nno-such-program-anywhere\ntouch made\n```")
    let missing = try await syntax.run("--dry-run")
    #expect(missing.code == 1)
    #expect(missing.output.contains("no-such-program-anywhere"), "\(missing.output)")
    #expect(!syntax.exists("made"))
  }

  @Test func `a pipe is no product and no secret, and holds nobody`() async throws {
    let scene = try Scene(
      """
      ```bash {#make effect=read}
      #| produces: [pipe]
      true
      ```
      """)
    try #require(mkfifo(scene.path("pipe"), 0o600) == 0)
    let run = try await scene.start(["run", "page", "--env", "test"]).ended(within: 30)
    #expect(run.code == 1 && run.output.contains("'pipe' is no file"), "\(run.output)")
    try scene.write(
      page(
        "```bash {#use effect=read}\n#| env: [token]\ntrue\n```",
        front: "parameters: {token: {type: secret, from: 'file:../pipe'}}\n"), to: "runbooks/page.md")
    let secret = try await scene.start(["run", "page", "--env", "test"]).ended(within: 30)
    #expect(
      secret.code == 1 && secret.output.contains("is no regular file"), "\(secret.output)\(secret.errors)")
  }

  @Test func `a dry run that cannot prove everything ends with 5`() async throws {
    let scene = try Scene(
      """
      ```bash {#act}
      #| outputs: {size: .stdout}
      touch made; echo 4
      ```

      ```bash {#look effect=read}
      test -e made && echo "$size"
      ```
      """)
    let run = try await scene.run("--dry-run")
    #expect(run.code == 5, "\(run.output)")
    #expect(run.output.contains("deferred"))
    #expect(run.output.contains("2 steps: "))
    #expect(!scene.exists("made"))
    #expect(try await scene.newest()["status"]?.string == "incomplete")
  }

  @Test func `a failed step stops the run with 1, and says how to read grep's`() async throws {
    let scene = try Scene(
      """
      ```bash {#one effect=read}
      echo nothing | grep something
      ```

      ```bash {#two effect=read}
      touch never
      ```
      """)
    let run = try await scene.run()
    #expect(run.code == 1)
    #expect(run.output.contains("✗ failed in ") && run.output.contains("exit status 1"))
    #expect(run.output.contains("grep"))
    #expect(run.output.contains("failed at one\n"))
    #expect(!scene.exists("never"))
    #expect(try await scene.newest()["exit_code"] == .integer(1))
  }

  @Test func `on-failure goes on, takes back or rescues`() async throws {
    let scene = try Scene([
      "on": page(
        """
        ```bash {#one effect=read on-failure=continue}
        exit 3
        ```

        ```bash {#two effect=read}
        #| if: $one.status == "failed" and $one.exit == 3
        touch reached
        ```

        ```bash {#three effect=read}
        #| if: $one.status == "ok"
        touch never
        ```
        """),
      "undo": page(
        """
        ```bash {#one undo=un-one}
        echo one >> course
        ```

        ```bash {#un-one .undo}
        echo un-one >> course
        ```

        ```bash {#two undo=un-two on-failure=undo}
        echo two >> course; exit 1
        ```

        ```bash {#un-two .undo}
        echo un-two >> course
        ```
        """),
      "rescue": page(
        """
        ```bash {#one on-failure=save}
        exit 1
        ```

        ```bash {#save .rescue}
        touch saved
        ```

        ```bash {#two}
        touch never
        ```
        """),
    ])
    let on = try await scene.runbook("run", "on", "--env", "test", "--yes")
    #expect(on.code == 0, "\(on.output)\(on.errors)")
    #expect(scene.exists("reached") && !scene.exists("never"))
    #expect(on.output.contains("skipped, its condition is false: $one.status == \"ok\""))
    let undo = try await scene.runbook("run", "undo", "--env", "test", "--yes")
    #expect(undo.code == 2, "\(undo.output)\(undo.errors)")
    #expect(scene.text("course") == "one\ntwo\nun-two\nun-one\n")
    #expect(undo.output.contains("↶ taking back after two: two, one"))
    #expect(try await scene.newest()["status"]?.string == "undone")
    let rescue = try await scene.runbook("run", "rescue", "--env", "test", "--yes")
    #expect(rescue.code == 1, "\(rescue.output)\(rescue.errors)")
    #expect(scene.exists("saved") && !scene.exists("never"))
    #expect(rescue.output.contains("rescue after one:"))
  }

  @Test func `a read that times out failed, a write that times out is unknown`() async throws {
    let seconds = (uniqueSleep(), uniqueSleep())
    let scene = try Scene([
      "read": page("```bash {#slow effect=read timeout=300ms}\nsleep \(seconds.0)\n```"),
      "write": page(
        "```bash {#slow timeout=300ms}\nsetsid setsid sleep \(seconds.1) & sleep \(seconds.1)\n```"),
    ])
    let read = try await scene.runbook("run", "read", "--env", "test")
    #expect(read.code == 1 && read.output.contains("✗ failed in ") && read.output.contains("timeout"))
    let write = try await scene.runbook("run", "write", "--env", "test", "--yes")
    #expect(write.code == 7, "\(write.output)\(write.errors)")
    #expect(write.output.contains("? unknown in ") && write.output.contains("the outcome of slow is unknown"))
    #expect(sleeping(seconds.0).isEmpty && sleeping(seconds.1).isEmpty)
    #expect(try await scene.newest()["status"]?.string == "unknown")
  }

  @Test func `--from and --only leave out, and the log says so`() async throws {
    let scene = try Scene(
      """
      ```bash {#one effect=read}
      echo one >> course
      ```

      ```bash {#two effect=read}
      echo two >> course
      ```

      ```bash {#three effect=read}
      echo three >> course
      ```
      """)
    #expect(try await scene.run("--from", "two").code == 0)
    #expect(scene.text("course") == "two\nthree\n")
    #expect(try await scene.events().of("step.skipped").compactMap { $0["step"]?.string } == ["one"])
    #expect(try await scene.run("--only", "one").code == 0)
    #expect(scene.text("course") == "two\nthree\none\n")
    #expect(try await scene.run("--only", "four").code == 3)
  }

  @Test func `every line of --format json is an event of the log`() async throws {
    let scene = try Scene("```bash {#one effect=read}\necho out\n```")
    let run = try await scene.run("--format", "json")
    #expect(run.code == 0)
    let lines = try run.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
    let events = try await scene.events()
    #expect(lines.map { $0["type"]?.string } == events.map { $0["type"]?.string })
    #expect(lines.map { $0["data"]?.text } == events.map { $0["data"]?.text })
    #expect(lines.values("status", of: "step.finished", "one") == ["ok"])
  }
}
