import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@Suite struct ComposeRehearsalTests {
  /// What the rehearsal says of `body`, with its verdict in front.
  func told(_ stack: ComposeStack, _ body: String, _ values: [String: Value] = [:]) async throws -> String {
    switch try await stack.rehearse(body, values) {
    case .verified(let text): "verified: \(text)"
    case .unverifiable(let text): "unverifiable: \(text)"
    case .refuted(let text): "refuted: \(text)"
    }
  }

  @Test func `a rehearsal names state and wish, and changes nothing`() async throws {
    try await ComposeStack.with { stack async throws in
      #expect(
        try await told(stack, "up -d spare")
          == "verified: web: no container → would be created and started; spare: no container → would be created and started"
      )
      #expect(try await stack.fingerprint() == "")
      try await stack.perform("up -d web job")
      try await stack.perform("stop web")
      let before = try await stack.fingerprint()

      let up = try await told(stack, "up -d ${service}", ["service": .text("web")])
      #expect(up.hasPrefix("verified: web: exited (0) "))
      #expect(up.hasSuffix(" ago → would be started"))
      #expect(try await told(stack, "up -d --force-recreate web").hasSuffix("→ would be made anew"))
      #expect(try await told(stack, "start web").hasSuffix("→ would be started"))
      #expect(try await told(stack, "stop web").hasSuffix("→ stays as it is"))
      #expect(try await told(stack, "rm -f web").hasSuffix("→ would be removed"))
      #expect(try await told(stack, "scale spare=2") == "verified: spare: 0 running → 2")
      #expect(try await told(stack, "down -v").contains("→ would be removed"))
      #expect(
        try await stack.rehearsalFailure("exec web true")?.detail.hasPrefix(
          "service 'web' is not running: exited (0) ") == true)
      #expect(try await stack.rehearsalFailure("exec spare true")?.reason == .notFound)
      #expect(try await stack.rehearsalFailure("restart spare")?.reason == .notFound)
      #expect(
        try await stack.rehearsalFailure("up -d wbe")?.detail
          == "no service 'wbe' in the Compose files; did you mean 'web'?")
      #expect(try await stack.fingerprint() == before)
    }
  }

  @Test func `a changed file is noticed`() async throws {
    try await ComposeStack.with { stack async throws in
      try await stack.perform("up -d web")
      #expect(try await told(stack, "up -d web").hasSuffix("→ stays as it is"))
      #expect(try await told(stack, "stop web").hasSuffix("→ would be stopped"))
      try stack.write(
        ComposeStack.standardFile().replacing("web says hello", with: "web says more"), to: "compose.yaml")
      #expect(
        try await told(stack, "up -d web").hasSuffix(
          "→ would be made anew: it differs from the files"))
    }
  }

  @Test func `exec is proved as far as the program's presence`() async throws {
    try await ComposeStack.with { stack async throws in
      try await stack.perform("up -d web")
      let found = try await told(stack, "exec web sleep 5")
      #expect(found.hasPrefix("unverifiable: web: up "))
      #expect(found.hasSuffix(", 'sleep' is there; what it does cannot be tried without running it"))
      #expect(
        try await stack.rehearsalFailure("exec web slepe 5")
          == StepFailure(
            .notFound, "there is no program 'slepe' in the container of 'web'", effectIsPossible: false))
      #expect(try await stack.rehearsalFailure("exec web /bin/nothing")?.reason == .notFound)
    }
  }

  @Test func `a file that does not parse fails with Compose's own words`() async throws {
    try await ComposeStack.with("version: '2.4'\nservices: {web: {imagee: x}}\n") { stack async throws in
      let failure = try await stack.rehearsalFailure("up -d")
      #expect(failure?.reason == .exit)
      #expect(failure?.detail.hasPrefix("the Compose files do not parse: ") == true)
      #expect(failure?.detail.contains("imagee") == true)
    }
  }

  @Test func `an image that is not here must be buildable or pullable`() async throws {
    let file = """
      version: "2.4"
      services:
        built: {build: {context: .}}
        pulled: {image: 'localhost:1/runbook-test/none:1'}

      """
    try await ComposeStack.with(file) { stack async throws in
      let built = try await told(stack, "up -d built")
      #expect(built.hasPrefix("verified: built: image \(stack.project)"))
      #expect(built.contains(" is not here → would be built from \(stack.directory); built: no container"))
      #expect(try await stack.rehearsalFailure("up -d --no-build built")?.reason == .notFound)
      #expect(
        try await told(stack, "up -d pulled").hasPrefix(
          "unverifiable: pulled: no container → would be created"))
      #expect(
        try await told(stack, "up -d pulled").hasSuffix(
          "pulled: image localhost:1/runbook-test/none:1 is not here, and its registry does not confirm it"))
    }
  }

  @Test func `a build context that is not there fails the rehearsal`() async throws {
    let file = "version: '2.4'\nservices: {lost: {build: {context: ./missing}}}\n"
    try await ComposeStack.with(file) { stack async throws in
      let detail = try await stack.rehearsalFailure("up -d lost")?.detail
      #expect(detail?.contains("\(stack.directory)/missing") == true)
    }
  }

  @Test func `an option that the installed Compose does not know fails the rehearsal`() async throws {
    let compose = try TestService.required("RUNBOOK_TEST_COMPOSE")
    try await ComposeStack.with { stack async throws in
      if try await stack.shell("\(compose) version --short").hasPrefix("1.") {
        let expected = StepFailure(
          .notFound, "'--wait' of 'up' needs Compose 2 ('docker compose'); nothing was started",
          effectIsPossible: false)
        #expect(try await stack.rehearsalFailure("up --wait web") == expected)
        #expect(try await stack.failure("up --wait web") == expected)
        #expect(try await stack.failure("cp web:/etc/passwd x")?.reason == .notFound)
      } else {
        #expect(try await told(stack, "up --wait web").hasPrefix("verified: "))
      }
    }
  }
}

@Suite struct EngineAddressTests {
  @Test(arguments: [
    (
      "unix:///nonexistent/docker.sock",
      "no Docker engine answers at unix:///nonexistent/docker.sock: there is no such socket"
    )
  ]) func `an engine that is not there is unreachable`(host: String, detail: String) async throws {
    try await ComposeStack.with(settings: ["docker_host": .value(.text(host))]) { stack async throws in
      let expected = StepFailure(.unreachable, detail, effectIsPossible: false)
      #expect(try await stack.failure("ps") == expected)
      #expect(try await stack.failure("up -d") == expected)
      #expect(try await stack.rehearsalFailure("up -d") == expected)
    }
  }

  @Test func `what is no engine is told apart from one`() async throws {
    let http = try TestService.required("RUNBOOK_TEST_HTTP").replacing("http://", with: "tcp://")
    try await ComposeStack.with(settings: ["docker_host": .value(.text(http))]) { stack async throws in
      #expect(
        try await stack.failure("ps")
          == StepFailure(.unreachable, "what answers at \(http) is no Docker engine", effectIsPossible: false)
      )
    }
  }
}
