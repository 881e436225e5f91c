import Glibc
import RunbookAdapter
import RunbookProcesses
import RunbookModel
import TestSupport
import Testing

/// Servants: bytes in, bytes out, killed when closed.
@Suite struct ChildPipeTests {
  @Test func `a servant answers until it is closed`() async throws {
    let step = StepUnderTest()
    let servant = try step.processes.open(
      executable: "bash", arguments: ["-c", "echo $$; while read -r line; do echo \"<$line>\"; done"])
    let pid = try #require(Int32(line(from: servant)))
    for word in ["one", "two"] {
      #expect(servant.write(Array("\(word)\n".utf8)))
      #expect(line(from: servant) == "<\(word)>")
    }
    #expect(step.leftovers.map(\.marker) == ["\(step.context.run)/-/0"])
    servant.close()
    servant.close()
    #expect(await eventually { hasEnded(pid) })
  }

  @Test func `closing kills what ignores the end of its input`() async throws {
    let length = uniqueSleep()
    let step = StepUnderTest()
    let servant = try step.processes.open(
      executable: "bash", arguments: ["-c", "trap '' TERM; setsid sleep $0 & echo up; sleep $0", length])
    #expect(line(from: servant) == "up")
    #expect(await eventually { sleeping(length).count >= 2 })
    servant.close()
    #expect(await eventually { sleeping(length).isEmpty })
  }

  @Test func `writing to a dead servant is refused without a signal`() async throws {
    let step = StepUnderTest()
    let servant = try step.processes.open(executable: "true", arguments: [])
    #expect(await eventually { !servant.write([1]) })
  }

  @Test func `a servant that cannot be started says why`() {
    let step = StepUnderTest()
    #expect(
      throws: StepFailure(
        .spawn, "cannot start 'no-such-servant': not found on PATH", effectIsPossible: false)
    ) { try step.processes.open(executable: "no-such-servant", arguments: []) }
  }

  @Test func `a servant does not count as a survivor of a step`() async throws {
    let step = StepUnderTest()
    let servant = try step.processes.open(executable: "sleep", arguments: ["90"])
    let result = try await step.bash("true")
    #expect(result.survivors.isEmpty)
    servant.close()
  }

  /// One line, waiting at most 20 s.
  private func line(from servant: ChildPipe) -> String {
    var bytes: [UInt8] = []
    while bytes.last != 0x0a {
      var state = pollfd(fd: servant.output, events: Int16(POLLIN), revents: 0)
      var byte: UInt8 = 0
      guard poll(&state, 1, 20_000) == 1, read(servant.output, &byte, 1) == 1 else { break }
      bytes.append(byte)
    }
    return String(decoding: bytes.dropLast(), as: UTF8.self)
  }
}
