import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@testable import RedisAdapter

/// Steps against the real server.
struct Cache {
  /// A user of the test server.
  enum User: String {
    case administrator = "RUNBOOK_TEST_REDIS"
    case reader = "RUNBOOK_TEST_REDIS_READER"
    case limited = "RUNBOOK_TEST_REDIS_LIMITED"
    case disabled = "RUNBOOK_TEST_REDIS_DISABLED"
  }

  let url: String
  let target: Target

  /// The server as `user` sees it; a missing service fails the test.
  init(_ user: User = .administrator) throws {
    url = try TestService.required(user.rawValue)
    let reference = SecretReference(name: "REDIS_URL", source: .environment("REDIS_URL"))
    target = Target(name: "cache", type: "redis", settings: ["url": .value(.secret(reference))])
  }

  /// An attempt that has the url as a secret.
  func attempt(
    effect: Effect = .read, values: [String: Value] = [:], seconds: Double = 20, captureLimit: Int = 1 << 20
  ) -> StepAttempt {
    StepAttempt(
      on: target, values: values, secrets: ["REDIS_URL": url], effect: effect, seconds: seconds,
      captureLimit: captureLimit)
  }

  /// Decodes a step; a diagnostic that is an error fails the test.
  static func options(_ body: String, declared: Effect? = nil) throws -> RedisOptions {
    let reading = RedisAdapter().reading(body, traits: StepTraits(declaredEffect: declared))
    return try #require(reading.options, "\(reading.diagnostics)")
  }

  /// Performs a step.
  func result(
    _ body: String, effect: Effect = .read, values: [String: Value] = [:]
  ) async throws -> RawResult {
    let attempt = attempt(effect: effect, values: values)
    return try await RedisAdapter().perform(try Self.options(body), in: attempt.context)
  }

  /// Performs a step and returns its replies as JSON.
  @discardableResult
  func run(_ body: String, effect: Effect = .read, values: [String: Value] = [:]) async throws -> String {
    let result = try await result(body, effect: effect, values: values)
    #expect(result.failure == nil)
    return try #require(JSONValue.object(result.members)["replies"]).text
  }

  /// The failure of a step that must fail.
  func failure(
    _ body: String, effect: Effect = .read, declared: Effect? = nil, in attempt: StepAttempt? = nil
  ) async throws -> StepFailure {
    let options = try Self.options(body, declared: declared)
    let attempt = attempt ?? self.attempt(effect: effect)
    return try await #require(throws: StepFailure.self) {
      try await RedisAdapter().perform(options, in: attempt.context)
    }
  }
}
