import Glibc
import RunbookAdapter
import RunbookModel
import RunbookProcesses
import TestSupport
import Testing

/// What a process is given, to the byte, and what it is not given.
@Suite struct HandoverTests {
  private static let nasty = "a 'b' \"c\" $(touch /tmp/no) `id` \\ \n\t*?[]{} -- -x ü 🙂 ;|&<>#!"

  @Test func `arguments arrive byte for byte`() async throws {
    let big = String(repeating: Self.nasty + "\n", count: 1800)
    #expect(big.utf8.count > 100 << 10)
    let arguments = ["-n", "", Self.nasty, big, "--", "last\n"]
    let result = try await StepUnderTest().run(
      StepUnderTest().request(
        "python3",
        ["-c", "import os,sys\nfor a in sys.argv[1:]: sys.stdout.buffer.write(os.fsencode(a)+b'\\0')"]
          + arguments))
    let received = result.standardOutput.head.split(separator: 0, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    #expect(received == arguments + [""])
  }

  @Test func `the environment is the request's and nothing else`() async throws {
    let step = StepUnderTest(secrets: ["password": "s3cr3t\n'x'"])
    var request = step.request("/usr/bin/env", ["-0"])
    request.environment = [
      ("A", .text("first")), ("B", .text(Self.nasty)), ("A", .text("second")),
      ("RUNBOOK_STEP", .text("forged")),
      ("P", .secret(SecretReference(name: "password", source: .environment("X")))), ("EMPTY", .text("")),
    ]
    let result = try await step.run(request)
    let variables = result.standardOutput.head.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    #expect(
      variables == [
        "RUNBOOK_STEP=\(step.context.run)/step/1", "B=\(Self.nasty)", "A=second", "P=s3cr3t\n'x'", "EMPTY=",
      ])
  }

  @Test func `128 KiB is the limit of an argument and of a variable`() async throws {
    let step = StepUnderTest()
    let limit = (128 << 10) - 1
    let longest = String(repeating: "x", count: limit)
    let result = try await step.run("bash", "-c", "echo ${#1}", "bash", longest)
    #expect(result.standardOutput.text == "\(limit)\n")

    await #expect(throws: Self.tooLong("argument 2", limit + 1)) {
      try await step.run("echo", "x", longest + "x")
    }
    var request = step.request("bash", ["-c", "echo ${#V}"])
    request.environment.append(("V", .text(String(longest.dropLast(2)))))
    #expect(try await step.run(request).standardOutput.text == "\(limit - 2)\n")
    request.environment.append(("V", .text(String(longest.dropLast(1)))))
    await #expect(throws: Self.tooLong("variable 'V'", limit + 1)) { try await step.run(request) }
  }

  @Test func `a secret that is too long is refused without being shown`() async throws {
    let secret = String(repeating: "k", count: 128 << 10)
    let step = StepUnderTest(secrets: ["key": secret])
    var request = step.request("true", [])
    request.environment.append(("K", .secret(SecretReference(name: "key", source: .environment("X")))))
    await #expect(throws: Self.tooLong("variable 'K'", (128 << 10) + 2)) { try await step.run(request) }
  }

  @Test func `what is too large together is refused by the system and says so`() async throws {
    let many = Array(repeating: String(repeating: "x", count: 120_000), count: 80)
    let step = StepUnderTest()
    await #expect(
      throws: StepFailure(
        .spawn, "cannot start 'true': arguments and environment together are larger than the system takes",
        effectIsPossible: false)
    ) { try await step.run(step.request("true", many)) }
  }

  @Test func `a NUL byte and a wrong name are refused`() async throws {
    let step = StepUnderTest()
    await #expect(
      throws: StepFailure(
        .spawn, "argument 1 holds a NUL byte, which no process can be given", effectIsPossible: false)
    ) { try await step.run("echo", "a\0b") }
    var request = step.request("true", [])
    request.environment = [("A=B", .text("c"))]
    await #expect(
      throws: StepFailure(.spawn, "'A=B' cannot be the name of a variable", effectIsPossible: false)
    ) { try await step.run(request) }
  }

  @Test func `a script comes as descriptor 3 and input as standard input`() async throws {
    let step = StepUnderTest()
    var request = step.request("bash", ["/dev/fd/3", "one"])
    request.body = Array("read -r line; echo \"$line $1\"; read -r line || echo end".utf8)
    request.input = Array("first\n".utf8)
    #expect(try await step.run(request).standardOutput.text == "first one\nend\n")

    request.executable = "python3"
    request.body = Array("import sys; print(sys.stdin.read().upper() + sys.argv[1])".utf8)
    #expect(try await step.run(request).standardOutput.text == "FIRST\none\n")
  }

  @Test func `a large input arrives whole`() async throws {
    let step = StepUnderTest()
    var request = step.request("wc", ["-c"])
    request.input = [UInt8](repeating: 7, count: 5_000_000)
    #expect(try await step.run(request).standardOutput.text == "5000000\n")
  }

  @Test func `a private file is 0600, holds the secret escaped, and is gone afterwards`() async throws {
    let step = StepUnderTest(secrets: ["password": "a:b\\c"])
    var request = step.request(
      "bash", ["-c", "stat -L -c '%a %F' $PGPASSFILE; cat $PGPASSFILE; echo; echo $PGPASSFILE"])
    request.privateFiles = [
      .init(
        variable: "PGPASSFILE",
        parts: [.text("*:*:*:app:"), .secret(SecretReference(name: "password", source: .environment("X")))],
        escapedCharacters: ":\\")
    ]
    let lines = try await step.run(request).standardOutput.text?.split(separator: "\n").map(String.init) ?? []
    try #require(lines.count == 3)
    #expect(lines[0] == "600 regular file")
    #expect(lines[1] == "*:*:*:app:a\\:b\\\\c")
    #expect(lines[2].hasPrefix("/proc/\(getpid())/fd/"))
    #expect(!fileBytes(lines[2]).starts(with: "*:*:".utf8))
  }

  @Test func `no descriptor, signal setting or terminal is inherited`() async throws {
    let step = StepUnderTest()
    let result = try await step.bash(
      """
      ls /proc/self/fd | tr '\\n' ' '; echo
      readlink /proc/self/fd/0
      grep -E '^Sig(Blk|Ign):' /proc/self/status | tr -d '\\t\\n'; echo
      ulimit -c; ulimit -H -c
      ps -o sid= -p $$ | tr -d ' '; echo $$; ps -o tty= -p $$
      pwd
      """)
    let lines = result.standardOutput.text?.split(separator: "\n").map(String.init) ?? []
    try #require(lines.count == 9)
    // 3 is the folder that ls reads.
    #expect(lines[0] == "0 1 2 3 ")
    #expect(lines[1] == "/dev/null")
    #expect(lines[2] == "SigBlk:0000000000000000SigIgn:0000000000000000")
    #expect(lines[3] == "0")
    #expect(lines[4] == "0")
    #expect(lines[5] == lines[6], "the step leads its own session")
    #expect(lines[7] == "?")
    #expect(lines[8] == "/")
  }

  @Test func `SIGPIPE ends a writer as usual`() async throws {
    let result = try await StepUnderTest().bash("set -o pipefail; yes | head -1")
    #expect(result.end == .exited(141))
    #expect(result.standardOutput.text == "y\n")
  }

  private static func tooLong(_ place: String, _ count: Int) -> StepFailure {
    StepFailure(
      .spawn, "\(place) is \(count) bytes long; the system takes at most 131071: hand it over in a file",
      effectIsPossible: false)
  }
}
