import CommandAdapter
import Glibc
import RunbookAdapter
import RunbookModel
import RunbookProcesses
import TestSupport
import Testing

@Suite struct PerformTests {
  @Test(arguments: [
    ("bash", "echo out; echo why >&2"), ("sh", "echo out; echo why >&2"),
    ("python", "import sys\nprint('out')\nprint('why', file=sys.stderr)"),
  ]) func `the result is what the program wrote and how it ended`(
    language: String, script: String
  ) async throws {
    let bench = try CommandBench()
    let attempt = bench.attempt()
    let result = try await bench.perform(script, language, in: attempt)
    #expect(
      result.json.text
        == #"{"exit":0,"stdout":"out\n","stderr":"why\n","head":null,"tail":null,"truncated":false}"#)
    #expect(result.failure == nil && result.survivors.isEmpty && result.outputs.isEmpty)
    #expect(attempt.output.text() == "out\n" && attempt.output.text(.standardError) == "why\n")
  }

  @Test(
    arguments: [
      ("bash", "exit 3", 3, "exit status 3"), ("sh", "exit 3", 3, "exit status 3"),
      ("python", "import sys; sys.exit(3)", 3, "exit status 3"),
      ("python", "raise ValueError('x')", 1, "exit status 1"),
      ("bash", "false; echo never", 1, "exit status 1"), ("sh", "false; echo never", 1, "exit status 1"),
      ("bash", "echo $unset_before; echo never", 1, "exit status 1"),
      ("bash", "false | true; echo never", 1, "exit status 1"),
      (
        "bash", "echo a | grep b", 1,
        "exit status 1 (grep exits 1 where nothing matches; '|| true' accepts that)"
      ),
      (
        "bash", "yes | head -1 >&2", 141,
        "exit status 141 (under pipefail a program whose reader, such as head, leaves early counts as failed by SIGPIPE)"
      ),
      ("bash", "no-such-program-anywhere", 127, "exit status 127 (a command was not found)"),
      ("sh", "/etc/passwd", 126, "exit status 126 (a command was found but could not be executed)"),
    ] as [(String, String, Int, String)]) func `what fails in the middle fails the step, and says how`(
      language: String, script: String, code: Int, detail: String
    ) async throws
  {
    let result = try await CommandBench().perform(script, language)
    #expect(result.json["exit"] == .integer(code))
    #expect(result.failure == StepFailure(.exit, detail, effectIsPossible: true))
    #expect(result.json["stdout"] == "")
  }

  static let printing = [
    ("bash", "printf %s \"$text\""), ("sh", "printf %s \"${text}\""),
    ("python", "import os, sys\nsys.stdout.buffer.write(os.environb[b'text'])  # os.environ['text']"),
  ]

  @Test(arguments: printing, HostileText.all) func `a value arrives byte by byte and is never executed`(
    _ program: (language: String, script: String), value: HostileText
  ) async throws {
    let bench = try CommandBench()
    let result = try await bench.perform(
      program.script, program.language, in: bench.attempt(values: ["text": .text(value.text)]))
    #expect(result.failure == nil)
    #expect(result.json["stdout"] == .string(value.text))
    #expect(!bench.exists("pwned"))
  }

  @Test func `values under other names, whole and as part of a text`() async throws {
    let bench = try CommandBench()
    let options = try bench.options(
      "printf '%s|%s|%s' \"$WHOLE\" \"$PART\" \"$LIST\"",
      env: .object([.init("WHOLE", "${text}"), .init("PART", "a ${text} b ${n}"), .init("LIST", "$${text}")]),
      names: ["text": .parameter(.string), "n": .parameter(.integer)])
    let attempt = bench.attempt(values: ["text": .text("$(id)\n"), "n": .plain(7)])
    let result = try await CommandAdapter().perform(options, in: attempt.context)
    #expect(result.json["stdout"] == "$(id)\n|a $(id)\n b 7|${text}")
  }

