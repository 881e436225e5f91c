import Glibc
import RunbookModel
import TestSupport
import Testing

/// Going on with a run that was stopped, killed or that waits for a person, with the real program.
@Suite(.serialized) struct ResumeTests {
  /// Runs until `file` is there, then `kill -9`; what a second process must not do twice is counted in `once`.
  private func killed(_ scene: Scene, at file: String, _ arguments: String...) async throws -> String {
    let run = try scene.start(["run", "page", "--env", "test"] + arguments)
    try #require(await eventually { scene.exists(file) })
    run.signal(SIGKILL)
    #expect(try await run.ended().code == 137)
    return try await scene.newestRun()
  }

  /// The second step waits until it is killed the first time.
  private static func waiting(_ settings: String) -> String {
    """
    ```bash {#one}
    #| outputs: {word: '"first"'}
    echo one >> once
    ```

    ```bash {#two \(settings)}
    touch begun; test -e go || sleep 60; echo "two $word" >> twice
    ```

    ```bash {#three effect=read}
    echo "three $word" >> once
    ```

    ```bash {#look .verify effect=read}
    test -e took
    ```
    """
  }

  @Test func `a step that died is named without a terminal, and settled by --as with a note`() async throws {
    let scene = try Scene(Self.waiting(""))
    let run = try await killed(scene, at: "begun", "--yes")
    let refused = try await scene.runbook("resume", run, "--yes")
    #expect(refused.code == 7)
    #expect(refused.errors.contains("'two' was begun and nobody saw its end"), "\(refused.errors)")
    #expect(refused.errors.contains("runbook resume \(run) --as done|failed|retry --note"))
    #expect(try await scene.events().of("run.resumed").isEmpty, "a refusal is no event of the run")
    let resumed = try await scene.runbook("resume", run, "--as", "done", "--note", "saw it", "--yes")
    #expect(resumed.code == 0, "\(resumed.output)\(resumed.errors)")
    #expect(scene.text("once") == "one\nthree first\n" && !scene.exists("twice"))
    let events = try await scene.events(run)
    #expect(events.values("status", of: "step.resolved", "two") == ["done"])
    #expect(events.values("note", of: "step.resolved") == ["saw it"])
    #expect(events.values("source", of: "step.resolved") == ["option"])
    #expect(events.of("run.resumed").count == 1 && events.of("run.finished").count == 1)
    #expect(events.of("step.intent", "one").count == 1 && events.of("step.intent", "two").count == 1)
    #expect(try await scene.newest()["status"]?.string == "completed")
    let log = try await scene.runbook("log", run)
    #expect(log.output.contains("↻ resumed after event"), "\(log.output)")
    #expect(log.output.contains("two is done: saw it (by an option of the command line)"))
    #expect(log.output.contains("  by ") && log.output.contains(", runbook "), "\(log.output)")
    let report = try await scene.runbook("report", run, "--as", "markdown")
    #expect(report.output.contains("saw it") && report.output.contains("Resumed"))
    let again = try await scene.runbook("resume", run)
    #expect(again.code == 6 && again.errors.contains("ended and cannot be resumed: completed"))
  }

  @Test func `--as retry runs it again, --as failed leaves it to the page, --give-up ends the run`()
    async throws
  {
    let scene = try Scene(Self.waiting(""))
    let first = try await killed(scene, at: "begun", "--yes")
    try scene.write("", to: "go")
    let retried = try await scene.runbook("resume", first, "--as", "retry", "--note", "nothing sent", "--yes")
    #expect(retried.code == 0, "\(retried.errors)")
    #expect(scene.text("twice") == "two first\n")
    for (option, code) in [(["--as", "failed"], Int32(1)), (["--give-up"], 1)] {
      let scene = try Scene(Self.waiting(""))
      let run = try await killed(scene, at: "begun", "--yes")
      let ended = try await scene.start(["resume", run, "--note", "gone", "--yes"] + option).ended()
      #expect(ended.code == code, "\(ended.output)\(ended.errors)")
      #expect(scene.text("once") == "one\n" && !scene.exists("twice"))
      #expect(try await scene.newest()["status"]?.string == "failed")
      #expect(try await scene.events().values("status", of: "step.resolved") == ["failed"])
    }
  }

