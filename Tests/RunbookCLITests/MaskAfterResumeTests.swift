import Glibc
import RunbookModel
import TestSupport
import Testing

/// Texts that a step's `mask` found live in memory only: what a resume does without them.
@Suite struct MaskAfterResumeTests {
  /// A step that masks what it prints, and one that prints it again: dies in its first process.
  private static func page(_ effect: String) -> String {
    """
    ```bash {#issue effect=\(effect)}
    #| mask: .stdout | split("\\n")[]
    echo issue >> ran; cat token
    ```

    ```bash {#show effect=read}
    if [ ! -e go ]; then touch begun; sleep 60; fi
    echo "it is $(cat token)"; base64 -w 5 token
    ```
    """
  }

  private func killed(_ effect: String) async throws -> (scene: Scene, run: String) {
    let scene = try Scene(Self.page(effect))
    try scene.write("zebra-4711\nshort\n", to: "token")
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    #expect(await eventually { scene.exists("begun") })
    run.signal(SIGKILL)
    _ = try await run.ended()
    try scene.write("", to: "go")
    return (scene, try await scene.newestRun())
  }

  private func expectHidden(_ scene: Scene, _ ended: Ended) {
    #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
    #expect(ended.output.contains("it is ***"), "\(ended.output)")
    for text in ["zebra-4711", "short", "emVicmEtND"] {
      #expect(!ended.output.contains(text) && !scene.storeHolds(text), "\(text) in \(ended.output)")
    }
  }

  @Test func `a read finds them once more`() async throws {
    let (scene, run) = try await killed("read")
    expectHidden(scene, try await scene.runbook("resume", run, "--yes"))
    #expect(scene.text("ran") == "issue\nissue\n")
  }

  @Test func `of a write a person says them, before anything else could show them`() async throws {
    let (scene, run) = try await killed("write")
    let refused = try await scene.runbook("resume", run, "--yes")
    #expect(refused.code == 6, "\(refused.output)")
    #expect(refused.errors.contains("'issue' masked texts, which are stored nowhere"), "\(refused.errors)")
    #expect(refused.errors.hasSuffix("\n  runbook resume \(run) --mask file:PATH\n"), "\(refused.errors)")
    #expect(try await scene.events(run).of("run.resumed").isEmpty)
    let missing = try await scene.runbook("resume", run, "--yes", "--mask", "file:nowhere")
    #expect(missing.code == 6 && missing.errors.contains("nowhere"), "\(missing.errors)")
    expectHidden(scene, try await scene.runbook("resume", run, "--yes", "--mask", "file:token"))
    #expect(scene.text("ran") == "issue\n")
    let masks = try await scene.events(run).values("masks", of: "run.resumed")
    #expect(masks == [#"["file:token"]"#] || masks == [#"["file:\#(scene.path("token"))"]"#], "\(masks)")
  }

  @Test func `a run that is given up needs none`() async throws {
    let scene = try Scene(
      "```bash {#issue}\n#| mask: .stdout\ncat token\n```\n\n```bash {#next}\ntouch begun; sleep 60\n```")
    try scene.write("zebra-4711", to: "token")
    let run = try scene.start(["run", "page", "--env", "test", "--yes"])
    #expect(await eventually { scene.exists("begun") })
    run.signal(SIGKILL)
    _ = try await run.ended()
    let ended = try await scene.runbook("resume", try await scene.newestRun(), "--give-up", "--note", "x")
    #expect(ended.code == 1, "\(ended.output)\(ended.errors)")
  }
}