  @Test func `a secret is handed over by env alone`() async throws {
    let bench = try CommandBench()
    let options = try bench.options(
      "printf %s \"$TOKEN\" | sha256sum; env | grep -c \"^TOKEN=s3c\"",
      env: .object([.init("TOKEN", "${token}")]), names: ["token": .parameter(.secret)])
    let attempt = bench.attempt(
      values: ["token": .secret(SecretReference(name: "token", source: .environment("X")))],
      secrets: ["token": "s3cr3t\n'x'"])
    let result = try await CommandAdapter().perform(options, in: attempt.context)
    let digest = "dd64a2e2e9eb0857bd07f77f56ce6d3a1f38a4b66e10f1085b41abdbb35ba208"
    #expect(result.failure == nil && result.json["stdout"] == .string("\(digest)  -\n1\n"))
    let spoken = CommandAdapter().invocation(of: options, on: .local, values: attempt.context.values)
    #expect(!spoken.contains("s3cr3t"))
  }

  @Test func `the environment is the base, what the script mentions, and nothing else`() async throws {
    let bench = try CommandBench()
    setenv("RUNBOOK_TEST_LEAK", "leaked", 1)
    let result = try await bench.perform(
      "env | grep -c -e leaked -e not-mentioned || echo \"$mentioned\"",
      in: bench.attempt(values: ["mentioned": .text("here"), "other": .text("not-mentioned")]))
    #expect(result.json["stdout"] == "0\nhere\n")
  }

  @Test func `what no process can be given is refused before one is started`() async throws {
    let bench = try CommandBench()
    let script = "touch started; printf %s \"$text\""
    let nul = try await bench.failure(script, in: bench.attempt(values: ["text": .text("a\0b")]))
    #expect(nul == StepFailure(.spawn, "the value of 'text' holds a NUL byte", effectIsPossible: false))
    let large = bench.attempt(values: ["text": .text(String(repeating: "x", count: 128 << 10))])
    let failure = try await bench.failure(script, in: large)
    #expect(failure?.reason == .spawn && failure?.effectIsPossible == false)
    #expect(failure?.detail.contains("variable 'text' is ") == true, "\(failure?.detail ?? "")")
    #expect(!bench.exists("started"))
  }

  @Test func `a script has no input, no arguments and its own folder`() async throws {
    let bench = try CommandBench()
    let result = try await bench.perform("cat; echo \"$#\"; pwd")
    #expect(result.json["stdout"] == .string("0\n\(bench.folder)\n"))
    let relative = try bench.options("pwd", cwd: "..")
    #expect(
      try await CommandAdapter().perform(relative, in: bench.attempt().context).json["stdout"] == "/tmp\n")
    let absolute = try bench.options("pwd", cwd: "/usr")
    #expect(
      try await CommandAdapter().perform(absolute, in: bench.attempt().context).json["stdout"] == "/usr\n")
    let missing = try bench.options("pwd", cwd: "no/such/folder")
    await #expect(throws: StepFailure.self) {
      try await CommandAdapter().perform(missing, in: bench.attempt().context)
    }
  }

  @Test func `a script above a pipe's size runs whole`() async throws {
    let script = (0..<20_000).map { "n=\($0)" }.joined(separator: "\n") + "\necho $n"
    #expect(try await CommandBench().perform(script).json["stdout"] == "19999\n")
  }

  @Test func `output above the limit keeps head and tail`() async throws {
    let bench = try CommandBench()
    let result = try await bench.perform("seq 1 1000; echo why >&2", in: bench.attempt(captureLimit: 20))
    #expect(
      result.json.text
        == #"{"exit":0,"stdout":null,"stderr":"why\n","head":"1\n2\n3\n4\n5\n","tail":"\n999\n1000\n","truncated":true}"#
    )
  }

  @Test func `bytes that are no UTF-8 do not stop a step`() async throws {
    let result = try await CommandBench().perform("printf 'a\\377b\\n'")
    #expect(result.failure == nil && result.json["stdout"] == "a\u{FFFD}b\n")
  }
}

