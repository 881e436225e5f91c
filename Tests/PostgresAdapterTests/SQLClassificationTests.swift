import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import TestSupport
import Testing

@testable import PostgresAdapter

@Suite struct SQLClassificationTests {
  private func claim(_ sql: String, transaction: String? = nil) throws -> Effect.Claim {
    PostgresAdapter().effect(of: try Database.options(sql, transaction: transaction))
  }

  @Test(arguments: [
    "SELECT 1", "(SELECT 1) UNION (SELECT 2)", "VALUES (1), (2)", "TABLE pg_class", "SHOW server_version",
    "select count(*), MAX(a), now(), pg_catalog.lower('x') from t where a in (1) and b = any ($$x$$)",
    "SELECT coalesce(a, 1)::numeric(10, 2), cast(b AS varchar(10)), c::geometry(Point, 4326) FROM t",
    "WITH a AS (SELECT 1), b(x, y) AS MATERIALIZED (SELECT 1, 2) SELECT * FROM a, b",
    "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t",
    "WITH a(x) AS (SELECT 1), b(y) AS (VALUES (2)), c(z) AS ((SELECT 3)) SELECT 1",
    "SELECT * FROM generate_series(1, 3) AS g(n), (VALUES (1)) v(x), unnest(a) WITH ORDINALITY u(v, i)",
    "SELECT row_number() OVER (PARTITION BY a ORDER BY b), sum(x) FILTER (WHERE x > 1) FROM t",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM t GROUP BY ROLLUP (a), GROUPING SETS ((b))",
    "SELECT extract(epoch FROM now()), now() AT TIME ZONE ('UTC'), trim(both from a) FROM t",
    "SELECT a FROM t WHERE EXISTS (SELECT 1) AND NOT (b) AND (c, d) IN (SELECT 1, 2) LIMIT (3) OFFSET (1)",
    "SELECT \"count\"(*), \"delete\", \"update\" FROM t JOIN u USING (id) JOIN (SELECT 1) s ON (true)",
    "SELECT update, set_at FROM t", "SELECT 'pg_terminate_backend(1)' -- nextval('x')",
    "SELECT /* setval('x', 1) */ pg_is_in_recovery(), pg_size_pretty(pg_database_size('a'))",
    "SELECT pg_stat_activity.pid FROM pg_stat_activity", "SELECT $$ DELETE FROM t $$",
    "EXPLAIN DELETE FROM t", "EXPLAIN (VERBOSE, ANALYZE off) DELETE FROM t", "EXPLAIN ANALYZE SELECT 1",
    "EXPLAIN (SELECT 1)", "EXPLAIN SELECT nextval('s')", "SELECT DISTINCT ON (a) lower(b) FROM t",
    "SELECT * FROM (SELECT 1) s(x) JOIN (VALUES (1)) v(y) ON x = y, generate_series(1, 2) g(z)",
    "SELECT * FROM t JOIN json_to_recordset(j) r(a int, b numeric(10, 2)[]) ON (true)",
    "SELECT * FROM ((SELECT 1) s(x) CROSS JOIN t), ROWS FROM (unnest(a)) u(v)",
    "SELECT * FROM t TABLESAMPLE system (1) REPEATABLE (2)", "SELECT E'a'\n'\\' , '",
    "SELECT 1.5e-3, 0xff, 1_000",
    "SELECT * FROM json_table(j, '$' COLUMNS (a int PATH '$')) jt(a)", "SELECT (s).count FROM t s",
    "SELECT count(*) FILTER (WHERE a) OVER (ORDER BY b) FROM t",
    "EXPLAIN (ANALYZE off, COSTS 'off') SELECT 1",
  ])
  func `is a known read`(_ sql: String) throws {
    #expect(try claim(sql) == Effect.Claim(.read, isKnown: true), "\(sql)")
  }

