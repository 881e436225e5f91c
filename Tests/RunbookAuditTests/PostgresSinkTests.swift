import Glibc
import RunbookModel
import TestSupport
import Testing

@testable import RunbookAudit

/// A database of a test's own with the table of `docs/audit.md`, and a role that may insert into it.
final class AuditDatabase: Sendable {
  let name = "audit_\(UInt32.random(in: 0 ... .max))"
  private let server: String
  /// What the role's connection needs, for `/etc/runbook/audit.json`.
  let url: String
  static let password = "geh'eim@42/:%"

  init() throws {
    server = try TestService.required("RUNBOOK_TEST_POSTGRES")
    let place = try #require(server.split(separator: "@").last?.split(separator: "/").first)
    url = "postgresql://\(name):geh%27eim%4042%2F%3A%25@\(place)/\(name)"
    try superuser("CREATE DATABASE \(name)", in: "postgres")
    let page = try String(decoding: Scratch().read(repositoryFile("docs/audit.md")), as: UTF8.self)
    let block = try #require(
      page.split(separator: "```sql\n").dropFirst().first?.split(separator: "\n```").first)
    let password = Self.password.replacing("'", with: "''")
    try superuser(block.replacing("runbook_audit", with: name).replacing("…", with: password))
  }

  deinit {
    _ = try? superuser("DROP DATABASE \(name) WITH (FORCE)", in: "postgres")
    _ = try? superuser("DROP ROLE \(name)", in: "postgres")
  }

  /// Runs SQL as the superuser.
  @discardableResult
  func superuser(_ sql: some StringProtocol, in database: String? = nil) throws -> String {
    let base = server.prefix(upTo: try #require(server.lastIndex(of: "/")))
    return try psql("\(base)/\(database ?? name)", String(sql))
  }

  /// Runs SQL as the role.
  func role(_ sql: String) throws -> String { try psql(url, sql) }

  private func psql(_ url: String, _ sql: String) throws -> String {
    let (code, output) = try Command.run([
      "psql", "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql,
    ])
    guard code == 0 else { throw AuditFailure.unavailable(output) }
    return output
  }

  /// The rows' lines in the order of their numbers.
  func lines() throws -> String { try superuser("SELECT line FROM runbook_events ORDER BY log, seq") }
}

@Suite struct `A table of PostgreSQL that must have every event` {
  private let signal = RunEvent.sample(.signalReceived("SIGINT"))
  private let intent = RunEvent.sample(.stepIntent(EventSamples.intent(.main)))
  private let end = RunEvent.sample(.runFinished(.failed("start")))

  private func journal(_ scratch: Scratch) throws -> String {
    try String(decoding: scratch.read(scratch.journal), as: UTF8.self)
  }