@Suite struct EndTests {
  @Test func `a timeout ends the whole tree and keeps what was written`() async throws {
    let bench = try CommandBench()
    let attempt = bench.attempt(seconds: 1)
    let failure = try await bench.failure(
      "echo begun; (setsid setsid sleep 600 &); trap '' TERM; sleep 600 & wait; sleep 600", in: attempt)
    #expect(
      failure
        == StepFailure(.timeout, "not finished in time; its process tree was ended", effectIsPossible: true))
    #expect(attempt.output.text() == "begun\n")
    #expect(bench.leftovers.isEmpty)
  }

  @Test func `an interrupt ends the whole tree`() async throws {
    let bench = try CommandBench()
    let attempt = bench.attempt()
    async let ended = bench.failure("echo begun; setsid sleep 600 & sleep 600", in: attempt)
    let deadline = ContinuousClock.now + .seconds(30)
    while attempt.output.text() != "begun\n", ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(20))
    }
    attempt.interrupt.press()
    #expect(
      try await ended
        == StepFailure(.cancelled, "interrupted; its process tree was ended", effectIsPossible: true))
    #expect(bench.leftovers.isEmpty)
  }

  @Test func `what is to run for a while is a success when it is ended`() async throws {
    let bench = try CommandBench()
    let result = try await bench.perform(
      "echo watching; sleep 600", in: bench.attempt(duration: .milliseconds(500)))
    #expect(result.failure == nil)
    #expect(result.json["stdout"] == "watching\n" && result.json["exit"] == .null)
    #expect(bench.leftovers.isEmpty)
  }

  @Test func `a signal is told apart from an exit code`() async throws {
    let result = try await CommandBench().perform("kill -KILL $$")
    #expect(result.failure == StepFailure(.signal, "ended by signal 9", effectIsPossible: true))
    #expect(result.json["exit"] == .null)
  }

  @Test func `what a step leaves behind is named`() async throws {
    let bench = try CommandBench()
    let result = try await bench.perform("sleep 600 > /dev/null 2>&1 & echo $!")
    let pid = try #require(result.json["stdout"]?.string.flatMap { Int32($0.dropLast()) })
    #expect(result.failure == nil && result.survivors == ["\(pid) sleep"])
    kill(pid, SIGKILL)
  }
}

/// `$RUNBOOK_OUTPUT`.
@Suite struct StepOutputTests {
  static let writing = [
    ("bash", "printf 'a=1\\nb=x=y \"z\" $(id)\\n' >> \"$RUNBOOK_OUTPUT\""),
    ("sh", "echo a=1 > \"$RUNBOOK_OUTPUT\"; printf %s 'b=x=y \"z\" $(id)' >> \"$RUNBOOK_OUTPUT\""),
    (
      "python",
      "import os\nwith open(os.environ['RUNBOOK_OUTPUT'], 'a') as f:\n  f.write('a=0\\na=1\\n\\nb=x=y \"z\" $(id)\\n')"
    ),
  ]

  @Test(arguments: writing) func `lines are outputs, the last of a name counts`(
    language: String, script: String
  ) async throws {
    let bench = try CommandBench()
    let result = try await bench.perform(script, language, in: bench.attempt(outputs: ["a", "b", "c"]))
    #expect(result.failure == nil)
    #expect(result.outputs == ["a": "1", "b": "x=y \"z\" $(id)"])
  }

  @Test func `a large value arrives byte by byte`() async throws {
    let bench = try CommandBench()
    let result = try await bench.perform(
      "{ printf 'a='; head -c 102400 /dev/zero | tr '\\0' '$'; } >> \"$RUNBOOK_OUTPUT\"",
      in: bench.attempt(outputs: ["a"]))
    #expect(result.outputs == ["a": String(repeating: "$", count: 102_400)])
  }

  @Test(arguments: [
    ("echo other=1", "'other' was written to $RUNBOOK_OUTPUT, but is no declared output of this step"),
    ("echo a", "a line that is not 'name=value' was written to $RUNBOOK_OUTPUT"),
    ("head -c 1048577 /dev/zero", "more than 1 MiB was written to $RUNBOOK_OUTPUT"),
  ]) func `what is no declared output fails the step`(script: String, detail: String) async throws {
    let bench = try CommandBench()
    let failure = try await bench.failure(
      "\(script) > \"$RUNBOOK_OUTPUT\"", in: bench.attempt(outputs: ["a"]))
    #expect(failure == StepFailure(.expectation, detail, effectIsPossible: true))
  }

  @Test func `outputs of a step that fails are kept beside its own failure`() async throws {
    let bench = try CommandBench()
    let result = try await bench.perform(
      "echo a=1 > \"$RUNBOOK_OUTPUT\"; exit 4", in: bench.attempt(outputs: ["a"]))
    #expect(result.failure?.detail == "exit status 4" && result.outputs == ["a": "1"])
  }

  @Test func `a step without declared outputs has no such file`() async throws {
    #expect(try await CommandBench().perform("echo \"${RUNBOOK_OUTPUT:-none}\"").json["stdout"] == "none\n")
  }
}