  @Test(arguments: [
    ("SELECT query_to_xml('x', true, true, '')", "query_to_xml"),
    ("SELECT pg_read_file('/etc/passwd')", "pg_read_file"),
    ("SELECT my_function(1)", "my_function"), ("SELECT public.lower('x')", "public.lower"),
    ("SELECT app.pg_notify('x')", "app.pg_notify"), ("SELECT lo_get(1)", "lo_get"),
    ("SELECT public.exists(1)", "public.exists"), ("SELECT a.b.now()", "a.b.now"),
    ("SELECT CASE WHEN evil() THEN 1 END", "evil"),
    ("SELECT lower(evil('x'))", "evil"), ("SELECT * FROM ROWS FROM (evil())", "evil"),
    ("SELECT * FROM t TABLESAMPLE evil(1)", "evil"), ("SELECT é('x')", "é"),
    ("EXPLAIN ANALYZE SELECT evil()", "evil"),
    ("SELECT * FROM t ORDER BY evil()", "evil"), ("TABLE t UNION SELECT evil()", "evil"),
    ("SELECT set(1)", "set"), ("SELECT over(1)", "over"), ("SELECT filter(1)", "filter"),
    ("SELECT * FROM t JOIN u ON true OPERATOR(pg_catalog.=) evil(a)", "OPERATOR"),
    ("SELECT * FROM t JOIN u ON 1OPERATOR(pg_catalog.=)evil(a)", "OPERATOR"),
    ("SELECT OPERATOR(pg_catalog.-) over(1)", "OPERATOR"), ("SELECT (a) evil()", "evil"),
    ("SELECT (123::int).evil", "evil"), ("SELECT (1::bigint) . \"evil\"", "\"evil\""),
    ("SELECT (array[1::bigint])[1].evil", "evil"), ("SELECT ${pid}.evil", "evil"),
    ("SELECT U&\"ev\\0069l\"(1)", "U&\"ev\\0069l\""), ("SELECT U&\"ev\\69l\"(1)", "U&\"ev\\69l\""),
    ("SELECT NOT materialized(1)", "materialized"),
    ("SELECT set(1) FROM update", "set"), ("SELECT columns(1) FROM json_table(j, '$')", "columns"),
  ])
  func `is assumed to write, because it calls what is not known`(_ sql: String, _ place: String) throws {
    #expect(try claim(sql) == Effect.Claim(.write, isKnown: false), "\(sql)")
    let complaint = try #require(PostgresAdapter().complaints(about: sql).first)
    #expect(complaint.hasPrefix("\(place) → "), "\(complaint)")
    #expect(complaint.hasSuffix("say effect=read where it only reads, or effect=write to silence this"))
    let traits = StepTraits(declaredEffect: .read)
    #expect(PostgresAdapter().complaints(about: sql, traits: traits).isEmpty)
  }

