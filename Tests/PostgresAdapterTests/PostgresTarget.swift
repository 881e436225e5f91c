import Glibc
import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import TestSupport
import Testing

@testable import PostgresAdapter

/// A role of the test server, as a target with a secret url.
enum TestRole: String {
  case superuser = "RUNBOOK_TEST_POSTGRES"
  case owner = "RUNBOOK_TEST_POSTGRES_OWNER"
  case reader = "RUNBOOK_TEST_POSTGRES_READER"
}

/// Steps against the real server.
struct Database {
  let url: String
  let target: Target

  /// The database of `role`; a missing service fails the test.
  init(_ role: TestRole = .owner) throws {
    url = try TestService.required(role.rawValue)
    let reference = SecretReference(name: "DATABASE_URL", source: .environment("DATABASE_URL"))
    target = Target(name: "db", type: "postgres", settings: ["url": .value(.secret(reference))])
  }

  /// An attempt that has the url as a secret.
  func attempt(
    effect: Effect = .read, values: [String: Value] = [:], seconds: Double = 20, captureLimit: Int = 1 << 20,
    secrets: [String: String] = [:]
  ) -> StepAttempt {
    StepAttempt(
      on: target, values: values, secrets: secrets.merging(["DATABASE_URL": url]) { $1 }, effect: effect,
      seconds: seconds, captureLimit: captureLimit)
  }

  /// Decodes a step; a diagnostic that is an error fails the test.
  static func options(_ sql: String, transaction: String? = nil) throws -> PostgresOptions {
    let fields = transaction.map {
      [AdapterCall.Field(name: "transaction", value: .string($0), range: .init(start: 0, end: 0))]
    }
    let reading = PostgresAdapter().reading(sql, fields: fields ?? [])
    return try #require(reading.options, "\(reading.diagnostics)")
  }

  /// Performs a step and returns its result's members as an object.
  @discardableResult
  func run(
    _ sql: String, effect: Effect = .read, values: [String: Value] = [:], transaction: String? = nil
  ) async throws -> JSONValue {
    let options = try Self.options(sql, transaction: transaction)
    let attempt = attempt(effect: effect, values: values)
    return .object(try await PostgresAdapter().perform(options, in: attempt.context).members)
  }

  /// The failure of a step that must fail.
  func failure(
    _ sql: String, effect: Effect = .read, values: [String: Value] = [:], transaction: String? = nil,
    in attempt: StepAttempt? = nil
  ) async throws -> StepFailure {
    let options = try Self.options(sql, transaction: transaction)
    let attempt = attempt ?? self.attempt(effect: effect, values: values)
    return try await #require(throws: StepFailure.self) {
      try await PostgresAdapter().perform(options, in: attempt.context)
    }
  }

  /// The first value of the first row.
  func value(
    _ sql: String, values: [String: Value] = [:]
  ) async throws -> JSONValue {
    let result = try await run(sql, values: values)
    return try #require(result["rows"]?.array?.first?.members?.first?.value)
  }
}

extension String {
  /// The text of a file of the test services.
  init(contentsOfLog path: String) throws {
    let file = try #require(fopen(path, "r"), "\(path) cannot be read")
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    self.init(decoding: bytes, as: UTF8.self)
  }
}
