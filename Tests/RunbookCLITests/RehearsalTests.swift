import Testing

@Suite(.serialized) struct RehearsalTests {
  @Test(arguments: ["python", "bash"])
  func `a rehearsal runs nothing that a page's variables name`(language: String) async throws {
    let scene = try Scene("")
    try scene.write("open('\(scene.path("ran"))', 'w')\n", to: "sitecustomize.py")
    try scene.write("touch '\(scene.path("ran"))'\n", to: "start")
    try scene.write(
      page(
        """
        ```\(language) {#act}
        #| env: {PYTHONPATH: \(scene.folder), BASH_ENV: \(scene.path("start"))}
        exit
        ```
        """), to: "runbooks/page.md")
    let run = try await scene.run("--dry-run")
    #expect(run.code == 0, "\(run.output)\(run.errors)")
    #expect(!scene.exists("ran"))
  }
}
