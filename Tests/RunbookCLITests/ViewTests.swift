import Glibc
import RunbookModel
import TestSupport
import Testing

/// What people read of a run and of the library is whole, and says what was the case.
@Suite(.serialized) struct ViewTests {
  private static let program = (1...12).map { "echo 'line \($0)'" }

  private func lines(_ text: String, with mark: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      line.firstRange(of: mark).map { String(line[$0.upperBound...]) }
    }
  }

  @Test func `a long program is whole in the plan, the log and the reports`() async throws {
    let scene = try Scene(
      "```bash {#long effect=read}\n\(Self.program.joined(separator: "\n"))\n```\n\n```bash {#after}\ntrue\n```"
    )
    let plan = try await scene.runbook("plan", "page", "--env", "test")
    #expect(lines(plan.output, with: "$ ").filter { $0.hasPrefix("echo") } == Self.program)
    let run = try await scene.run("--yes")
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.output.contains(" more lines, all of them in the log\n"))
    let name = try await scene.newestRun()
    let log = try await scene.runbook("log", name)
    #expect(lines(log.output, with: "$ ").filter { $0.hasPrefix("echo") } == Self.program)
    let markdown = try await scene.runbook("report", name, "--as", "markdown")
    let fence = "\(Self.program.map { "  \($0)\n" }.joined())  ```\n"
    #expect(markdown.output.contains(fence), "\(markdown.output)")
  }

  @Test func `lines that end with CR and LF are lines`() async throws {
    let scene = try Scene("```bash {#one effect=read}\nprintf 'one\\r\\ntwo\\r\\n'\n```")
    #expect(try await scene.run().code == 0)
    let name = try await scene.newestRun()
    let log = try await scene.runbook("log", name, "--output")
    #expect(lines(log.output, with: "│ ").filter { !$0.isEmpty } == ["one", "two"], "\(log.output)")
    #expect(try await scene.runbook("report", name).output.contains("<pre>one\ntwo\n</pre>"))
    let markdown = try await scene.runbook("report", name, "--as", "markdown")
    #expect(markdown.output.contains("  one\n  two\n"))
  }

  @Test func `a report says whether the log it was made from is as it was written`() async throws {
    let scene = try Scene("```bash {#one effect=read}\ntrue\n```")
    #expect(try await scene.run().code == 0)
    let name = try await scene.newestRun()
    let html = try await scene.runbook("report", name).output
    #expect(html.contains("<th>Integrity</th><td>verified with the report: "), "\(html)")
    #expect(html.contains("; anchoring L0</td>") && !html.contains("<p class=\"bad\">"))
    let tile = try #require(filesBelow(scene.store + "/log/tile").first)
    try #require(truncate(tile, 1) == 0)
    let changed = try await scene.runbook("report", name)
    #expect(changed.code == 0, "\(changed.errors)")
    #expect(changed.output.contains("<p class=\"bad\">the log is not as it was written: "))
    let markdown = try await scene.runbook("report", name, "--as", "markdown").output
    #expect(markdown.contains("\n**the log is not as it was written: "), "\(markdown)")
  }

  @Test func `a step that was blocked is not called skipped`() async throws {
    let scene = try Scene(
      """
      ```bash {#one effect=read on-failure=continue}
      false
      ```

      ```bash {#two effect=read needs=one}
      true
      ```
      """)
    let run = try await scene.run()
    #expect(run.output.contains("– [2/2] two: blocked by one\n"), "\(run.output)")
    #expect(!run.output.contains("skipped"), "\(run.output)")
    #expect(try await scene.runbook("history").output.contains("1 blocked"))
  }

  @Test func `what is listed under a message stands under it`() async throws {
    let scene = try Scene("```bash {#one}\ntrue\n```\n\n```bash {#two effect=destructive}\ntrue\n```")
    let refused = try await scene.run()
    #expect(refused.code == 4)
    #expect(
      refused.errors.split(separator: "\n").map { $0.prefix(7) }
        == ["runbook", "  one: ", "  two: "], "\(refused.errors)")
    #expect(try await scene.run("--yes", "--confirm", "two").code == 0)
    let journal = scene.store + "/journal/00000000000000000000.jsonl"
    let whole = String(decoding: fileBytes(journal), as: UTF8.self)
    let second = whole.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    try scene.write(
      second.filter { $0.offset != 3 }.map { String($0.element) }.joined(separator: "\n"),
      to: "store/journal/00000000000000000000.jsonl")
    let history = try await scene.runbook("history")
    #expect(history.code == 74)
    #expect(
      history.errors.hasPrefix(
        "runbook: the log is not whole:\n  the event 4 stands where the event 3 belongs"),
      "\(history.errors)")
  }

  @Test func `a doctor changes nothing`() async throws {
    let scene = try Scene("```bash {#one effect=read}\ntrue\n```")
    let before = try await scene.runbook("doctor")
    #expect(before.output.hasPrefix("✓ audit log: \(scene.store) will be made by the first run\n"))
    #expect(!scene.exists("store"))
    #expect(try await scene.run().code == 0)
    let files = filesBelow(scene.store).map { ($0, fileBytes($0)) }
    let after = try await scene.runbook("doctor")
    #expect(after.output.hasPrefix("✓ audit log: \(scene.store) can be written\n"))
    #expect(filesBelow(scene.store).map { ($0, fileBytes($0)) }.elementsEqual(files, by: ==))
    try #require(chmod(scene.store, 0o755) == 0)
    let open = try await scene.runbook("doctor")
    #expect(open.code == 1 && open.output.hasPrefix("✗ audit log: '\(scene.store)' is open to others"))
  }

  @Test(arguments: [["list"], ["find", "x"], ["check"], ["show", "x"]])
  func `that there is no library is said with what to do`(_ arguments: [String]) async throws {
    let scene = try Scene()
    removeTree(scene.path("runbooks"))
    let ended = try await scene.start(arguments).ended()
    #expect(ended.code == 3 && ended.output.isEmpty)
    #expect(
      ended.errors
        == "runbook: no folder 'runbooks' here or above; say where with --dir or RUNBOOK_PATH\n")
  }

  @Test func `a secret is masked before the step that uses it`() async throws {
    let secret = "s3cr3t-\(Int.random(in: 100_000_000...999_999_999))"
    let scene = try Scene(
      """
      ```bash {#early effect=read}
      cat runbooks/token
      ```

      ```bash {#late effect=read}
      #| env: [token]
      test -n "${token}"
      ```
      """, front: "parameters: {token: {type: secret, from: 'file:token'}}\n")
    try scene.write(secret + "\n", to: "runbooks/token")
    let run = try await scene.run()
    #expect(run.code == 0, "\(run.errors)")
    #expect(!run.output.contains(secret) && run.output.contains("│ ***"), "\(run.output)")
    #expect(!scene.storeHolds(secret))
  }
}
