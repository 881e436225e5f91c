import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@Suite struct StackLifeTests {
  @Test func `a stack is started, looked at, stopped and removed`() async throws {
    try await ComposeStack.with { stack async throws in
      let started = try await stack.perform("up -d")
      #expect(started.failure == nil)
      #expect(started.json["exit"] == 0)
      #expect(
        started.json["services"]?.array?.compactMap { $0["service"]?.string } == ["job", "spare", "web"])

      let attempt = stack.attempt()
      let states = try await stack.perform("ps", in: attempt)
      let web = try #require(states.service("web"))
      #expect(web["state"] == "running")
      #expect(web["exit_code"] == .null)
      let image = try TestService.required("RUNBOOK_TEST_IMAGE")
      #expect(web["image"] == .string(image))
      let port = try #require(web["ports"]?.array?.first)
      #expect(port["target"] == 8080 && port["protocol"] == "tcp" && port["address"] == "127.0.0.1")
      let published = try #require(port["published"]?.integer)
      let id = try #require(web["container_id"]?.string)
      #expect(
        try await stack.shell("docker inspect --format '{{.State.StartedAt}}' \(id)")
          == (web["started_at"]?.string ?? "") + "\n")
      #expect(states.json["stdout"]?.string == attempt.output.text())
      let table = attempt.output.text().split(separator: "\n").map(String.init)
      #expect(table[0].hasPrefix("SERVICE  STATUS "))
      #expect(table.count == 4)
      #expect(table[3].contains("127.0.0.1:\(published)->8080/tcp"))

      #expect(try await stack.perform("port web 8080").json["stdout"] == .string("127.0.0.1:\(published)\n"))
      #expect(try await stack.failure("port web 8081")?.reason == .notFound)
      #expect(try await stack.perform("top spare").json["stdout"]?.string?.contains("sleep 1000") == true)
      #expect(try await stack.perform("images web").json["stdout"]?.string?.contains("MB") == true)

      let stopped = try await stack.perform("stop web")
      #expect(stopped.service("web")?["state"] == "exited")
      #expect(stopped.service("web")?["exit_code"] == 0)
      #expect(stopped.service("web")?["finished_at"]?.string != nil)
      #expect(stopped.json["services"]?.array?.count == 1)
      #expect(try await stack.perform("start web").service("web")?["state"] == "running")
      #expect(try await stack.perform("kill -s KILL web").failure == nil)
      // The signal is sent; the end comes after it.
      #expect(try await stack.wait(for: "web") { $0["state"] == "exited" }["exit_code"] == 137)
      #expect(try await stack.perform("down -v -t 0").json["services"] == [])
      #expect(try await stack.fingerprint() == "")
    }
  }

  @Test func `health and exit codes are the engine's own`() async throws {
    try await ComposeStack.with { stack async throws in
      try await stack.perform("up -d web job")
      #expect(
        ["starting", "unhealthy"].contains(
          try await stack.perform("ps web").service("web")?["health"]?.string ?? ""))
      try await stack.perform("exec web touch /tmp/healthy")
      let web = try await stack.wait(for: "web") { $0["health"] == "healthy" }
      #expect(web["health"] == "healthy")
      let job = try await stack.wait(for: "job") { $0["state"] == "exited" }
      #expect(job["exit_code"] == 3)
      #expect(job["health"] == .null)
    }
  }

  @Test func `a service without a container is not found`() async throws {
    try await ComposeStack.with { stack async throws in
      #expect(try await stack.perform("ps").json["services"] == [])
      #expect(
        try await stack.failure("ps ${service}", ["service": .text("web")])
          == StepFailure(
            .notFound, "service 'web' has no container in project '\(stack.project)'", effectIsPossible: false
          ))
      let unknown = try await stack.perform("up -d nosuch")
      #expect(unknown.failure?.reason == .notFound)
      #expect(unknown.failure?.detail == "exit 1: No such service: nosuch")
      #expect(unknown.failure?.effectIsPossible == false)
    }
  }

  @Test func `a value that is no service's name never reaches Compose`() async throws {
    try await ComposeStack.with { stack async throws in
      for value in ["-f", "--all", "a b", "", "web;id", "$(id)", "../x"] {
        for body in ["ps ${x}", "up -d ${x}", "exec ${x} true", "logs ${x}"] {
          #expect(
            try await stack.failure(body, ["x": .text(value)])
              == StepFailure(
                .spawn, "'\(value)' cannot be a service's name; nothing was started", effectIsPossible: false)
          )
        }
      }
    }
  }

  @Test func `what the page knows never reaches the variables of Compose files`() async throws {
    try await ComposeStack.with { stack async throws in
      let result = try await stack.perform("config", ["service": .text("leaked")])
      #expect(result.json["stdout"]?.string?.contains("marker: nothing") == true)
    }
  }

  @Test func `the file of variables, the profiles and the engine are the target's`() async throws {
    let image = try TestService.required("RUNBOOK_TEST_IMAGE")
    let file = """
      version: "3.9"
      services:
        a: {image: '\(image)', command: [sleep, '\u{24}{SECONDS_TO_SLEEP:?}'], stop_grace_period: 0s}
        b: {image: '\(image)', command: [sleep, '1000'], profiles: [extra], stop_grace_period: 0s}

      """
    try await ComposeStack.with(file, settings: ["profiles": .list([.text("extra")])]) { stack async throws in
      var stack = stack
      let broken = try await stack.perform("config -q")
      #expect(broken.failure?.reason == .exit)
      #expect(broken.failure?.detail.contains("SECONDS_TO_SLEEP") == true)
      try stack.write("SECONDS_TO_SLEEP=4321\n", to: "stack.env")
      stack.settings["env_file"] = .value(.text(stack.directory + "/stack.env"))
      var attempt = stack.attempt()
      attempt.context.baseEnvironment += [
        ("DOCKER_HOST", "tcp://127.0.0.1:1"), ("COMPOSE_PROJECT_NAME", "other"), ("COMPOSE_FILE", "/no"),
      ]
      let started = try await stack.perform("up -d", in: attempt)
      #expect(started.json["services"]?.array?.compactMap { $0["service"]?.string } == ["a", "b"])
      #expect(try await stack.perform("top a").json["stdout"]?.string?.contains("sleep 4321") == true)
    }
  }
}
