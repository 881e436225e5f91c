import Glibc
import RunbookModel
import TestSupport
import Testing

@Suite struct `The audit commands` {
  /// A scene with one finished run.
  private func scene() async throws -> Scene {
    let scene = try Scene("```bash {#look effect=read}\necho here\n```\n")
    let run = try await scene.runbook("run", "page", "--env", "test", "--format", "json")
    try #require(run.code == 0, "\(run.errors)")
    return scene
  }

  /// What a program writes to standard output, which must end well.
  private func tool(_ words: String...) throws -> String {
    let line = words.map { "'\($0)'" }.joined(separator: " ")
    let stream = try #require(popen(line, "re"))
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { bytes += buffer[..<count] }
    let status = pclose(stream)
    try #require(status == 0, "\(line)")
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `find a real run sound, live and rehearsed`() async throws {
    let scene = try await scene()
    let rehearsal = try await scene.runbook("run", "page", "--env", "test", "--dry-run", "--format", "json")
    #expect(rehearsal.code == 0, "\(rehearsal.errors)")
    let verified = try await scene.runbook("audit", "verify", "--format", "json")
    #expect(verified.code == 0, "\(verified.output)")
    let summary = try JSONValue(parsing: Array(verified.output.utf8))
    #expect(summary["sound"]?.boolean == true)
    #expect(summary["events"] == summary["signed"])
    #expect(summary["runs"]?.integer == 2)
    #expect(summary["anchoring"]?.string == "L0")
    let shown = try await scene.runbook("audit", "verify")
    #expect(shown.code == 0)
    #expect(shown.output.hasPrefix("! anchoring L0"))
    #expect(shown.output.hasSuffix("sound\n"))
  }

  @Test func `say what was changed, and end with 1`() async throws {
    let scene = try await scene()
    let path = scene.store + "/journal/00000000000000000000.jsonl"
    let journal = String(decoding: fileBytes(path), as: UTF8.self)
    let changed = journal.replacing("\"simulated\":false", with: "\"simulated\":true")
    try #require(changed != journal)
    try scene.write(changed, to: "store/journal/00000000000000000000.jsonl")
    let verified = try await scene.runbook("audit", "verify")
    #expect(verified.code == 1)
    #expect(verified.output.contains("it names another hash than the line before it has"))
    #expect(verified.output.contains("has another root: events before"))
    #expect(verified.output.contains("NOT SOUND: "))
    let missing = try await scene.runbook("audit", "verify", scene.folder + "/nowhere")
    #expect(missing.code == 74)
  }

  @Test func `hand out head, key, proof and exports`() async throws {
    let scene = try await scene()
    let head = try await scene.runbook("audit", "head")
    #expect(head.code == 0 && head.output.split(separator: "\n").count == 4)
    try scene.write(head.output, to: "kept.txt")
    let key = try await scene.runbook("audit", "key")
    let proof = try await scene.runbook("audit", "prove", "0")
    #expect(proof.output.hasPrefix("c2sp.org/tlog-proof@v1\nindex 0\n"))
    #expect(proof.output.hasSuffix(head.output))
    let late = try await scene.runbook("audit", "prove", "4711")
    #expect(late.code == 1)

    let lines = try await scene.runbook("audit", "export")
    let journal = String(
      decoding: fileBytes(scene.store + "/journal/00000000000000000000.jsonl"), as: UTF8.self)
    #expect(lines.output == journal)
    let csv = try await scene.runbook("audit", "export", "--format", "csv")
    #expect(csv.output.hasPrefix("seq,time,type,run,mode,step,attempt,user,host,id,data\r\n0,"))
    for format in ["ocsf", "cloudevents"] {
      let export = try await scene.runbook("audit", "export", "--format", format)
      let values = try export.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
      #expect(values.count > 5)
      #expect(
        values.allSatisfy { format == "ocsf" ? $0["class_uid"] == 6003 : $0["specversion"] == "1.0" })
    }

    let bundle = try await scene.runbook("audit", "export", "--format", "bundle", "-o", "evidence")
    #expect(bundle.code == 0, "\(bundle.errors)")
    let verified = try await scene.runbook(
      "audit", "verify", "evidence", "--checkpoint", "kept.txt", "--key",
      String(key.output.dropLast()))
    #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
    #expect(verified.output.contains("anchoring  L2 over "))
    let exports = try await scene.runbook("audit", "export")
    #expect(exports.output.split(separator: "\n").filter { $0.contains("\"audit.exported\"") }.count == 6)
  }

