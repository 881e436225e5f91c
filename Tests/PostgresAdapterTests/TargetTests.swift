import Glibc
import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@testable import PostgresAdapter

@Suite struct TargetTests {
  private let type = PostgresTargetType()

  private func target(_ settings: [String: String], secrets: [String: String] = [:]) -> Target {
    var all = settings.mapValues { Target.Setting.value(.text($0)) }
    for (key, variable) in secrets {
      all[key] = .value(.secret(SecretReference(name: key, source: .environment(variable))))
    }
    return Target(name: "db", type: "postgres", settings: all)
  }

  @Test(arguments: [
    ("postgresql://app@127.0.0.1:15432/app", "app@127.0.0.1:15432/app"),
    ("postgres://app@db.example/app", "app@db.example:5432/app"),
    ("postgresql:///app", "local socket:5432/app"),
    ("postgresql://a@%2Fvar%2Frun%2Fpostgresql/app", "a@/var/run/postgresql:5432/app"),
    ("postgresql://a@[::1]:5433/app", "a@[::1]:5433/app"),
    ("postgresql://a@h1:5433,h2/app?target_session_attrs=read-write", "a@h1:5433,h2:5432/app"),
    ("postgresql://h/x?user=u&dbname=y&host=h9&port=6000", "u@h9:6000/y"),
    ("postgresql://us%65r@h/db%20name", "user@h:5432/db name"),
  ])
  func `a url is shown as where it leads`(_ url: String, _ summary: String) {
    #expect(type.problems(with: target(["url": url])) == [])
    #expect(type.summary(of: target(["url": url])) == summary)
  }