  @Test(arguments: [
    ("SELECT pg_terminate_backend(1)", "pg_terminate_backend"),
    ("SELECT pg_catalog.pg_cancel_backend(1)", "pg_catalog.pg_cancel_backend"),
    ("SELECT app.pg_catalog.pg_cancel_backend(1)", "app.pg_catalog.pg_cancel_backend"),
    ("SELECT \"pg_catalog\" . \"pg_cancel_backend\"(1)", "\"pg_catalog\" . \"pg_cancel_backend\""),
    ("SELECT \"pg_terminate_backend\" (1)", "\"pg_terminate_backend\""),
    ("SELECT U&\"pg_terminate\\005fbackend\"(1)", "U&\"pg_terminate\\005fbackend\""),
    ("SELECT u&\"\\+000070g_terminate_backend\"(1)", "u&\"\\+000070g_terminate_backend\""),
    ("SELECT U&\"pg!005fnotify\" UESCAPE '!' ('a', '')", "'!' ("),
    ("SELECT (1).U&\"lower\" UESCAPE '!'", "U&\"lower\""),
    ("SELECT PG_Terminate_Backend/* hidden */(1)", "PG_Terminate_Backend"),
    ("SELECT my_function(1), pg_terminate_backend(2)", "pg_terminate_backend"),
    ("SELECT count(*) FROM a WHERE lower(b) = (SELECT set_config('a', 'b', false))", "set_config"),
    ("SELECT 1 FROM t WHERE nextval('s') > 1", "nextval"), ("SELECT setval('s', 1)", "setval"),
    ("SELECT lo_export(1, '/tmp/x')", "lo_export"), ("SELECT lo_unlink(1)", "lo_unlink"),
    ("SELECT dblink_exec('x', 'y')", "dblink_exec"), ("SELECT ext.dblink('x', 'y')", "ext.dblink"),
    ("SELECT * FROM dblink('x', 'y') AS t(a int)", "dblink"),
    ("WITH a AS (SELECT 1), b AS (SELECT 2) SELECT 1 FROM a, dblink('x', 'y') AS (a int)", "dblink"),
    ("SELECT pg_advisory_lock(1)", "pg_advisory_lock"),
    ("SELECT pg_try_advisory_xact_lock_shared(1, 2)", "pg_try_advisory_xact_lock_shared"),
    ("SELECT set_config('a', 'b', false)", "set_config"), ("SELECT pg_notify('a', 'b')", "pg_notify"),
    ("SELECT pg_reload_conf()", "pg_reload_conf"), ("SELECT txid_current()", "txid_current"),
    ("SELECT pg_stat_reset_shared('bgwriter')", "pg_stat_reset_shared"),
    ("SELECT monitor.pg_stat_statements_reset()", "monitor.pg_stat_statements_reset"),
    ("SELECT pg_create_physical_replication_slot('a')", "pg_create_physical_replication_slot"),
    ("SELECT pg_drop_replication_slot('a')", "pg_drop_replication_slot"),
    ("SELECT * FROM pg_logical_slot_get_changes('a', null, null)", "pg_logical_slot_get_changes"),
    ("SELECT pg_create_restore_point('a')", "pg_create_restore_point"),
    ("SELECT pg_backup_start('a')", "pg_backup_start"), ("SELECT pg_start_backup('a')", "pg_start_backup"),
    ("SELECT DISTINCT ON (a) pg_terminate_backend(1) FROM t", "pg_terminate_backend"),
    ("SELECT ALL pg_rotate_logfile()", "pg_rotate_logfile"), ("VALUES (pg_switch_wal())", "pg_switch_wal"),
    ("SELECT 1 OFFSET pg_promote()::int", "pg_promote"),
    ("EXPLAIN ANALYZE SELECT nextval('s')", "nextval"), ("EXPLAIN (ANALYZE) SELECT nextval('s')", "nextval"),
    ("SELECT E'a'\n'\\' , ' , pg_reload_conf() , pg_advisory_lock(4711) --'", "pg_reload_conf"),
    ("SELECT E'a' -- b\r -- c\n '\\' , ' , pg_reload_conf() --'", "pg_reload_conf"),
    ("EXPLAIN (COSTS off, \"analyze\") SELECT pg_reload_conf()", "pg_reload_conf"),
    ("EXPLAIN (\"analyze\") SELECT pg_reload_conf()", "pg_reload_conf"),
    ("EXPLAIN (COSTS off, U&\"analyz\\0065\") SELECT pg_reload_conf()", "pg_reload_conf"),
    ("EXPLAIN (ANALYZE off, ANALYZE) SELECT pg_reload_conf()", "pg_reload_conf"),
    ("SELECT (true) OPERATOR(pg_catalog.=) pg_reload_conf()", "pg_reload_conf"),
    ("SELECT (a) pg_reload_conf()", "pg_reload_conf"),
    ("SELECT (123::int).pg_terminate_backend", "pg_terminate_backend"),
    ("SELECT (1::bigint) . \"pg_advisory_lock\"", "\"pg_advisory_lock\""),
    ("SELECT (array[1::bigint])[1].pg_advisory_lock", "pg_advisory_lock"),
    ("SELECT ${pid}.pg_terminate_backend", "pg_terminate_backend"),
  ])
  func `is never a read, because of what it calls, and nothing lowers that`(
    _ sql: String, _ place: String
  ) throws {
    #expect(try claim(sql) == Effect.Claim(.write, isKnown: true), "\(sql)")
    #expect(PostgresAdapter().complaints(about: sql).isEmpty)
    let reading = PostgresAdapter().reading(sql, traits: StepTraits(declaredEffect: .read))
    #expect(reading.options == nil && reading.diagnostics.map(\.code) == [.loweredEffect], "\(sql)")
    let complaint = PostgresAdapter().complaints(about: sql, traits: StepTraits(declaredEffect: .read))
    #expect(complaint.first?.hasPrefix("\(place) → ") == true, "\(complaint)")
    #expect(PostgresAdapter().complaints(about: sql, traits: StepTraits(declaredEffect: .write)).isEmpty)
  }

