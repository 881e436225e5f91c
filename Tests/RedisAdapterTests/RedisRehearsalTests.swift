import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@testable import RedisAdapter

/// What a dry run proves, and that it changes nothing.
@Suite struct RedisRehearsalTests {
  private func rehearse(
    _ body: String, as user: Cache.User = .administrator, values: [String: Value] = [:]
  ) async throws -> Rehearsal {
    let attempt = try Cache(user).attempt(effect: .write, values: values)
    return try await RedisAdapter().rehearse(try Cache.options(body), in: attempt.context)
  }

  @Test func `command, arguments and access are proved`() async throws {
    #expect(
      try await rehearse("SET ${key} 1", values: ["key": .text("a")])
        == .verified("PING was answered; the server knows SET with 2 arguments, and default may run it"))
    #expect(
      try await rehearse("CONFIG SET maxmemory 0")
        == .verified(
          "PING was answered; the server knows CONFIG SET with 2 arguments, and default may run it"))
  }

  @Test func `what the server would refuse fails`() async throws {
    let unknown = try await #require(throws: StepFailure.self) { try await rehearse("JSON.SET a $ 1") }
    #expect(
      unknown
        == StepFailure(
          .notFound, "the server knows no command JSON.SET", effectIsPossible: false))
    let few = try await #require(throws: StepFailure.self) { try await rehearse("SET a") }
    #expect(
      few
        == StepFailure(
          .expectation, "SET takes at least 3 words and has 2", effectIsPossible: false))
    let disabled = try await #require(throws: StepFailure.self) {
      try await rehearse("SET a b", as: .disabled)
    }
    #expect(disabled.reason == .authentication)
  }

  @Test func `a user who may not ask is said to be one`() async throws {
    let rehearsal = try await rehearse("SET limited:a b", as: .limited)
    guard case .verified(let text) = rehearsal else {
      Issue.record("\(rehearsal)")
      return
    }
    #expect(text.hasPrefix("PING was answered; "))
    #expect(!text.contains("may run it"))
  }

  @Test func `a user without the right is refused as the run would be`() async throws {
    let server = try RedisProcess(
      arguments: "--user default on nopass ~* &* +@all --user app on nopass ~app:* &* +@all".split(
        separator: " "
      )
      .map(String.init))
    let attempt = StepAttempt(on: server.target(user: "app"), secrets: ["password": "any"], effect: .write)
    let failure = try await #require(throws: StepFailure.self) {
      try await RedisAdapter().rehearse(try Cache.options("SET other:a b"), in: attempt.context)
    }
    #expect(failure.reason == .authentication)
    #expect(failure.detail.contains("other:a"), "\(failure.detail)")
    let allowed = try await RedisAdapter().rehearse(try Cache.options("SET app:a b"), in: attempt.context)
    #expect(
      allowed == .verified("PING was answered; the server knows SET with 2 arguments, and app may run it"))
  }

  @Test func `a replica is told from a primary`() async throws {
    let server = try RedisProcess(arguments: ["--replicaof", "127.0.0.1 1"])
    let attempt = StepAttempt(on: server.target(), effect: .write)
    let failure = try await #require(throws: StepFailure.self) {
      try await RedisAdapter().rehearse(try Cache.options("SET a b"), in: attempt.context)
    }
    #expect(
      failure
        == StepFailure(
          .effect, "the server is a replica, which refuses every write", effectIsPossible: false))
    let promotion = try await RedisAdapter().rehearse(
      try Cache.options("REPLICAOF NO ONE"), in: attempt.context)
    guard case .verified = promotion else {
      Issue.record("\(promotion)")
      return
    }
  }

  @Test func `nothing changes`() async throws {
    let server = try RedisProcess()
    let target = server.target()
    func run(_ body: String, _ effect: Effect) async throws -> JSONValue {
      let attempt = StepAttempt(on: target, effect: effect)
      return .object(try await RedisAdapter().perform(try Cache.options(body), in: attempt.context).members)
    }
    _ = try await run("SET a 1", .write)
    let before = try await run("DUMP a\nDBSIZE\nLASTSAVE\nCONFIG GET maxmemory", .read)
    let bodies = [
      "SET a 2", "FLUSHALL", "DEL a", "EVAL 'return redis.call(\"DEL\", KEYS[1])' 1 a",
      "CONFIG SET maxmemory 1gb",
      "BGSAVE", "SHUTDOWN NOSAVE", "RENAME a b", "CLIENT KILL TYPE normal", "PUBLISH a b",
    ]
    for body in bodies {
      let attempt = StepAttempt(on: target, effect: .write)
      _ = try await RedisAdapter().rehearse(try Cache.options(body), in: attempt.context)
    }
    #expect(try await run("DUMP a\nDBSIZE\nLASTSAVE\nCONFIG GET maxmemory", .read) == before)
    let statistics = try await run("INFO commandstats", .read).text
    for command in ["set:calls=1,", "acl|dryrun:calls=\(bodies.count),", "ping:calls=\(bodies.count),"] {
      #expect(statistics.contains("cmdstat_\(command)"), "\(command) in \(statistics)")
    }
    for command in ["flushall", "del", "eval", "config|set", "bgsave", "shutdown", "rename", "publish"] {
      #expect(!statistics.contains("cmdstat_\(command):"), "\(command)")
    }
  }

  @Test func `a command that only the server knows to write is not sent as a read`() async throws {
    let server = try RedisProcess(arguments: ["--rename-command", "SET", "put.it"])
    let attempt = StepAttempt(on: server.target(), effect: .read)
    let options = try Cache.options("put.it a b", declared: .read)
    let failure = try await #require(throws: StepFailure.self) {
      try await RedisAdapter().perform(options, in: attempt.context)
    }
    #expect(
      failure
        == StepFailure(
          .effect, "the server marks PUT.IT as 'write'; nothing was sent", effectIsPossible: false))
  }
}
