import Glibc
import RunbookModel
import Testing

@Suite(.serialized) struct LibraryTests {
  private static let good = page("```bash {#one effect=read}\ntrue\n```")

  @Test func `a pipe among the pages holds no command`() async throws {
    let scene = try Scene(["good": Self.good])
    try #require(mkfifo(scene.path("runbooks/pipe.md"), 0o600) == 0)
    let list = try await scene.start(["list"]).ended(within: 30)
    #expect(list.code == 0)
    #expect(list.output == "good  Under test\npipe  (cannot be read: Not a regular file)\n")
    let check = try await scene.start(["check"]).ended(within: 30)
    #expect(check.code == 3)
    #expect(
      check.output.contains(
        "runbooks/pipe.md:1:1: error: the file cannot be read: Not a regular file [RB0109]"))
    let plan = try await scene.start(["plan", "pipe", "--env", "test"]).ended(within: 30)
    #expect(
      plan.code == 3 && plan.errors.hasSuffix("runbooks/pipe.md: Not a regular file\n"), "\(plan.errors)")
    try #require(mkfifo(scene.path("runbooks/environments/pipe.yaml"), 0o600) == 0)
    let environment = try await scene.start(["plan", "good", "--env", "pipe"]).ended(within: 30)
    #expect(environment.code == 3 && environment.errors.contains("Not a regular file"))
  }

  @Test func `what cannot be read is one error beside the others`() async throws {
    let scene = try Scene(["bad": page("```bash {#one wrong=1}\ntrue\n```"), "good": Self.good])
    // Larger than any page may be, without taking room on the disk: it stops root too, whom no mode stops.
    try scene.write("", to: "runbooks/huge.md")
    try #require(truncate(scene.path("runbooks/huge.md"), 1 << 30) == 0)
    try #require(mkdir(scene.path("runbooks/folder.md"), 0o700) == 0)
    try scene.write(Self.good, to: "runbooks/folder.md/inner.md")
    let check = try await scene.runbook("check")
    #expect(check.code == 3)
    #expect(check.output.contains("bad.md:7:15: error:"), "\(check.output)")
    #expect(check.output.contains("huge.md:1:1: error: the file cannot be read: File too large [RB0109]"))
    #expect(check.output.hasSuffix("5 files checked: 2 errors\n"))
    let list = try await scene.runbook("list")
    #expect(list.code == 0)
    #expect(
      list.output == """
        bad              Under test
        folder.md/inner  Under test
        good             Under test
        huge             (cannot be read: File too large)

        """)
    #expect(try await scene.runbook("find", "under").code == 0)
  }

  @Test func `links lead neither around in circles nor out of the library`() async throws {
    let scene = try Scene(["good": Self.good, "sub-good": Self.good])
    for (target, name) in [(".", "loop"), ("/tmp", "tmp"), ("/etc/passwd", "environments/passwd.yaml")] {
      try #require(symlink(target, scene.path("runbooks/" + name)) == 0)
    }
    let list = try await scene.start(["list"]).ended(within: 30)
    #expect(list.output == "good      Under test\nsub-good  Under test\n")
    // A page behind a link inside of the library still has that name.
    #expect(try await scene.runbook("plan", "loop/good", "--env", "test").code == 0)
    let check = try await scene.runbook("check")
    #expect(check.code == 3 && !check.output.contains("root:"))
    #expect(check.output.contains("passwd.yaml:1:1: error: the file cannot be read: leads out of "))
    let plan = try await scene.runbook("plan", "good", "--env", "passwd")
    #expect(plan.code == 3 && !plan.errors.contains("root:"))
    #expect(plan.errors.hasSuffix("by a symbolic link\n"), "\(plan.errors)")
  }

  @Test func `paths are shown as seen from here, whatever letters they have`() async throws {
    let scene = try Scene()
    let outer = "w\u{fc}n\u{ef}c\u{f6}d\u{e9}"
    let folder = outer + "/\u{301}"
    for name in [outer, folder, folder + "/runbooks"] { try #require(mkdir(scene.path(name), 0o700) == 0) }
    try scene.write(page("```bash {#one wrong=1}\ntrue\n```"), to: folder + "/runbooks/bad.md")
    let check = try await scene.runbook("check", "bad", "--dir", folder + "/runbooks")
    #expect(check.output.hasPrefix(folder + "/runbooks/bad.md:7:15: error:"), "\(check.output)")
  }
}