  /// The sink's failure is the append's; ends are logged all the same, and the journal says why.
  private func expectFailure(
    _ store: AuditStore, _ scratch: Scratch, _ reason: String, location: SourceLocation = #_sourceLocation
  ) async throws {
    let failure = await #expect(throws: JournalFailure.self, sourceLocation: location) {
      try await store.append([intent])
    }
    let text = failure?.reason ?? ""
    #expect(text.contains(reason), "\(text)", sourceLocation: location)
    #expect(!text.contains("geh") && !text.contains("eim"), "\(text)", sourceLocation: location)
    _ = try await store.append([end])
    var types: [String] = []
    try #require(try AuditReader.open(scratch.store)).forEachEvent {
      types.append($0.type)
      return true
    }
    #expect(types.suffix(3) == ["step.intent", "sink.failed", "run.finished"], sourceLocation: location)
  }

  @Test func `gets the very lines of the journal, whatever is in them`() async throws {
    let scratch = Scratch()
    let database = try AuditDatabase()
    var odd = EventSamples.intent(.main)
    odd.title = "'; \\ \" \\n {,} \u{1F512}ü\n\tNULL $1"
    for _ in 0..<2 {
      let store = try AuditStore.forTest(scratch.store, sinks: [.postgres(database.url)])
      _ = try await store.append([signal, RunEvent.sample(.stepIntent(odd))])
      _ = try await store.append(StoreMaker.events(700))
      _ = try await store.append([end])
    }
    #expect(try database.lines() == journal(scratch))
    let logs = try database.superuser("SELECT DISTINCT log FROM runbook_events")
    #expect(try logs == LogHead.open(scratch.store).key.name + "\n")
    // One transaction a commit: the first event of the log, and three appends of each of two processes.
    #expect(try database.superuser("SELECT count(DISTINCT xmin::text) FROM runbook_events") == "7\n")
    for sql in ["SELECT line", "DELETE", "UPDATE"] {
      let rest = sql == "UPDATE" ? "runbook_events SET line = ''" : "FROM runbook_events"
      let failure = #expect(throws: AuditFailure.self) { try database.role("\(sql) \(rest)") }
      #expect(failure?.reason.contains("permission denied") == true)
    }
  }

  @Test func `keeps several logs apart`() async throws {
    let database = try AuditDatabase()
    for _ in 0..<2 {
      let store = try AuditStore.forTest(Scratch().store, sinks: [.postgres(database.url)])
      _ = try await store.append([signal])
    }
    #expect(
      try database.superuser("SELECT count(*), count(DISTINCT log), max(seq) FROM runbook_events")
        == "4|2|1\n")
  }

  @Test func `is reached anew where its connection died while nothing was written`() async throws {
    let scratch = Scratch()
    let database = try AuditDatabase()
    let store = try AuditStore.forTest(scratch.store, sinks: [.postgres(database.url)])
    for _ in 0..<3 {
      _ = try await store.append([signal])
      let killed = try database.superuser(
        "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE usename = '\(database.name)'"
      )
      #expect(killed == "1\n")
    }
    _ = try await store.append([intent, end])
    #expect(try database.lines() == journal(scratch))
  }

  @Test func `that is gone when it is needed stops the run`() async throws {
    let scratch = Scratch()
    let database = try AuditDatabase()
    let store = try AuditStore.forTest(scratch.store, sinks: [.postgres(database.url)])
    try database.superuser("ALTER ROLE \(database.name) NOLOGIN")
    try database.superuser(
      "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '\(database.name)'")
    try await expectFailure(store, scratch, "cannot be reached: ")
    #expect(throws: AuditFailure.self) {
      try AuditStore.forTest(scratch.store, sinks: [.postgres(database.url)])
    }
  }

  @Test func `that breaks off while it has the events is not asked again`() async throws {
    let scratch = Scratch()
    let database = try AuditDatabase()
    let store = try AuditStore.forTest(scratch.store, sinks: [.postgres(database.url)])
    try database.superuser(
      """
      CREATE FUNCTION fall() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS \
      'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
      CREATE TRIGGER fall BEFORE INSERT ON runbook_events EXECUTE FUNCTION fall()
      """)
    let before = try database.lines()
    try await expectFailure(store, scratch, "required sink \(database.name)@")
    #expect(try database.lines() == before)
  }

  @Test func `that is locked is not waited for`() async throws {
    let scratch = Scratch()
    let database = try AuditDatabase()
    let store = try AuditStore.forTest(scratch.store, sinks: [.postgres(database.url)])
    async let lock = Task.detached {
      try database.superuser("BEGIN; LOCK TABLE runbook_events; SELECT pg_sleep(8); COMMIT")
    }.value
    let isLocked = await eventually {
      (try? database.superuser(
        "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'runbook_events'::regclass"
      ))
        == "1\n"
    }
    try #require(isLocked)
    let start = ContinuousClock.now
    try await expectFailure(store, scratch, "does not take the events")
    #expect(ContinuousClock.now - start < .seconds(6))
    _ = try await lock
  }

  @Test func `that has another line under the number already refuses`() async throws {
    let scratch = Scratch()
    let database = try AuditDatabase()
    let store = try AuditStore.forTest(scratch.store, sinks: [.postgres(database.url)])
    let log = try LogHead.open(scratch.store).key.name
    try database.superuser("INSERT INTO runbook_events VALUES ('\(log)', 1, 'forged')")
    try await expectFailure(
      store, scratch, "refused the events: duplicate key value violates unique constraint")
    #expect(try database.lines().hasSuffix("forged\n"))
  }

  @Test func `that swallows rows is not believed`() async throws {
    let scratch = Scratch()
    let database = try AuditDatabase()
    let store = try AuditStore.forTest(scratch.store, sinks: [.postgres(database.url)])
    try database.superuser(
      """
      CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER swallow BEFORE INSERT ON runbook_events FOR EACH ROW EXECUTE FUNCTION swallow()
      """)
    try await expectFailure(store, scratch, "took 0 of 1 events")
  }

  @Test func `may be slow, but not for ever`() async throws {
    let scratch = Scratch()
    let database = try AuditDatabase()
    let store = try AuditStore.forTest(scratch.store, sinks: [.postgres(database.url)])
    func sleep(_ seconds: Double) throws {
      try database.superuser(
        """
        CREATE OR REPLACE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS \
        'BEGIN PERFORM pg_sleep(\(seconds)); RETURN NEW; END';
        CREATE OR REPLACE TRIGGER nap BEFORE INSERT ON runbook_events EXECUTE FUNCTION nap()
        """)
    }
    try sleep(0.5)
    _ = try await store.append([signal])
    #expect(try database.lines() == journal(scratch))
    try sleep(30)
    try await expectFailure(store, scratch, "does not take the events")
  }

  @Test func `that cannot be reached keeps the store shut, and its password to itself`() async throws {
    let scratch = Scratch()
    let database = try AuditDatabase()
    // One that takes connections and never says anything.
    let silent = Descriptor(
      owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(silent.rawValue, $0, length)
        _ = getsockname(silent.rawValue, $0, &length)
      }
    }
    listen(silent.rawValue, 8)
    let port = UInt16(bigEndian: address.sin_port)
    let right = database.url
    for (settings, reason) in [
      ("postgresql://eve:geheim@127.0.0.1:1/audit", "cannot be reached"),
      ("postgresql://eve:geheim@127.0.0.1:\(port)/audit", "does not take the events"),
      (right.replacing("geh%27eim", with: "geheim"), "password authentication failed"),
      ("host=127.0.0.1 user=eve dbname=x password='geheim", "is no connection string or URL"),
      ("postgresql://eve:geheim@[::1/audit", "is no connection string or URL"),
      ("geheim", "is no connection string or URL"),
    ] {
      let start = ContinuousClock.now
      let failure = #expect(throws: AuditFailure.self) {
        try AuditStore.forTest(scratch.store, sinks: [.postgres(settings)])
      }
      #expect(failure?.reason.contains(reason) == true, "\(settings): \(failure?.reason ?? "")")
      #expect(failure?.reason.contains("geheim") == false, "\(failure?.reason ?? "")")
      #expect(ContinuousClock.now - start < .seconds(5))
    }
    #expect(access(scratch.journal, F_OK) != 0)
    // A table that is not there is found by the first event.
    try database.superuser("DROP TABLE runbook_events")
    let missing = #expect(throws: AuditFailure.self) {
      try AuditStore.forTest(scratch.store, sinks: [.postgres(right)])
    }
    #expect(missing?.reason.contains("SQLSTATE 42P01") == true, "\(missing?.reason ?? "")")
  }

  @Test func `is reached as root wrote it, whatever the environment says`() throws {
    func settings(_ text: String, _ variables: [String: String] = [:]) throws -> PostgresSinkSettings {
      try PostgresSinkSettings(text) { variables[$0] }
    }
    let plain = "host=db.example user=audit dbname=audit password=geheim"
    let found = try settings(plain)
    #expect(found.place == "audit@db.example:5432/audit")
    #expect(found.redacted("no\n  geheim  here") == "no *** here")
    let url = try settings("postgresql://audit:geheim@db.example:6543/audit?sslmode=require")
    #expect(url.place == "audit@db.example:6543/audit")
    // What has a value of libpq's own gets that one, what has none is refused.
    let port = try settings(
      plain, ["PGPORT": "1", "PGSSLMODE": "disable", "PGPASSWORD": "x", "PGAPPNAME": "y"])
    #expect(
      port.pairs.contains { $0 == ("port", "5432") } && port.pairs.contains { $0 == ("sslmode", "prefer") })
    for (variable, keyword) in [
      ("PGHOSTADDR", "hostaddr"), ("PGOPTIONS", "options"), ("PGSERVICE", "service"),
    ] {
      let failure = #expect(throws: AuditFailure.self) { try settings(plain, [variable: "10.0.0.1"]) }
      #expect(
        failure?.reason
          == "'postgres' of '/etc/runbook/audit.json': the environment sets \(variable), and '\(keyword)' is not given: unset it, or give it"
      )
    }
    for (text, word) in [
      ("user=audit dbname=audit", "'host' is missing"), ("host=db user=audit", "'dbname' is missing"),
      ("host=db dbname=audit", "'user' is missing"), ("service=x", "write its settings out"),
      (plain + " sslmode=verify-full", "'sslrootcert' is missing"),
    ] {
      let failure = #expect(throws: AuditFailure.self) { try settings(text) }
      #expect(failure?.reason.contains(word) == true, "\(failure?.reason ?? "")")
    }
    #expect(try settings("hostaddr=10.0.0.1 user=audit dbname=audit").place == "audit@10.0.0.1:5432/audit")
  }
}
