import HealthAdapter
import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

/// One request to a real server, from the step's text to its result.
struct HTTPExchange {
  let adapter = HealthAdapter()
  var settings: [String: Target.Setting]

  /// A target whose URL is in the environment under `variable`.
  init(service variable: String, _ more: [String: Target.Setting] = [:]) throws {
    self.init(url: try TestService.required(variable), more)
  }

  init(url: String, _ more: [String: Target.Setting] = [:]) {
    settings = more
    settings["url"] = .value(.text(url))
  }

  /// One attempt on the target.
  func attempt(
    values: [String: Value] = [:], secrets: [String: String] = [:], effect: Effect = .read,
    seconds: Double = 20, duration: Duration? = nil, captureLimit: Int = 1 << 20
  ) -> StepAttempt {
    StepAttempt(
      on: Target(name: "api", type: "http", settings: settings), values: values, secrets: secrets,
      effect: effect,
      seconds: seconds, duration: duration, captureLimit: captureLimit)
  }

  func perform(_ body: String, in attempt: StepAttempt? = nil) async throws -> RawResult {
    let step = try #require(adapter.reading(body).options, "\(adapter.complaints(about: body))")
    return try await adapter.perform(step, in: (attempt ?? self.attempt()).context)
  }

  /// What went wrong; a success is a failure of the test.
  func failure(_ body: String, in attempt: StepAttempt? = nil) async throws -> StepFailure? {
    do {
      let result = try await perform(body, in: attempt)
      Issue.record("it succeeded: \(JSONValue.object(result.members).text)")
      return nil
    } catch let failure as StepFailure {
      return failure
    }
  }

  func rehearse(_ body: String, in attempt: StepAttempt? = nil) async throws -> Rehearsal {
    let step = try #require(adapter.reading(body).options)
    return try await adapter.rehearse(step, in: (attempt ?? self.attempt()).context)
  }
}

extension RawResult {
  /// The members as one object.
  var json: JSONValue { .object(members) }
}