  @Test func `an idempotent step is run again, and --yes holds for its process only`() async throws {
    let scene = try Scene(Self.waiting("idempotent=true") + "\n\n```bash {#four}\ntouch four\n```")
    let run = try await killed(scene, at: "begun", "--yes")
    try scene.write("", to: "go")
    let refused = try await scene.runbook("resume", run)
    #expect(refused.code == 4 && refused.errors.contains("four"), "\(refused.errors)")
    #expect(!refused.errors.contains("two:"))
    let resumed = try await scene.runbook("resume", run, "--yes")
    #expect(resumed.code == 0, "\(resumed.output)\(resumed.errors)")
    #expect(scene.text("once") == "one\nthree first\n" && scene.text("twice") == "two first\n")
    #expect(try await scene.events().values("answer", of: "failure.answered") == ["retry"])
    #expect(try await scene.events().values("yes", of: "run.resumed") == ["true"])
  }

  @Test func `its verify step settles a step, or says that nobody knows`() async throws {
    let scene = try Scene(Self.waiting("verify=look"))
    let run = try await killed(scene, at: "begun", "--yes")
    let unknown = try await scene.runbook("resume", run, "--yes")
    #expect(unknown.code == 7, "\(unknown.output)\(unknown.errors)")
    #expect(unknown.output.contains("resume with: runbook resume \(run)"), "\(unknown.output)")
    #expect(try await scene.newest()["status"]?.string == "unknown")
    try scene.write("", to: "took")
    let resumed = try await scene.runbook("resume", run, "--yes")
    #expect(resumed.code == 0, "\(resumed.output)\(resumed.errors)")
    #expect(scene.text("once") == "one\nthree first\n" && !scene.exists("twice"))
    let events = try await scene.events()
    #expect(events.values("status", of: "step.resolved") == ["ok"])
    #expect(events.values("role", of: "step.intent", "look") == ["verify", "verify"])
  }

