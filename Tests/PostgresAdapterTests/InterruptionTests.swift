import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@testable import PostgresAdapter

/// Timeouts, Ctrl-C and servers that go away; what the server does then is looked at on the server.
@Suite(.timeLimit(.minutes(2))) struct InterruptionTests {
  /// Whether a statement with this mark still runs, asked until it does not for at most 5 s.
  private func isRunning(_ mark: String, in database: Database) async throws -> Bool {
    for _ in 0..<50 {
      let count = try await database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE ${mark}",
        values: ["mark": .text("%/* \(mark) */%")])
      if count == 0 { return false }
      try await Task.sleep(for: .milliseconds(100))
    }
    return true
  }

  /// Waits until a statement with this mark runs.
  private func untilRunning(_ mark: String, in database: Database) async throws {
    for _ in 0..<200 {
      let count = try await database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE ${mark}",
        values: ["mark": .text("%/* \(mark) */%")])
      if count != 0 { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record("'\(mark)' never ran")
  }

  @Test func `the deadline ends the statement on the server`() async throws {
    let database = try Database(.superuser)
    let start = ContinuousClock.now
    let failure = try await database.failure(
      "SELECT /* deadline */ pg_sleep(60)", in: database.attempt(seconds: 4))
    #expect(failure.reason == .timeout)
    #expect(failure.detail.contains("57014") || failure.detail.contains("the statement was cancelled"))
    #expect(!failure.effectIsPossible)
    #expect(ContinuousClock.now - start < .seconds(15))
    #expect(try await !isRunning("deadline", in: database))
  }

  @Test func `Ctrl-C ends the statement on the server`() async throws {
    let database = try Database(.superuser)
    let attempt = database.attempt(seconds: 60)
    let press = Task {
      try await untilRunning("interrupted", in: database)
      attempt.interrupt.press()
    }
    let failure = try await database.failure("SELECT /* interrupted */ pg_sleep(60)", in: attempt)
    try await press.value
    #expect(
      failure
        == StepFailure(
          .cancelled, "interrupted; the statement was cancelled and rolled back", effectIsPossible: false))
    #expect(try await !isRunning("interrupted", in: database))
  }

  @Test func `a write that was cancelled and rolled back is known not to have happened`() async throws {
    let database = try Database(.superuser)
    try await database.run("CREATE TABLE cancel_test (a int)", effect: .write)
    let attempt = database.attempt(effect: .write, seconds: 60)
    let press = Task {
      try await untilRunning("cancelled write", in: database)
      attempt.interrupt.press()
    }
    let failure = try await database.failure(
      "INSERT INTO cancel_test SELECT /* cancelled write */ 1 FROM pg_sleep(60)", in: attempt)
    try await press.value
    #expect(
      failure
        == StepFailure(
          .cancelled, "interrupted; the statement was cancelled and rolled back", effectIsPossible: false))
    #expect(try await database.value("SELECT count(*) FROM cancel_test") == 0)
    try await database.run("DROP TABLE cancel_test", effect: .destructive)
  }

  @Test func `a write outside a transaction that was cancelled may have happened`() async throws {
    let database = try Database(.superuser)
    let failure = try await database.failure(
      "DO $$ BEGIN PERFORM pg_sleep(60); END $$", transaction: "off",
      in: database.attempt(effect: .write, seconds: 5))
    #expect(failure.reason == .timeout)
    #expect(failure.effectIsPossible)
  }

  @Test func `a write whose connection breaks may have happened`() async throws {
    let database = try Database(.superuser)
    let attempt = database.attempt(effect: .write, seconds: 60)
    let terminate = Task {
      try await untilRunning("terminated", in: database)
      try await database.run(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query LIKE '%/* terminated */%' AND pid <> pg_backend_pid()
        """, effect: .write)
    }
    let failure = try await database.failure(
      "DO $$ /* terminated */ BEGIN PERFORM pg_sleep(60); END $$", in: attempt)
    try await terminate.value
    #expect(failure.reason == .unreachable)
    #expect(failure.detail.contains("57P01") || failure.detail.contains("lost"))
    #expect(failure.effectIsPossible)
  }

  @Test func `somebody else's cancellation is no timeout`() async throws {
    let database = try Database(.superuser)
    let cancel = Task {
      try await untilRunning("cancelled by others", in: database)
      try await database.run(
        """
        SELECT pg_cancel_backend(pid) FROM pg_stat_activity
        WHERE query LIKE '%/* cancelled by others */%' AND pid <> pg_backend_pid()
        """, effect: .write)
    }
    let failure = try await database.failure(
      "SELECT /* cancelled by others */ pg_sleep(60)", in: database.attempt(seconds: 60))
    try await cancel.value
    #expect(
      failure
        == StepFailure(
          .sql, "57014: canceling statement due to user request", effectIsPossible: false))
  }

  @Test func `a server that does not answer at all is given up`() async throws {
    let silent = try SilentServer()
    let start = ContinuousClock.now
    let target = Target(
      name: "db", type: "postgres",
      settings: [
        "host": .value(.text("127.0.0.1")), "port": .value(.plain(.integer(silent.port))),
        "user": .value(.text("a")), "dbname": .value(.text("a")), "connect_timeout": .value(.plain(500)),
      ])
    let failure = try await Database().failure("SELECT 1", in: StepAttempt(on: target))
    #expect(
      failure
        == StepFailure(
          .timeout, "no connection to 127.0.0.1:\(silent.port) in time", effectIsPossible: false))
    let attempt = StepAttempt(on: target, seconds: 60)
    attempt.interrupt.press()
    let stopped = try await Database().failure("SELECT 1", in: attempt)
    #expect(stopped == StepFailure(.cancelled, "interrupted while connecting", effectIsPossible: false))
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func `connections do not pile up`() async throws {
    let database = try Database(.superuser)
    for _ in 0..<20 {
      _ = try await database.failure("SELECT 1/0")
      try await database.run("SELECT 1")
    }
    let reader = try Database(.reader)
    for _ in 0..<20 { _ = try await reader.run("SELECT 1") }
    for _ in 0..<50 {
      let count = try await database.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader'")
      if count == 0 { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    Issue.record("connections of 'reader' are left")
  }
}