  @Test func `leave checkpoints in git, and find a log that was rolled back by them`() async throws {
    let scene = try await scene()
    let old = scene.folder + "/old"
    _ = try tool("cp", "-a", scene.store, old)
    let repository = scene.folder + "/evidence.git"
    _ = try tool("git", "init", "--quiet", "--bare", repository)
    for _ in 0..<2 {
      _ = try await scene.runbook("run", "page", "--env", "test", "--format", "json")
      let anchored = try await scene.runbook("audit", "anchor", "--git", repository)
      #expect(anchored.code == 0, "\(anchored.errors)")
    }
    let names = try tool(
      "git", "-C", repository, "ls-tree", "--name-only", "runbook-checkpoints")
    let name = String(names.dropLast())
    let kept = try tool("git", "-C", repository, "show", "runbook-checkpoints:\(name)")
    try scene.write(kept, to: "kept.txt")
    let commits = try tool("git", "-C", repository, "rev-list", "--count", "runbook-checkpoints")
    #expect(commits == "2\n")
    let now = try await scene.runbook("audit", "verify", "--checkpoint", "kept.txt")
    #expect(now.code == 0, "\(now.output)")
    let then = try await scene.runbook("audit", "verify", old, "--checkpoint", "kept.txt")
    #expect(then.code == 1)
    #expect(then.output.contains("it was rolled back"))
  }
}

@Suite struct `Who reads the log` {
  private func scene() async throws -> Scene {
    let scene = try Scene("```bash {#look effect=read}\necho here\n```\n")
    let run = try await scene.run("--format", "json")
    try #require(run.code == 0, "\(run.errors)")
    return scene
  }

  private func journal(_ folder: String) -> String {
    String(decoding: fileBytes(folder + "/journal/00000000000000000000.jsonl"), as: UTF8.self)
  }

  @Test func `is in it, and who lists or verifies it is not`() async throws {
    let scene = try await scene()
    let run = try await scene.newestRun()
    let before = journal(scene.store)
    for words in [
      ["history"], ["audit", "verify"], ["audit", "head"], ["audit", "prove", "0"], ["doctor"],
    ] {
      _ = try await scene.start(words).ended()
    }
    #expect(journal(scene.store) == before)
    let log = try await scene.runbook("log", run)
    let report = try await scene.runbook("report", run)
    #expect(log.code == 0 && report.code == 0)
    #expect(log.errors == "" && report.errors == "")
    let added = try journal(scene.store).dropFirst(before.count).split(separator: "\n").map {
      try JSONValue(parsing: Array($0.utf8))
    }
    #expect(added.map { $0["type"]?.string } == ["audit.read", "audit.read"])
    #expect(added.map { $0["data"]?["command"]?.string } == ["log", "report"])
    #expect(added.allSatisfy { $0["data"]?["of"]?.string == run && $0["run"] == nil })
    #expect(try await scene.runbook("audit", "verify").code == 0)
  }

  @Test func `of a copy without a key, or one that cannot be written, changes nothing in it`() async throws {
    let scene = try await scene()
    let run = try await scene.newestRun()
    _ = try await scene.runbook("audit", "export", "--format", "bundle", "-o", "evidence")
    let copy = scene.folder + "/evidence"
    func files() -> [String] { filesBelow(copy).map { "\($0) \(fileBytes($0).count)" }.sorted() }
    let before = files()
    let elsewhere = ["RUNBOOK_STORE=" + copy]
    for words in [["log", run], ["report", run], ["audit", "export"]] {
      let read = try await scene.start(words, variables: elsewhere).ended()
      #expect(read.code == 0, "\(words): \(read.errors)")
      #expect(!read.output.isEmpty)
      #expect(
        read.errors.hasSuffix("is not logged: this is a copy, which has no signing key\n"), "\(read.errors)")
    }
    #expect(files() == before)

    // A log whose journal is no plain file of one name any more is not written to, and can be read.
    link(
      scene.store + "/journal/00000000000000000000.jsonl", scene.store + "/journal/second")
    let read = try await scene.runbook("log", run)
    #expect(read.code == 0 && read.output.contains("look"))
    #expect(read.errors.hasPrefix("runbook: this reading is not logged: "), "\(read.errors)")
    #expect(try await scene.runbook("audit", "export").code == 74)
  }

  @Test func `gets a whole export or none`() async throws {
    let scene = try await scene()
    try scene.write("old", to: "out")
    let full = try await scene.runbook("audit", "export", "-o", "/dev/full")
    #expect(full.code == 74)
    #expect(full.errors.contains("/dev/full: No space left on device"), "\(full.errors)")
    // A limit on the size of files that the journal is below and the export is not.
    for _ in 0..<3 { _ = try await scene.run("--format", "json") }
    let limit = journal(scene.store).utf8.count + 6000
    let cut = try await scene.start(
      ["audit", "export", "--format", "ocsf", "-o", "out"], under: ["/usr/bin/prlimit", "--fsize=\(limit)"]
    ).ended()
    #expect(cut.code == 74)
    #expect(cut.errors == "runbook: out: File too large\n")
    #expect(scene.text("out") == "old")
    #expect(try await scene.runbook("audit", "export", "-o", "nowhere/out").code == 74)
    #expect(try await scene.runbook("audit", "export", "-o", "out").code == 0)
    #expect(scene.text("out") == journal(scene.store))
    #expect(filesBelow(scene.folder).allSatisfy { !$0.hasSuffix(".new") })
  }
}