  @Test func `at a terminal a person is asked, and the answer wants a note`() async throws {
    let scene = try Scene(Self.waiting(""))
    let run = try await killed(scene, at: "begun", "--yes")
    let session = try scene.startAtTerminal("resume", run, "--yes")
    try await session.sees("1 of 3 steps are behind it")
    try await session.answer(
      "? 'two' was begun, nobody saw its end, and it may have happened. What now?", key: "d")
    try await session.answer("how do you know?", line: "  ")
    try await session.answer("how do you know?", line: "seen in the console")
    #expect(try await session.ended().code == 0, "\(session.terminal.screen)")
    #expect(session.terminal.isRestored && scene.text("once") == "one\nthree first\n")
    #expect(try await scene.events().values("source", of: "step.resolved") == ["person"])
    #expect(
      try await scene.events().values("choices", of: "failure.asked") == [
        #"["done","failed","retry","stop"]"#
      ])
  }

  @Test func `an interrupted run says how to go on, and goes on`() async throws {
    let scene = try Scene(
      "```bash {#one}\necho one >> once\n```\n\n```bash {#two}\n#| confirm: Two?\necho two >> once\n```")
    let session = try scene.runAtTerminal()
    try await session.answer("? Run 'one'", key: "y")
    try await session.answer("? Two?", key: "q")
    try await session.sees("resume with: runbook resume ")
    #expect(try await session.ended().code == 4)
    let run = try await scene.newestRun()
    let second = try scene.startAtTerminal("resume", String(run.suffix(5)))
    try await second.answer("? Two?", key: "y")
    #expect(try await second.ended().code == 0, "\(second.terminal.screen)")
    #expect(scene.text("once") == "one\ntwo\n")
  }

  @Test func `a run that is alive is not resumed, and its holder is named`() async throws {
    let scene = try Scene(Self.waiting(""))
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    try #require(await eventually { scene.exists("begun") })
    let name = try await scene.newestRun()
    let refused = try await scene.runbook("resume", name, "--as", "done", "--note", "x")
    #expect(refused.code == 6)
    #expect(refused.errors.contains("the run is alive and cannot be resumed"), "\(refused.errors)")
    #expect(
      refused.errors.contains("run \(name) of") && refused.errors.contains("(process \(run.pid)) since 20"))
    run.signal(SIGTERM)
    _ = try await run.ended()
  }

  @Test func `the page, the plan and the environment are those of the run`() async throws {
    let scene = try Scene(Self.waiting(""))
    let run = try await killed(scene, at: "begun", "--yes")
    try scene.write(page("```bash {#one}\ntouch other\n```"), to: "runbooks/page.md")
    try scene.write("protected: true\n", to: "runbooks/environments/test.yaml")
    let resumed = try await scene.runbook("resume", run, "--as", "done", "--note", "saw it", "--yes")
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(
      resumed.output.contains("has changed since; the run goes on with it as it was"), "\(resumed.output)")
    #expect(scene.text("once") == "one\nthree first\n" && !scene.exists("other"))
  }

  @Test func `a dry run resumes as a dry run`() async throws {
    let scene = try Scene(
      """
      ```bash {#one effect=read}
      echo one >> reads
      ```

      ```bash {#two effect=read}
      echo two >> reads; touch begun; test -e go || sleep 60
      ```

      ```bash {#write}
      touch written
      ```
      """)
    let run = try await killed(scene, at: "begun", "--dry-run")
    try scene.write("", to: "go")
    let resumed = try await scene.runbook("resume", run)
    #expect(resumed.code == 0, "\(resumed.output)\(resumed.errors)")
    #expect(resumed.output.contains("3 steps: 2 executed, 1 verified"), "\(resumed.output)")
    #expect(scene.text("reads") == "one\ntwo\ntwo\n" && !scene.exists("written"))
    let events = try await scene.events()
    #expect(events.allSatisfy { $0["mode"]?.string == "dry-run" })
  }

  @Test func `secrets are read again, and stay masked`() async throws {
    let scene = try Scene(
      """
      ```bash {#one}
      touch begun; test -e go || sleep 60
      ```

      ```bash {#two effect=read}
      #| env: {KEY: '${key}'}
      echo "the key is $KEY"; printf '%s' "$KEY" > key
      ```
      """, front: "parameters: {key: {type: secret, from: 'env:THE_KEY'}}\n")
    let started = try scene.start(
      ["run", "page", "--env", "test", "--yes"], variables: ["THE_KEY=geheim-eins"])
    try #require(await eventually { scene.exists("begun") }, "\(started.outputSoFar)")
    started.signal(SIGKILL)
    _ = try await started.ended()
    let resumed = try await scene.runbook(
      "resume", try await scene.newestRun(), "--as", "done", "--note", "geheim",
      variables: ["THE_KEY=geheim-zwei"])
    #expect(resumed.code == 0, "\(resumed.output)\(resumed.errors)")
    #expect(scene.text("key") == "geheim-zwei" && resumed.output.contains("the key is ***"))
    #expect(!scene.storeHolds("geheim-zwei"))
  }

  @Test func `the exit code that the supervisor noted is the outcome`() async throws {
    let scene = try Scene("```bash {#one}\ntouch begun; sleep 60\n```\n\n```bash {#two}\ntouch two\n```")
    let run = try await killed(scene, at: "begun", "--yes")
    // The record that a supervisor writes whose executor died a moment later than the step.
    let exits = scene.store + "/runs/\(run)/exits"
    #expect(await eventually { String(decoding: fileBytes(exits), as: UTF8.self).contains("one 1 ended") })
    try scene.write("boot one 1 exit=0\n", to: "store/runs/\(run)/exits")
    let resumed = try await scene.runbook("resume", run, "--yes")
    #expect(resumed.code == 0, "\(resumed.output)\(resumed.errors)")
    #expect(scene.exists("two"))
    #expect(try await scene.events().values("recovered", of: "step.finished", "one") == ["true"])
  }

  @Test func `wrong options are a matter of usage, and the help has an example`() async throws {
    let scene = try Scene(Self.waiting(""))
    let none = try await scene.runbook("resume", "nothing")
    #expect(none.code == 1, "\(none.errors)")
    for arguments in [
      ["resume", "x", "--as", "done"], ["resume", "x", "--note", "n"],
      ["resume", "x", "--as", "done", "--give-up", "--note", "n"],
      ["resume", "x", "--as", "maybe", "--note", "n"],
    ] {
      #expect(try await scene.start(arguments).ended().code == 64, "\(arguments)")
    }
    let help = try await scene.runbook("resume", "--help")
    #expect(help.code == 0 && help.output.contains("runbook resume k3xqd --as done --note"), "\(help.output)")
    let run = try await killed(scene, at: "begun", "--yes")
    let completions = try await scene.runbook("---completion", "resume", "--", "positional@0", "1", "0", run)
    #expect(completions.output.contains(run), "\(completions.output)\(completions.errors)")
    for shell in ["bash", "zsh", "fish"] {
      #expect(try await scene.runbook("completions", shell).output.contains("end-survivors"))
    }
  }
}
