import Testing

@Suite struct RequirementTests {
  private static let front = "requires: {tools: [bash, frobnicate-9]}\n"

  @Test func `a tool that the page requires and nobody has stops it before anything runs`() async throws {
    let scene = try Scene("```bash {#look effect=read}\ntouch made\n```\n", front: Self.front)
    for arguments in [["--yes"], ["--dry-run"]] {
      let run = try await scene.start(["run", "page", "--env", "test"] + arguments).ended()
      #expect(run.code == 3)
      #expect(
        run.errors == "runbook: nothing was run: the page requires 'frobnicate-9', which is not on PATH\n")
    }
    #expect(!scene.exists("made"))
    let plan = try await scene.runbook("plan", "page", "--env", "test")
    #expect(plan.code == 0 && plan.errors.contains("requires 'frobnicate-9', which is not on PATH here"))
    let doctor = try await scene.runbook("doctor")
    #expect(doctor.code == 1)
    #expect(doctor.output.contains("✗ frobnicate-9: not on PATH; required by page\n"), "\(doctor.output)")
  }

  @Test func `a secret in a file is found beside the page that names it`() async throws {
    let scene = try Scene(
      "```bash {#look effect=read}\n#| env: {T: '${token}'}\nprintf '%s' \"$T\" | cmp - expected && echo same\n```\n",
      front: "parameters: {token: {type: secret, from: 'file:token'}}\n")
    try scene.write("hunter2222\n", to: "runbooks/token")
    try scene.write("hunter2222", to: "expected")
    let run = try await scene.run()
    #expect(run.code == 0 && run.output.contains("same"), "\(run.output)\(run.errors)")
    try scene.write("other-secret\n", to: "token")
    try scene.write("other-secret", to: "expected")
    let given = try await scene.run("-p", "token=file:token")
    #expect(given.code == 0, "\(given.output)\(given.errors)")
  }
}
