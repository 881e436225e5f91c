import RunbookAdapter
@testable import RunbookProcesses
import RunbookModel
import TestSupport
import Testing

/// Reading what processes write.
@Suite struct OutputTests {
  @Test(arguments: [0, 1, 2, 7, 10, 16, 1000]) func `a capture keeps head and tail whatever the chunks`(
    limit: Int
  ) {
    let stream = (0..<64).map { UInt8($0) }
    for length in 0...stream.count {
      for chunk in [1, 2, 3, 5, 8, 13, 64] {
        var capture = OutputCapture(limit: limit)
        let bytes = Array(stream[..<length])
        for start in stride(from: 0, to: length, by: chunk) {
          bytes[start..<min(start + chunk, length)].withUnsafeBytes { capture.append($0) }
        }
        let expected =
          length <= limit
          ? CapturedStream(head: bytes, byteCount: length)
          : CapturedStream(
            head: Array(bytes.prefix((limit + 1) / 2)), tail: Array(bytes.suffix(limit / 2)),
            byteCount: length)
        #expect(capture.stream == expected, "limit \(limit), length \(length), chunk \(chunk)")
      }
    }
  }

  @Test func `a truncated stream has no text, a whole one has`() async throws {
    let step = StepUnderTest().with { $0.captureLimit = 10 }
    let result = try await step.bash("printf 0123456789; printf abcdefghijk >&2")
    #expect(result.standardOutput.text == "0123456789")
    #expect(
      result.standardError
        == CapturedStream(head: Array("abcde".utf8), tail: Array("ghijk".utf8), byteCount: 11))
    #expect(result.standardError.text == nil)
  }

  @Test func `a quarter of a gibibyte goes through in the memory of a few mebibytes`() async throws {
    let size = 256 << 20
    let small = Driver([], [["head", "-c", "1000", "/dev/zero"]])
    #expect(await small.end() == 0)
    let driver = Driver([], [["head", "-c", "\(size)", "/dev/zero"]])
    #expect(await driver.end() == 0)
    #expect(driver.numbers("bytes") == [size, size])
    let growth = try #require(driver.numbers("memory").first) - (small.numbers("memory").first ?? 0)
    #expect(growth < 4096, "grew by \(growth) KiB")
  }

  @Test func `both streams at once do not block each other`() async throws {
    let result = try await StepUnderTest().bash(
      "head -c 3000000 /dev/zero >&2 & head -c 5000000 /dev/zero; wait; echo end >&2")
    #expect(result.standardOutput.byteCount == 5_000_000)
    #expect(result.standardError.byteCount == 3_000_004)
    #expect(result.standardError.tail.suffix(4) == Array("end\n".utf8)[...])
  }

  @Test func `what a process wrote last before its end is not lost`() async throws {
    let step = StepUnderTest()
    for round in 0..<30 {
      let result = try await step.bash("echo \(round); echo last >&2; kill -9 $$")
      #expect(result.standardOutput.text == "\(round)\n")
      #expect(result.standardError.text == "last\n")
    }
  }

  @Test func `a daemon that goes on writing does not hold the step`() async throws {
    let step = StepUnderTest(drain: .milliseconds(300))
    let result = try await step.bash("(while echo tick; do sleep 0.01; done) & echo begun")
    #expect(result.end == .exited(0))
    #expect(result.survivors.count >= 1)
    // Its pipe breaks when nobody reads any more.
    #expect(await eventually { step.leftovers.isEmpty })
  }
}
