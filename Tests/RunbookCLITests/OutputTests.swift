import Glibc
import RunbookModel
import TestSupport
import Testing

@Suite(.serialized) struct OutputTests {
  @Test func `a reader that leaves does not stop the run`() async throws {
    let scene = try Scene(
      """
      ```bash {#one effect=read}
      seq 20000; while ! test -e left; do sleep 0.05; done; seq 20000
      ```

      ```bash {#two effect=read}
      touch reached
      ```
      """)
    // A named pipe, because its ends are closed on exec from the beginning: no other test's child keeps one.
    try #require(mkfifo(scene.path("output"), 0o600) == 0)
    let reader = open(scene.path("output"), O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    let writer = open(scene.path("output"), O_WRONLY | O_CLOEXEC)
    try #require(reader >= 0 && writer >= 0)
    let run = try scene.start(["run", "page", "--env", "test"], standardOutput: writer)
    close(writer)
    var byte: UInt8 = 0
    #expect(await eventually { read(reader, &byte, 1) == 1 })
    close(reader)
    try scene.write("", to: "left")
    let ended = try await run.ended()
    #expect(ended.code == 0, "\(ended.errors)")
    #expect(scene.exists("reached"))
    #expect(try await scene.newest()["status"]?.string == "completed")
    #expect(try await scene.events().of("step.finished").count == 2)
  }

  @Test func `a log that cannot be written stops everything before it starts`() async throws {
    let scene = try Scene("```bash {#one effect=read}\ntouch ran\n```")
    // A file where a folder would have to be: it stops root too, whom no mode stops.
    try scene.write("", to: "file")
    let run = try await scene.run(variables: ["RUNBOOK_STORE=\(scene.path("file/store"))"])
    #expect(run.code == 74, "\(run.errors)")
    #expect(run.errors.contains("nothing was run, because the audit log cannot be written"))
    #expect(!scene.exists("ran"))
  }

  @Test(arguments: [
    ["list"], ["find", "under"], ["show", "page"], ["check"], ["plan", "page", "--env", "test"],
    ["plan", "page", "--env", "test", "--format", "json"], ["graph", "page", "--env", "test"], ["history"],
    ["log", "RUN"], ["report", "RUN"], ["completions", "bash"], ["--help"], ["audit", "export"],
  ])
  func `what cannot be shown is no success`(_ arguments: [String]) async throws {
    let scene = try Scene("```bash {#one effect=read}\ntouch ran\n```")
    let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
    defer { close(full) }
    // A run goes on, and its code says how it ended.
    let run = try await scene.start(["run", "page", "--env", "test"], standardOutput: full).ended()
    #expect(run.code == 0 && scene.exists("ran"))
    let name = try await scene.newestRun()
    let ended = try await scene.start(arguments.map { $0 == "RUN" ? name : $0 }, standardOutput: full).ended()
    #expect(ended.code == 74)
    #expect(ended.errors == "runbook: standard output: No space left on device\n")
  }

  @Test func `a closed standard output is no place in the log`() async throws {
    let program = Built.path("runbook")
    let scene = try Scene([
      "inner": page("```bash {#one effect=read}\necho words\n```"),
      "page": page(
        """
        ```bash {#outer effect=read}
        RUNBOOK_STORE=$PWD/inner '\(program)' run inner --env test <&- >&- 2>&-
        code=0; '\(program)' list >&- || code=$?; echo "list ended with $code"
        ```
        """),
    ])
    let run = try await scene.run()
    #expect(run.code == 0, "\(run.output)")
    #expect(run.output.contains("list ended with 74"), "\(run.output)")
    let journal = filesBelow(scene.path("inner/journal"))
    #expect(!journal.isEmpty && !journal.contains { fileBytes($0).containsSequence(Array("│".utf8)) })
    let history = try await scene.runbook("history", variables: ["RUNBOOK_STORE=\(scene.path("inner"))"])
    #expect(history.code == 0 && history.output.contains("completed  inner in test"), "\(history.errors)")
  }

  @Test func `a report replaces its file only when it is whole`() async throws {
    let scene = try Scene("```bash {#one effect=read}\ntrue\n```")
    #expect(try await scene.run().code == 0)
    let run = try await scene.newestRun()
    try scene.write("before", to: "kept.html")
    try #require(chmod(scene.path("kept.html"), 0o640) == 0)
    try #require(symlink("kept.html", scene.path("link.html")) == 0)
    #expect(try await scene.runbook("report", run, "-o", "link.html").code == 0)
    #expect(scene.text("kept.html").hasPrefix("<!"))
    var status = stat()
    lstat(scene.path("link.html"), &status)
    #expect(status.st_mode & S_IFMT == S_IFLNK)
    stat(scene.path("kept.html"), &status)
    #expect(status.st_mode & 0o777 == 0o640)
    #expect(try await scene.runbook("report", run, "-o", "/dev/full").code == 1)
    #expect(try await scene.runbook("report", run, "-o", "/dev/stdout").output.hasPrefix("<!"))
    #expect(try await scene.runbook("report", run, "-o", "nowhere/x.html").code == 1)
    #expect(!filesBelow(scene.folder).contains { $0.hasSuffix(".new") })
  }

  @Test func `much output is kept at its ends, counted and digested in flat memory`() async throws {
    let bytes = 128_000_000
    let scene = try Scene(
      """
      ```bash {#big effect=read timeout=5m}
      (yes 'a line of output' || true) | head -c \(bytes) | tee >(sha256sum > digest)
      ```

      ```bash {#hold effect=read timeout=5m}
      touch holding; while ! test -e measured; do sleep 0.05; done
      ```
      """)
    let run = try scene.start(["run", "page", "--env", "test"])
    #expect(await eventually(within: 280) { scene.exists("holding") }, "\(run.outputSoFar.suffix(500))")
    let peak = try #require(run.peakKiB)
    #expect(peak < 64 * 1024, "\(peak) KiB")
    try scene.write("", to: "measured")
    #expect(try await run.ended().code == 0)
    let finished = try #require(try await scene.events().of("step.finished", "big").first)
    guard case .array(let streams)? = finished["data"]?["streams"], let stream = streams.first else {
      throw Unexpected(text: finished.text)
    }
    #expect(
      stream["bytes"] == .integer(bytes) && stream["truncated"] == .boolean(true),
      "\(stream.text.prefix(300))")
    #expect(stream["digest"]?.string == "sha256:\(scene.text("digest").prefix(64))")
    #expect(filesBelow(scene.store).reduce(0) { $0 + fileBytes($1).count } < bytes / 2)
  }

