import RunbookModel
import Testing

/// Which environment a run is for, where no option says it.
@Suite(.serialized) struct EnvironmentChoiceTests {
  private func scene() throws -> Scene {
    let scene = try Scene("```bash {#one effect=read}\nprintf '%s' \"${environment}\" > ran\n```")
    try scene.write("protected: true\n", to: "runbooks/environments/live.yaml")
    return scene
  }

  @Test func `at a terminal it is asked, and only a whole name is an answer`() async throws {
    let scene = try scene()
    let session = try scene.startAtTerminal("run", "page")
    try await session.sees("? Which environment for page?")
    try await session.sees("  live (protected)\r\n  test\r\n")
    try await session.answer("its name, or [q] stop: ", line: "")
    try await session.answer("its name, or [q] stop: ", line: "tes")
    try await session.sees("none of them is named 'tes'; did you mean 'test'?")
    #expect(!scene.exists("ran"))
    try await session.answer("its name, or [q] stop: ", line: "test")
    #expect(try await session.ended().code == 0, "\(session.terminal.screen)")
    #expect(scene.text("ran") == "test" && session.terminal.isRestored)
    #expect(try await scene.newest()["environment"]?.string == "test")
  }

  @Test func `a protected one is asked for too, and whoever stops has run nothing`() async throws {
    let scene = try scene()
    let session = try scene.startAtTerminal("run", "page")
    try await session.answer("its name, or [q] stop: ", line: "q")
    #expect(try await session.ended().code == 4)
    try await Task.sleep(for: .milliseconds(100))
    session.terminal.refresh()
    #expect(session.terminal.screen.contains("no environment was chosen, so nothing was done"))
    let plan = try scene.startAtTerminal("plan", "page")
    try await plan.answer("its name, or [q] stop: ", line: "live")
    #expect(try await plan.ended().code == 0)
    #expect(plan.terminal.screen.contains("environment live (protected)"), "\(plan.terminal.screen)")
    #expect(!scene.exists("ran") && session.terminal.isRestored && plan.terminal.isRestored)
  }

  @Test func `an option, a variable and the only one are not asked for`() async throws {
    let scene = try scene()
    let named = try scene.startAtTerminal("run", "page", "--env", "test")
    #expect(try await named.ended().code == 0)
    #expect(!named.terminal.screen.contains("Which environment"))
    let only = try Scene("```bash {#one effect=read}\ntrue\n```")
    let session = try only.startAtTerminal("run", "page")
    #expect(try await session.ended().code == 0, "\(session.terminal.screen)")
    #expect(!session.terminal.screen.contains("Which environment"))
  }

  @Test func `without a terminal it has to be said`() async throws {
    let scene = try scene()
    for command in ["run", "plan", "graph"] {
      let ended = try await scene.runbook(command, "page")
      #expect(ended.code == 64)
      #expect(ended.errors == "runbook: say which environment with --env: live, test\n")
    }
    #expect(!scene.exists("ran"))
    #expect(try await scene.runbook("run", "page", variables: ["RUNBOOK_ENV=test"]).code == 0)
  }
}
