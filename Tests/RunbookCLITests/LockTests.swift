import Glibc
import RunbookModel
import TestSupport
import Testing

/// `locks:` of a page, with the real program on one machine.
@Suite(.serialized) struct LockTests {
  private static func scene(_ settings: String = "") throws -> Scene {
    let waits = page(
      "```bash {#one \(settings)}\ntouch begun; until test -e go; do sleep 0.1; done\n```",
      front: "locks: [postgres, disk]\n")
    let other = page("```bash {#other}\ntouch other\n```", front: "locks: [postgres]\n")
    return try Scene(["page": waits, "other": other])
  }

  private func other(_ scene: Scene) async throws -> Ended {
    try await scene.runbook("run", "other", "--env", "test", "--yes")
  }

  @Test func `a lock shows its holder, its host and since when, and is given back at the end`() async throws {
    let scene = try Self.scene()
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    #expect(await eventually { scene.exists("begun") })
    let name = try await scene.newestRun()
    let refused = try await other(scene)
    #expect(refused.code == 6 && !scene.exists("other"))
    #expect(refused.errors.contains("the lock 'postgres' is held by run \(name) of "), "\(refused.errors)")
    #expect(refused.errors.contains("(process \(run.pid)) since 20"))
    #expect(try await scene.newestRun() == name, "what was refused is no run")
    let rehearsal = try await scene.runbook("run", "other", "--env", "test", "--dry-run")
    #expect(rehearsal.code == 0, "a dry run changes nothing and needs no lock")
    try scene.write("", to: "go")
    #expect(try await run.ended().code == 0)
    #expect(try await scene.events(name).values("lock", of: "lock.acquired") == ["disk", "postgres"])
    let after = try await other(scene)
    #expect(after.code == 0 && scene.exists("other"), "\(after.errors)")
    #expect(try await scene.events().values("predecessor", of: "lock.acquired").isEmpty)
  }

  @Test func `a run that lost the file of its own lock stops, and another goes on alone`() async throws {
    let waits = "```bash {#one}\ntouch begun; until test -e go; do sleep 0.1; done\n```"
    let scene = try Scene(["page": page(waits + "\n\n```bash {#two}\necho two >> once\n```")])
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    #expect(await eventually { scene.exists("begun") })
    let name = try await scene.newestRun()
    removeTree(scene.store + "/runs")
    try scene.write("", to: "go")
    let ended = try await run.ended()
    #expect(ended.code == 74 && !scene.exists("once"), "\(ended.output)")
    #expect(
      ended.errors.contains("was removed or replaced, so another process may go on with the run"),
      "\(ended.errors)")
    let resumed = try await scene.start(["resume", name, "--as", "done", "--note", "seen", "--yes"]).ended()
    #expect(resumed.code == 0 && scene.text("once") == "two\n", "\(resumed.output)\(resumed.errors)")
  }

  @Test func `a dead holder with an open write is not robbed until it is resumed or given up`() async throws {
    for way in [["--as", "done"], ["--give-up"]] {
      let scene = try Self.scene()
      let run = try scene.start(["run", "page", "--env", "test", "--yes"])
      #expect(await eventually { scene.exists("begun") })
      run.signal(SIGKILL)
      _ = try await run.ended()
      let name = try await scene.newestRun()
      #expect(await eventually { fileBytes(scene.store + "/runs/\(name)/exits").count > 0 })
      let refused = try await other(scene)
      #expect(refused.code == 6 && !scene.exists("other"))
      #expect(
        refused.errors.contains("was last held by run \(name)") && refused.errors.contains("it began 'one'"),
        "\(refused.errors)")
      #expect(refused.errors.contains("runbook resume \(name) --give-up"))
      _ = try await scene.start(["resume", name, "--note", "x", "--yes"] + way).ended()
      let after = try await other(scene)
      #expect(after.code == 0, "\(after.errors)")
    }
  }

  @Test func `a run that ended unknown keeps its name on the lock`() async throws {
    let scene = try Self.scene("timeout=300ms")
    #expect(try await scene.run("--yes").code == 7)
    let name = try await scene.newestRun()
    #expect(try await other(scene).code == 6)
    let given = try await scene.runbook("resume", name, "--give-up", "--note", "x")
    #expect(given.code == 1, "\(given.output)\(given.errors)")
    #expect(try await other(scene).code == 0)
  }

  @Test func `a dead holder that left nothing open is succeeded, and the log says so`() async throws {
    let scene = try Self.scene("effect=read")
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    #expect(await eventually { scene.exists("begun") })
    run.signal(SIGKILL)
    _ = try await run.ended()
    let name = try await scene.newestRun()
    #expect(await eventually { fileBytes(scene.store + "/runs/\(name)/exits").count > 0 })
    let after = try await other(scene)
    #expect(after.code == 0, "\(after.errors)")
    #expect(try await scene.events().values("predecessor", of: "lock.acquired") == [name])
    let log = try await scene.runbook("log", try await scene.newestRun())
    #expect(log.output.contains("lock postgres, which the dead run \(name) had"), "\(log.output)")
  }

  @Test func `a lock that says nothing that can be made out is nobody's`() async throws {
    let scene = try Self.scene()
    #expect(try await other(scene).code == 0)
    try scene.write("rubbish\n", to: "store/locks/postgres.lock")
    let refused = try await other(scene)
    #expect(refused.code == 6 && refused.errors.contains("does not say who had it last"), "\(refused.errors)")
  }
}