  @Test(arguments: [
    "INSERT INTO t VALUES (1)", "UPDATE t SET a = 1 WHERE b = 2", "DELETE FROM t WHERE a = 1",
    "DELETE FROM t USING u WHERE t.id = u.id", "MERGE INTO t USING u ON (a = b) WHEN MATCHED THEN DELETE",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
    "WITH d AS (DELETE FROM t WHERE a = 1 RETURNING *) SELECT * FROM d",
    "WITH d AS (SELECT 1) INSERT INTO t SELECT * FROM d",
    "WITH a AS (SELECT 1) UPDATE t SET b = 1 WHERE c = 2",
    "WITH a AS (SELECT 1) SEARCH DEPTH FIRST BY x SET y DELETE FROM t WHERE z = 1",
    "SELECT * FROM t FOR UPDATE", "SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED",
    "SELECT 1 FROM t FOR SHARE",
    "SELECT * FROM t FOR KEY SHARE OF t", "SELECT * INTO new_table FROM t", "SELECT 1 INTO TEMP x",
    "CREATE TABLE t (a int)", "ALTER TABLE t ADD a int", "ALTER TABLE t ALTER a DROP NOT NULL",
    "ALTER TABLE t DROP CONSTRAINT c", "COMMENT ON TABLE t IS 'x'", "GRANT SELECT ON t TO u",
    "REVOKE ALL ON t FROM u",
    "DO $$ BEGIN DELETE FROM t; END $$", "CALL p()", "NOTIFY c", "CHECKPOINT", "ANALYZE t", "REINDEX TABLE t",
    "REFRESH MATERIALIZED VIEW v", "COPY t TO '/tmp/x'", "COPY t FROM PROGRAM 'id'", "LOCK TABLE t",
    "EXPLAIN ANALYZE INSERT INTO t VALUES (1)", "EXPLAIN (ANALYZE true, COSTS off) INSERT INTO t VALUES (1)",
    "EXPLAIN (ANALYZE 1) INSERT INTO t VALUES (1)", "PAUSE", "RELOAD",
    "ALTER TABLE t ALTER COLUMN a DROP EXPRESSION", "ALTER TABLE t ALTER a DROP IDENTITY IF EXISTS",
    "DELETE FROM t WHERE (a = 1) OR b", "DELETE FROM t WHERE (a OR true) AND b = 1",
    "UPDATE t SET (a, b) = (SELECT 1, 2) WHERE c = 1 RETURNING *",
    "MERGE INTO t USING u ON (a = b) WHEN NOT MATCHED BY SOURCE AND t.c < 3 THEN DELETE",
  ])
  func `is a known write`(_ sql: String) throws {
    #expect(try claim(sql) == Effect.Claim(.write, isKnown: true), "\(sql)")
  }

  @Test(arguments: [
    "DROP TABLE t", "TRUNCATE t", "DELETE FROM t", "UPDATE t SET a = 1",
    "UPDATE t SET a = (SELECT 1 WHERE true)",
    "DELETE FROM t WHERE true", "DELETE FROM t WHERE 1 = 1 RETURNING *", "DELETE FROM ONLY t",
    "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d WHERE a = 1", "ALTER TABLE t DROP a",
    "ALTER TABLE t DROP COLUMN a", "REASSIGN OWNED BY a TO b", "EXPLAIN ANALYZE DELETE FROM t",
    "DROP OWNED BY a",
    "SHUTDOWN", "KILL app", "ALTER TABLE t DROP expression", "ALTER TABLE t DROP identity",
    "DELETE FROM t WHERE (true)", "DELETE FROM t WHERE 'a' = 'a'", "DELETE FROM t WHERE ((1)) = 1",
    "DELETE FROM t WHERE a = 1 OR true", "DELETE FROM t WHERE a = a", "DELETE FROM t WHERE ${all}",
    "DELETE FROM t WHERE (a = 1 OR NOT false)", "UPDATE t SET a = 1 WHERE EXISTS (SELECT 1)",
    "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE",
    "MERGE INTO t USING u ON (a = b) WHEN NOT MATCHED BY SOURCE THEN DELETE",
  ])
  func `is destructive`(_ sql: String) throws {
    #expect(try claim(sql) == Effect.Claim(.destructive, isKnown: true), "\(sql)")
  }

