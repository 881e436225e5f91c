import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@testable import PostgresAdapter

/// What a dry run proves, and that it changes nothing.
@Suite struct RehearsalTests {
  private func rehearse(
    _ sql: String, in database: Database, values: [String: Value] = [:], transaction: String? = nil
  ) async throws -> Rehearsal {
    let attempt = database.attempt(effect: .write, values: values)
    return try await PostgresAdapter().rehearse(
      try Database.options(sql, transaction: transaction), in: attempt.context)
  }

  private func place(_ role: String, _ database: Database) -> String {
    let port = database.url.split(separator: ":").last?.split(separator: "/").first ?? ""
    return "\(role)@127.0.0.1:\(port)/owner"
  }

  @Test func `a change of rows is proved by planning it`() async throws {
    let database = try Database()
    try await database.run("CREATE TABLE rehearse_plan (id int, name text)", effect: .write)
    let verified = Rehearsal.verified(
      "\(place("owner", database)) prepared and planned it in a read-only transaction: "
        + "names, types, privileges"
    )
    for sql in [
      "INSERT INTO rehearse_plan VALUES (${id}, 'a')",
      "UPDATE rehearse_plan SET name = ${name} WHERE id = ${id}",
      "DELETE FROM rehearse_plan", "SELECT pg_terminate_backend(${id})",
      "SELECT nextval('pg_class'::regclass)",
    ] {
      let values: [String: Value] = ["id": .plain(1), "name": .text("x")]
      #expect(try await rehearse(sql, in: database, values: values) == verified, "\(sql)")
    }
    // An output of an earlier step that did not run has no value yet.
    #expect(try await rehearse("DELETE FROM rehearse_plan WHERE id = ${later}", in: database) == verified)
    try await database.run("DROP TABLE rehearse_plan", effect: .destructive)
  }

  @Test func `what the server would refuse fails`() async throws {
    let owner = try Database()
    try await owner.run("CREATE TABLE rehearse_refuse (id int)", effect: .write)
    for (sql, detail) in [
      (
        "INSERT INTO rehearse_refuse VALUES (1, 2)",
        "42601: INSERT has more expressions than target columns (line 1, column 40)"
      ),
      (
        "INSERT INTO rehearse_missing\n VALUES (1)",
        "42P01: relation \"rehearse_missing\" does not exist (line 1, column 13)"
      ),
      (
        "SELECT no_such_function(1)",
        "42883: function no_such_function(integer) does not exist (line 1, column 8)"
      ),
      ("CREATE TABL x (a int)", "42601: syntax error at or near \"TABL\" (line 1, column 8)"),
    ] {
      let failure = try await #require(throws: StepFailure.self) { try await rehearse(sql, in: owner) }
      #expect(failure.reason == .sql)
      #expect(failure.detail.hasPrefix(detail), "\(failure.detail)")
      #expect(!failure.effectIsPossible)
    }
    let reader = try Database(.reader)
    let denied = try await #require(throws: StepFailure.self) {
      try await rehearse("DELETE FROM rehearse_refuse WHERE id = 1", in: reader)
    }
    #expect(denied.detail == "42501: permission denied for table rehearse_refuse")
    try await owner.run("DROP TABLE rehearse_refuse", effect: .destructive)
  }

  @Test func `a utility statement is read by the server and not proved further`() async throws {
    let database = try Database()
    for (sql, transaction) in [
      ("DROP TABLE no_such_table", nil), ("DO $$ BEGIN nonsense; END $$", nil),
      ("VACUUM no_such_table", "off"),
      ("TRUNCATE no_such_table", nil), ("CREATE DATABASE x", "off"),
    ] as [(String, String?)] {
      #expect(
        try await rehearse(sql, in: database, transaction: transaction)
          == .unverifiable(
            "\(place("owner", database)) was reached and reads the statement; "
              + "only running it tells whether names and privileges fit"), "\(sql)")
    }
  }

  @Test func `nothing changes`() async throws {
    let database = try Database()
    try await database.run(
      "CREATE TABLE rehearse_nothing AS SELECT n AS id, 'x' AS name FROM generate_series(1, 10) AS n",
      effect: .write)
    try await database.run("CREATE SEQUENCE rehearse_sequence", effect: .write)
    func state() async throws -> JSONValue {
      try await database.run(
        """
        SELECT pg_relation_filenode('rehearse_nothing') AS file, pg_relation_size('rehearse_nothing') AS size,
          (SELECT is_called FROM rehearse_sequence) AS called,
          (SELECT json_agg(json_build_array(ctid::text, xmin::text, xmax::text, id, name) ORDER BY ctid)
           FROM rehearse_nothing) AS contents,
          (SELECT json_build_array(n_tup_ins, n_tup_upd, n_tup_del) FROM pg_stat_user_tables
           WHERE relname = 'rehearse_nothing') AS counters
        """)
    }
    // The statistics of the CREATE arrive when its connection has ended.
    try await Task.sleep(for: .seconds(1))
    let before = try await state()
    #expect(before["rows"]?.array?.first?["called"]?.boolean == false)
    for sql in [
      "DELETE FROM rehearse_nothing", "UPDATE rehearse_nothing SET name = 'y'", "TRUNCATE rehearse_nothing",
      "DROP TABLE rehearse_nothing", "SELECT nextval('rehearse_sequence')",
      "INSERT INTO rehearse_nothing SELECT nextval('rehearse_sequence'), 'z'",
      "WITH d AS (DELETE FROM rehearse_nothing RETURNING *) SELECT setval('rehearse_sequence', 5), * FROM d",
      "ALTER TABLE rehearse_nothing ADD x int",
      "CREATE TABLE rehearse_other AS SELECT * FROM rehearse_nothing",
      "DO $$ BEGIN DELETE FROM rehearse_nothing; END $$",
    ] {
      _ = try await rehearse(sql, in: database)
    }
    try await Task.sleep(for: .seconds(1))
    let after = try await state()
    #expect(after == before)
    #expect(try await database.value("SELECT to_regclass('rehearse_other') IS NULL") == true)
    try await database.run("DROP TABLE rehearse_nothing", effect: .destructive)
    try await database.run("DROP SEQUENCE rehearse_sequence", effect: .destructive)
  }

  @Test func `the server's log shows nothing but read-only transactions`() async throws {
    let database = try Database(.superuser)
    var attempt = database.attempt(effect: .write)
    attempt.context.step = StepID("rehearsal-log")
    _ = try await PostgresAdapter().rehearse(
      try Database.options("DELETE FROM pg_class WHERE false"), in: attempt.context)
    let log = try String(contentsOfLog: TestService.required("RUNBOOK_TEST_POSTGRES_LOG"))
    let statements = log.split(separator: "\n").filter { $0.contains("/rehearsal-log") }
    #expect(statements.contains { $0.contains("BEGIN READ ONLY") })
    #expect(statements.contains { $0.contains("EXPLAIN (COSTS OFF) DELETE FROM pg_class") })
    #expect(statements.contains { $0.hasSuffix("ROLLBACK") })
    #expect(!statements.contains { $0.contains("COMMIT") })
  }
}
