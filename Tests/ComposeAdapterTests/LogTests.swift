import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@Suite struct LogTests {
  func file() throws -> String {
    let image = try TestService.required("RUNBOOK_TEST_IMAGE")
    return """
      version: "2.4"
      services:
        one: {image: '\(image)', command: [sh, -c, 'seq 1 5; printf "no end"']}
        second:
          image: \(image)
          command: [sh, -c, 'echo to stderr >&2; i=0; while :; do echo "tick $$i"; i=$$((i+1)); sleep 0.2; done']
          stop_grace_period: 0s
        terminal: {image: '\(image)', command: [sh, -c, 'echo on a terminal'], tty: true}
        big: {image: '\(image)', command: [sh, -c, 'yes 0123456789abcde | head -c 3000000']}

      """
  }

  @Test func `logs are lines with their service in front`() async throws {
    try await ComposeStack.with(file()) { stack async throws in
      try await stack.perform("up -d")
      for service in ["one", "terminal", "big"] {
        _ = try await stack.wait(for: service) { $0["state"] == "exited" }
      }
      let one = try await stack.perform("logs one")
      #expect(one.json["stdout"] == "one | 1\none | 2\none | 3\none | 4\none | 5\none | no end\n")
      let tail = try await stack.perform("logs --tail ${n} one terminal", ["n": .text("2")])
      #expect(
        tail.json["stdout"] == "one      | 5\none      | no end\nterminal | on a terminal\r\n")
      #expect(try await stack.perform("logs --no-log-prefix --tail 1 one").json["stdout"] == "no end\n")
      let stamped = try #require(try await stack.perform("logs -t --tail=1 one").json["stdout"]?.string)
      #expect(stamped.hasPrefix("one | 20") && stamped.hasSuffix("Z no end\n"))
      #expect(try await stack.perform("logs --since 1h --tail 1 one").json["stdout"] == "one | no end\n")
      #expect(try await stack.perform("logs --until 2020-01-01 one").json["stdout"] == "")
      #expect(try await stack.failure("logs --since yesterday one")?.reason == .spawn)
      #expect(try await stack.failure("logs --tail -5 one")?.reason == .spawn)

      let attempt = stack.attempt(captureLimit: 10_000)
      let big = try await stack.perform("logs big", in: attempt)
      #expect(big.json["stdout"] == .null)
      #expect(big.json["truncated"] == true)
      // Each line of 16 bytes got six in front.
      #expect(attempt.output.text().utf8.count == 3_000_000 / 16 * 22)

      let following = stack.attempt(effect: .read, duration: .seconds(3))
      let followed = try await stack.perform("logs -f --tail 1 second one", in: following)
      #expect(followed.failure == nil)
      let lines = try #require(followed.json["stdout"]?.string).split(separator: "\n")
      #expect(lines.contains("one    | no end"))
      #expect(lines.filter { $0.hasPrefix("second | tick ") }.count >= 3)
    }
  }

  @Test func `an interrupt ends what follows a log`() async throws {
    try await ComposeStack.with(file()) { stack async throws in
      try await stack.perform("up -d second")
      let attempt = stack.attempt(effect: .read)
      async let failure = stack.failure("logs -f second", in: attempt)
      let deadline = ContinuousClock.now + .seconds(60)
      while !attempt.output.text().contains("tick"), ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(50))
      }
      let start = ContinuousClock.now
      attempt.interrupt.press()
      #expect(try await failure == StepFailure(.cancelled, "interrupted", effectIsPossible: false))
      #expect(ContinuousClock.now - start < .seconds(15))
    }
  }
}
