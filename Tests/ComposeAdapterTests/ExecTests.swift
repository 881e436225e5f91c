import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@Suite struct ExecTests {
  static let nasty =
    "-n'\"$(touch /tmp/executed)`touch /tmp/executed`\\ $HOME ${HOME} $$ ; | \t\r\n--help\u{1}é%s"

  @Test func `values arrive byte by byte in exec and run, and are never executed`() async throws {
    try await ComposeStack.with { stack async throws in
      try await stack.perform("up -d web")
      let large = Self.nasty + String(repeating: "0123456789", count: 10_240)
      for value in [Self.nasty, "", "--", "-x", "a\n", large] {
        let result = try await stack.perform(
          "exec web sh -c 'printf %s \"$1\"; printf / ; printf %s \"$X\"' sh ${x} -e X", ["x": .text(value)])
        #expect(result.json["stdout"]?.string == value + "/")
      }
      let asVariable = try await stack.perform(
        "exec -e X=${x} --env Y=${x} web sh -c 'printf %s \"$X$Y\"'", ["x": .text(Self.nasty)])
      #expect(asVariable.json["stdout"]?.string == Self.nasty + Self.nasty)
      let ran = try await stack.perform(
        "run --rm --no-deps -e X=${x} spare sh -c 'printf %s \"$1$X\"' sh ${x}", ["x": .text(Self.nasty)])
      #expect(ran.json["stdout"]?.string == Self.nasty + Self.nasty)
      #expect(
        try await stack.perform("exec web ls /tmp").json["stdout"]?.string?.contains("executed") == false)
    }
  }

  @Test func `a value larger than an argument can be is refused`() async throws {
    try await ComposeStack.with { stack async throws in
      try await stack.perform("up -d web")
      let failure = try await stack.failure(
        "exec web echo ${x}", ["x": .text(String(repeating: "x", count: 140_000))])
      #expect(failure?.reason == .spawn)
      #expect(failure?.effectIsPossible == false)
    }
  }

  @Test func `the inner program's exit code is the step's`() async throws {
    try await ComposeStack.with { stack async throws in
      try await stack.perform("up -d web")
      let result = try await stack.perform("exec web sh -c 'echo why >&2; exit 9'")
      #expect(result.json["exit"] == 9)
      #expect(result.json["stderr"]?.string?.contains("why") == true)
      #expect(result.failure?.reason == .exit)
      #expect(result.failure?.detail == "exit 9: why")
      #expect(result.service("web")?["state"] == "running")
    }
  }

  @Test func `what takes too long is ended, and may have had an effect`() async throws {
    try await ComposeStack.with { stack async throws in
      try await stack.perform("up -d web")
      let failure = try await stack.failure("exec web sleep 100", in: stack.attempt(seconds: 3))
      #expect(failure?.reason == .timeout)
      #expect(failure?.effectIsPossible == true)
    }
  }
}
