import Testing

/// The limit of a whole run, which the front matter sets.
@Suite(.serialized) struct PageTimeoutTests {
  @Test func `a step that it ends says so`() async throws {
    let scene = try Scene("```bash {#slow effect=read}\nsleep 60\n```", front: "timeout: 700ms\n")
    let ended = try await scene.run()
    #expect(ended.code == 1)
    #expect(
      ended.output.contains("timeout, the page's 'timeout' of 0.7 seconds is used up: not finished in time"),
      "\(ended.output)")
  }
}
