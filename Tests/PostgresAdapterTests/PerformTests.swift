import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@testable import PostgresAdapter

/// What runs, what does not, and what is left of it.
@Suite struct PerformTests {
  @Test(arguments: [
    "it's", "\"quoted\"", "$(touch /tmp/never)", "`id`", "a\nb\r\n", "-- --leading", "; DROP TABLE x", "$1",
    "'; DELETE FROM t; --", "\\", "\\x41", "${name}", " ", "", "NULL", "\u{1F600}é", "%s %n",
    String(repeating: "x'\"", count: 34 * 1024),
  ])
  func `a value arrives byte for byte and is never run`(_ text: String) async throws {
    let database = try Database()
    let values: [String: Value] = ["value": .text(text)]
    #expect(try await database.value("SELECT ${value}", values: values) == .string(text))
    let bytes = text.utf8.map {
      String($0, radix: 16).count == 1 ? "0" + String($0, radix: 16) : String($0, radix: 16)
    }
    #expect(
      try await database.value("SELECT encode(convert_to(${value}, 'UTF8'), 'hex')", values: values)
        == .string(bytes.joined()))
  }

  @Test func `the server infers a parameter's type`() async throws {
    let result = try await Database().run(
      """
      SELECT n FROM generate_series(${from}::int, 5) AS g(n) 
      WHERE n <> ${not} AND ${flag} AND ${none}::text IS NULL LIMIT ${limit}
      """,
      values: [
        "from": .plain(2), "not": .text("3"), "flag": .plain(true), "none": .plain(.null), "limit": .plain(2),
      ])
    #expect(result["rows"]?.text == #"[{"n":2},{"n":4}]"#)
  }

  @Test func `a secret is bound like any value`() async throws {
    let database = try Database()
    let secret = SecretReference(name: "token", source: .environment("TOKEN"))
    let attempt = database.attempt(values: ["token": .secret(secret)], secrets: ["token": "it's"])
    let options = try Database.options("SELECT length(${token}) AS n")
    let result = try await PostgresAdapter().perform(options, in: attempt.context)
    #expect(JSONValue.object(result.members)["rows"]?.text == #"[{"n":4}]"#)
    #expect(
      PostgresAdapter().invocation(of: options, on: database.target, values: ["token": .secret(secret)])
        == "SELECT length($1) AS n\n-- $1 = ***")
  }

  @Test func `the invocation is what is sent, with its parameters`() throws {
    let options = try Database.options("SELECT ${a}, ${b}, ${c};")
    let target = try Database().target
    let values: [String: Value] = ["a": .text("it's\n"), "b": .plain(.null), "c": .plain(5)]
    #expect(
      PostgresAdapter().invocation(of: options, on: target, values: values)
        == "SELECT $1, $2, $3\n-- $1 = E'it''s\\u000a'\n-- $2 = NULL\n-- $3 = '5'")
    #expect(PostgresAdapter().summary(of: options) == "run `SELECT $1, $2, $3`")
  }

  @Test func `what is confirmed as a read cannot write, whatever the page declares`() async throws {
    let database = try Database()
    try await database.run("CREATE TABLE read_only_test (a int)", effect: .write)
    try await database.run(
      """
      CREATE FUNCTION read_only_write() RETURNS int LANGUAGE sql
      AS 'INSERT INTO read_only_test VALUES (1) RETURNING a'
      """, effect: .write)
    for (sql, transaction) in [
      ("SELECT read_only_write()", nil), ("INSERT INTO read_only_test VALUES (2)", nil),
      ("INSERT INTO read_only_test VALUES (3)", "off"), ("CREATE TABLE read_only_other (a int)", "off"),
    ] as [(String, String?)] {
      let failure = try await database.failure(sql, transaction: transaction)
      #expect(failure.reason == .effect)
      #expect(!failure.effectIsPossible)
      #expect(
        failure.detail.hasPrefix(
          "confirmed as a read, but the server says that it writes; nothing was changed: 25006"))
    }
    #expect(try await database.value("SELECT count(*) FROM read_only_test") == 0)
    try await database.run("DROP FUNCTION read_only_write", effect: .destructive)
    try await database.run("DROP TABLE read_only_test", effect: .destructive)
  }

  @Test func `a write is committed and counted`() async throws {
    let database = try Database()
    let attempt = database.attempt(effect: .write)
    let create = try Database.options("CREATE TABLE write_test AS SELECT generate_series(1, 3) AS a")
    _ = try await PostgresAdapter().perform(create, in: attempt.context)
    #expect(attempt.output.text() == "SELECT 3\n")
    let update = try await database.run(
      "UPDATE write_test SET a = a + 10 WHERE a > 1 RETURNING a", effect: .write)
    #expect(
      update.text
        == #"{"columns":["a"],"rows":[{"a":12},{"a":13}],"row_count":2,"command":"UPDATE","truncated":false}"#
    )
    let vacuum = try await database.run("VACUUM write_test", effect: .write, transaction: "off")
    #expect(vacuum["command"] == "VACUUM")
    try await database.run("DROP TABLE write_test", effect: .destructive)
  }

  @Test func `a statement that fails leaves nothing`() async throws {
    let database = try Database()
    try await database.run(
      "CREATE TABLE fail_test (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)", effect: .write)
    let failure = try await database.failure(
      "INSERT INTO fail_test\n  VALUES (1), (2), (1/0)", effect: .write)
    #expect(failure == StepFailure(.sql, "22012: division by zero", effectIsPossible: false))
    let late = try await database.failure("INSERT INTO fail_test VALUES (1), (1)", effect: .write)
    #expect(late.reason == .sql)
    #expect(late.detail.hasPrefix("rolled back: 23505: duplicate key value violates unique constraint"))
    #expect(!late.effectIsPossible)
    #expect(try await database.value("SELECT count(*) FROM fail_test") == 0)
    try await database.run("DROP TABLE fail_test", effect: .destructive)
  }

  @Test func `an error says where, and what the server advises`() async throws {
    let database = try Database()
    let failure = try await database.failure("SELECT\n  ${a}::int, nope", values: ["a": .text("1")])
    #expect(
      failure
        == StepFailure(
          .sql, "42703: column \"nope\" does not exist (line 2, column 14)", effectIsPossible: false))
    let hint = try await database.failure("SELECT lower(1)")
    #expect(hint.detail.contains("(line 1, column 8); hint: No function matches"))
    let denied = try await Database(.reader).failure("CREATE TABLE t (a int)", effect: .write)
    #expect(denied.reason == .sql)
    #expect(denied.detail.hasPrefix("42501: permission denied for schema public"))
  }

  @Test func `a function that failed may have done something all the same`() async throws {
    let failure = try await Database().failure("SELECT pg_notify('c', 'x'), 1/0", effect: .write)
    #expect(failure.effectIsPossible)
    let call = try await Database().failure("DO $$ BEGIN RAISE 'no'; END $$", effect: .write)
    #expect(call == StepFailure(.sql, "P0001: no", effectIsPossible: true))
  }

  @Test func `notices go to their own stream`() async throws {
    let attempt = try Database().attempt(effect: .write)
    let options = try Database.options(
      "DO $$ BEGIN RAISE NOTICE 'hello' USING HINT = 'look'; RAISE WARNING 'careful'; END $$")
    _ = try await PostgresAdapter().perform(options, in: attempt.context)
    let lines = attempt.output.text(.serverNotice).split(separator: "\n")
    #expect(lines.first?.hasPrefix("connected to owner@127.0.0.1:") == true)
    #expect(lines.dropFirst() == ["NOTICE: hello", "HINT: look", "WARNING: careful"])
    #expect(attempt.output.text() == "DO\n")
  }

  @Test func `the server sees which step it is`() async throws {
    #expect(
      try await Database().value("SELECT current_setting('application_name')")
        == "runbook/20260101T000000Z-tests/step")
  }

  @Test func `a smaller limit of the role is kept`() async throws {
    let database = try Database()
    var attempt = database.attempt()
    attempt.context.target = Target(
      name: "db", type: "postgres",
      settings: database.target.settings.merging(
        ["options": .value(.text("-c statement_timeout=200ms"))]) { $1 })
    let failure = try await database.failure("SELECT pg_sleep(5)", in: attempt)
    #expect(
      failure
        == StepFailure(
          .timeout, "57014: canceling statement due to statement timeout", effectIsPossible: false))
  }
}