  @Test func `what a step writes first is shown, however much the one before it wrote`() async throws {
    let scene = try Scene(
      """
      ```bash {#noisy effect=read}
      (yes 'a line of output' || true) | head -c 30000000
      ```

      ```bash {#quiet effect=read}
      echo after
      ```
      """)
    let run = try await scene.run()
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.output.contains("not shown here, kept as the log says"))
    #expect(run.output.contains("  │ after\n"), "\(run.output.suffix(500))")
  }

  @Test func `a background process is named and does not hold the run`() async throws {
    let length = uniqueSleep()
    let scene = try Scene("```bash {#leave effect=read}\nsleep \(length) & echo left\n```")
    let run = try await scene.run()
    let survivors = sleeping(length)
    for pid in survivors { kill(pid, SIGKILL) }
    #expect(run.code == 0, "\(run.output)")
    #expect(run.output.contains("! still running: ") && run.output.contains("sleep"), "\(run.output)")
  }

  @Test func `a report is inert, whatever the step wrote`() async throws {
    let scene = try Scene(
      """
      ```bash {#hostile effect=read}
      echo '<script>alert(1)</script><img src=x onerror=alert(2)>'; printf '\\033[2J\\033]0;x\\007 \\302\\205 \\n'
      ```
      """, front: "parameters: {who: {type: string}}\n")
    #expect(try await scene.run("-p", "who=<script>alert(3)</script>\u{1b}[2J").code == 0)
    let run = try await scene.newestRun()
    let html = try await scene.runbook("report", run)
    #expect(html.code == 0)
    #expect(
      !html.output.contains("<script") && !html.output.contains("<img") && !html.output.contains("\u{1b}"))
    #expect(html.output.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    #expect(html.output.contains("&lt;script&gt;alert(3)&lt;/script&gt;"))
    #expect(html.output.contains("default-src 'none'"))
    let markdown = try await scene.runbook("report", run, "--as", "markdown", "-o", "report.md")
    #expect(markdown.code == 0 && markdown.output == "")
    let text = scene.text("report.md")
    #expect(text.contains("# Under test") && !text.contains("\u{1b}"))
    #expect(text.contains("<script>"))
    #expect(!outsideFences(text).contains("<script>"), "\(text)")
    let log = try await scene.runbook("log", run, "--output")
    #expect(log.code == 0 && !log.output.contains("\u{1b}"))
    #expect(log.output.contains("<U+001B>[2J"))
    #expect(try await scene.runbook("log", "no-such-run").code != 0)
  }

  @Test func `history filters and names what it shows`() async throws {
    let scene = try Scene([
      "good": page("```bash {#one effect=read}\ntrue\n```"),
      "bad": page("```bash {#one effect=read}\nexit 1\n```"),
    ])
    let empty = try await scene.runbook("history")
    #expect(empty.code == 0 && empty.output == "nothing was run yet\n")
    #expect(try await scene.runbook("run", "good", "--env", "test").code == 0)
    #expect(try await scene.runbook("run", "bad", "--env", "test").code == 1)
    let all = try await scene.runbook("history")
    let lines = all.output.split(separator: "\n")
    #expect(
      lines.count == 2 && lines[0].contains("failed  bad in test") && lines[1].contains("completed  good"))
    let failed = try await scene.runbook("history", "--status", "failed")
    #expect(failed.output.split(separator: "\n").count == 1 && failed.output.contains("bad in test"))
    let good = try await scene.runbook("history", "--runbook", "good", "--limit", "5")
    #expect(good.output.split(separator: "\n").count == 1 && good.output.contains("good in test"))
    #expect(try await scene.runbook("history", "--since", "yesterday").code == 64)
  }
}

/// The lines of a Markdown text that stand in no fence of backticks.
///
/// A fence ends at a line of backticks alone, at least as many as it began with (CommonMark 0.31, section 4.5).
private func outsideFences(_ markdown: String) -> String {
  var lines: [Substring] = []
  var fence: Int?
  for line in markdown.split(separator: "\n") {
    let rest = line.drop { $0 == " " }
    let ticks = rest.prefix { $0 == "`" }.count
    if let length = fence {
      if ticks >= length, rest.count == ticks { fence = nil }
    } else if ticks >= 3 {
      fence = ticks
    } else {
      lines.append(line)
    }
  }
  return lines.joined(separator: "\n")
}