  @Test(arguments: [
    "VACUUM t", "VACUUM (FULL, ANALYZE) t", "CREATE INDEX CONCURRENTLY i ON t (a)",
    "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", "DROP INDEX CONCURRENTLY i", "CREATE DATABASE d",
    "DROP DATABASE d", "REINDEX DATABASE d", "REINDEX (CONCURRENTLY) TABLE t", "ALTER SYSTEM SET a = 'b'",
    "ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "CLUSTER", "CLUSTER (VERBOSE)", "COMMIT PREPARED 'x'",
    "ROLLBACK PREPARED 'x'", "ALTER DATABASE d SET TABLESPACE s",
  ])
  func `is refused inside a transaction`(_ sql: String) throws {
    let complaints = PostgresAdapter().complaints(about: sql)
    #expect(complaints.count == 1)
    #expect(
      complaints[0].hasSuffix("the server refuses this statement inside a transaction; say transaction=off"))
    #expect(throws: Never.self) { try Database.options(sql, transaction: "off") }
  }

  @Test(arguments: [
    "BEGIN", "START TRANSACTION", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT s", "RELEASE s",
    "SET TRANSACTION READ WRITE", "SET ROLE x", "SET SESSION AUTHORIZATION x", "RESET ALL", "DISCARD ALL",
    "PREPARE TRANSACTION 'x'", "PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "LISTEN c", "UNLISTEN c",
    "DECLARE c CURSOR FOR SELECT 1", "FETCH c", "CLOSE c", "LOAD 'x'", "COPY t FROM STDIN",
    "COPY t TO STDOUT",
    "COPY (SELECT 1) TO STDOUT", "EXPLAIN ANALYZE EXECUTE p", "'SELECT 1'", "\"select\" 1",
  ])
  func `means nothing in a step`(_ sql: String) {
    #expect(PostgresAdapter().reading(sql).options == nil)
    #expect(PostgresAdapter().complaints(about: sql).count == 1)
  }

  @Test func `a slip is named, a word of another product is not`() throws {
    #expect(
      PostgresAdapter().complaints(about: "SELET 1")
        == ["SELET → no statement begins with 'selet'; did you mean 'SELECT'?"])
    #expect(try claim("BACKUP DATABASE d") == Effect.Claim(.write, isKnown: false))
  }

  @Test func `a declared effect silences the doubt`() {
    let traits = StepTraits(declaredEffect: .read)
    #expect(PostgresAdapter().complaints(about: "SELECT my_function()", traits: traits).isEmpty)
  }

  /// The promise behind the lists, held against the catalogue of a real server.
  @Test func `every function that is known to be harmless is so for the server`() async throws {
    let sql = """
      SELECT string_agg(DISTINCT proname, ' ' ORDER BY proname) FROM pg_proc
      WHERE provolatile = 'v' AND proname = ANY (string_to_array(${names}, ' '))
      """
    let stable = try await Database().value(sql, values: ["names": .text(KnownFunctions.stable)])
    #expect(stable == .null)
    let volatile = try await Database().value(sql, values: ["names": .text(KnownFunctions.volatile)])
    #expect(volatile.string == KnownFunctions.volatile)
  }

  /// The other list, held against the same: its names are real ones, and the server promises nothing of them.
  @Test func `every function that is never a read is one of the server's`() async throws {
    let sql = """
      SELECT string_agg(DISTINCT proname, ' ' ORDER BY proname) FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY (string_to_array(${names}, ' '))
        AND (provolatile = 'v' OR proname IN ('pg_current_xact_id', 'txid_current'))
      """
    let names = try await Database().value(sql, values: ["names": .text(ChangingFunctions.builtIn)])
    #expect(names.string == ChangingFunctions.builtIn)
    for name in (KnownFunctions.stable + " " + KnownFunctions.volatile).split(separator: " ").map(String.init)
    {
      #expect(!ChangingFunctions.contain(name, isBuiltIn: true), "\(name)")
    }
  }

  /// `pg_get_keywords` says which words cannot name a function.
  @Test func `what is taken for syntax cannot be a function`() async throws {
    let sql = """
      SELECT string_agg(word, ' ') FROM pg_get_keywords()
      WHERE catcode NOT IN ('R', 'C') AND word = ANY (string_to_array(${words}, ' '))
      """
    let words = SQLQueryScan.keyWords.sorted().joined(separator: " ")
    let others = try await Database().value(sql, values: ["words": .text(words)])
    #expect(Set(others.string?.split(separator: " ") ?? []) == ["cube", "rollup", "ilike", "join"])
  }
}