  @Test(arguments: [
    "postgresql://app:secret@h/db", "postgresql://h/db?password=x", "postgresql://app:p%40x@h/db",
    "postgresql://app:p@ss@h/db",
  ])
  func `a password in the file is an error`(_ url: String) {
    #expect(
      type.problems(with: target(["url": url])) == [
        "a password in the file: write it as a reference, 'password: env:NAME', or the whole url as one"
      ])
    #expect(!type.summary(of: target(["url": url])).contains("secret"))
  }

  @Test(arguments: [
    "mysql://h/db", "h:5432", "postgresql://h:0/db", "postgresql://h:x/db", "postgresql://h/%zz",
    "postgresql://h/%00",
    "postgresql://h/db?sslmode", "postgresql://[::1/db",
  ])
  func `what libpq would not take is an error`(_ url: String) {
    #expect(
      type.problems(with: target(["url": url]))
        == ["'url' is no connection URL: postgresql://user@host:port/dbname is expected"])
  }

  @Test func `settings that do not fit together`() {
    #expect(
      type.problems(with: target(["url": "postgresql://h/d", "host": "x", "user": "y"]))
        == ["'url' and 'host', 'user' say the same thing twice"])
    #expect(
      type.problems(with: target(["port": "1"])) == [
        "'host' is missing; without 'url' a target names its host, user and dbname",
        "'user' is missing; without 'url' a target names its host, user and dbname",
        "'dbname' is missing; without 'url' a target names its host, user and dbname",
      ])
    #expect(
      type.problems(with: target(["host": "h", "user": "u", "dbname": "d", "sslrootcert": "/ca"]))
        == ["'sslrootcert' is of use with 'sslmode: verify-full' or 'verify-ca' only"])
  }

  @Test func `a pipe in place of a certificate is refused instead of waited for`() async throws {
    let path = "/tmp/runbook-pipe-\(UInt64.random(in: 0 ... .max))"
    try #require(mkfifo(path, 0o600) == 0)
    defer { unlink(path) }
    for settings in [
      ["host": "127.0.0.1", "user": "u", "dbname": "d", "sslmode": "verify-full", "sslrootcert": path],
      ["url": "postgresql://u@127.0.0.1/d?sslmode=verify-full&sslrootcert=\(path)"],
    ] {
      let attempt = StepAttempt(on: target(settings))
      let failure = await #expect(throws: StepFailure.self) {
        try await PostgresAdapter().perform(Database.options("SELECT 1"), in: attempt.context)
      }
      #expect(failure?.detail == "sslrootcert: '\(path)' is a pipe, and a regular file is wanted")
      #expect(failure?.effectIsPossible == false)
    }
  }

  @Test func `a reference is shown as such`() {
    #expect(type.summary(of: target([:], secrets: ["url": "DATABASE_URL"])) == "env:DATABASE_URL")
    #expect(type.summary(of: target(["host": "h", "user": "u", "dbname": "d"])) == "u@h:5432/d")
  }

  @Test func `command steps get what psql reads`() {
    let settings = target(
      ["host": "h", "port": "5433", "user": "u", "dbname": "d", "sslmode": "require"],
      secrets: ["password": "PGPASS"])
    let environment = type.processEnvironment(of: settings)
    #expect(
      environment.variables.map { "\($0.name)=\($0.value.displayText)" } == [
        "PGHOST=h", "PGPORT=5433", "PGUSER=u", "PGDATABASE=d", "PGSSLMODE=require", "PGCONNECT_TIMEOUT=10",
      ])
    #expect(environment.files.map(\.variable) == ["PGPASSFILE"])
    #expect(environment.files.first?.parts.map(\.displayText) == ["*:*:*:*:", "***", "\n"])
    #expect(environment.files.first?.escapedCharacters == ":\\")
    let url = type.processEnvironment(of: target(["url": "postgresql://u@h1,h2:9/d?sslmode=require"]))
    #expect(
      url.variables.map { "\($0.name)=\($0.value.displayText)" } == [
        "PGHOST=h1,h2", "PGPORT=5432,9", "PGUSER=u", "PGDATABASE=d", "PGSSLMODE=require",
        "PGCONNECT_TIMEOUT=10",
      ])
  }

  @Test func `a wrong password, an unknown database, a port without a server, a host without a name`()
    async throws
  {
    let url = try #require(ConnectionURL(TestService.required(TestRole.owner.rawValue)))
    let port = try #require(url.hosts.first?.port)
    func failure(_ settings: [String: String], password: String = "test-owner") async throws -> StepFailure {
      let all = ["host": "127.0.0.1", "port": port, "user": "owner", "dbname": "owner"].merging(settings) {
        $1
      }
      let target = target(all, secrets: ["password": "PGPASSWORD"])
      let attempt = StepAttempt(on: target, secrets: ["password": password])
      return try await Database().failure("SELECT 1", in: attempt)
    }
    let wrong = try await failure([:], password: "wrong")
    #expect(wrong.reason == .authentication)
    #expect(wrong.detail.contains("28P01: password authentication failed for user \"owner\""))
    #expect(!wrong.detail.contains("LOCATION"))
    #expect(try await failure(["dbname": "nowhere"]).reason == .notFound)
    let closed = try await failure(["port": "1"])
    #expect(closed.reason == .unreachable)
    #expect(closed.detail.contains("Connection refused"))
    let nameless = try await failure(["host": "no-such-host.invalid"])
    #expect(nameless.reason == .unreachable)
    #expect(nameless.detail.hasPrefix("no connection to no-such-host.invalid: "))
    #expect(try await failure(["sslmode": "require"]).reason == .tls)
    #expect(!wrong.effectIsPossible)
  }

  @Test func `settings without a url connect, by name too`() async throws {
    let url = try #require(ConnectionURL(TestService.required(TestRole.owner.rawValue)))
    let target = target(
      ["host": "localhost", "port": try #require(url.hosts.first?.port), "user": "owner", "dbname": "owner"],
      secrets: ["password": "PGPASSWORD"])
    let attempt = StepAttempt(on: target, secrets: ["password": "test-owner"])
    let result = try await PostgresAdapter().perform(
      try Database.options("SELECT current_user::text AS me"), in: attempt.context)
    #expect(JSONValue.object(result.members)["rows"]?.text == #"[{"me":"owner"}]"#)
    #expect(attempt.output.text(.serverNotice) == "")
  }

  @Test func `the simple protocol sends SHOW as a read and nothing else, and binds nothing`() async throws {
    let database = try Database()
    let target = Target(
      name: "db", type: "postgres",
      settings: database.target.settings.merging(["protocol": .value(.text("simple"))]) { $1 })
    func attempt(_ effect: Effect) -> StepAttempt {
      StepAttempt(on: target, secrets: ["DATABASE_URL": database.url], effect: effect)
    }
    let show = try await PostgresAdapter().perform(
      try Database.options("SHOW server_encoding"), in: attempt(.read).context)
    #expect(JSONValue.object(show.members)["rows"]?.text == #"[{"server_encoding":"UTF8"}]"#)
    let failure = try await database.failure("SELECT 1", in: attempt(.read))
    #expect(failure.reason == .effect)
    let options = try Database.options("SELECT ${x}")
    #expect(
      PostgresAdapter().problems(of: options, on: target) == [
        "'${x}' cannot be bound: target 'db' has the simple protocol, which knows no parameters"
      ])
    let rehearsal = try await PostgresAdapter().rehearse(
      try Database.options("RELOAD"), in: attempt(.write).context)
    guard case .unverifiable = rehearsal else { return #expect(Bool(false), "\(rehearsal)") }
  }
}
