import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import TestSupport
import Testing

@testable import PostgresAdapter

/// What is sent of a body, and what keeps a body from being sent.
@Suite struct SQLReadingTests {
  @Test(arguments: [
    ("SELECT 1", "SELECT 1"),
    ("select 1;", "select 1"),
    ("select 1 ; ; -- done\n/* really; */", "select 1"),
    ("-- first\nSELECT 1", "-- first\nSELECT 1"),
    ("SELECT ';', \";\", $$;$$, $a$;$$;$a$ /* ; */", "SELECT ';', \";\", $$;$$, $a$;$$;$a$"),
    ("SELECT 'it''s; $$' || E'\\';' || U&'\\0061'", "SELECT 'it''s; $$' || E'\\';' || U&'\\0061'"),
    ("SELECT /* a /* nested ; */ ; */ 1", "SELECT /* a /* nested ; */ ; */ 1"),
    ("SELECT a$b$c FROM t", "SELECT a$b$c FROM t"),
    ("SELECT ${x}, ${y}, ${x}", "SELECT $1, $2, $1"),
    ("SELECT ${x}::int4[2:${y}]", "SELECT $1::int4[2:$2]"),
    ("SELECT -- ${comment}\n ${x}", "SELECT -- ${comment}\n $1"),
    ("SELECT '$${x}', $a$ $${y} $a$, ${z}", "SELECT '${x}', $a$ ${y} $a$, $1"),
    ("SELECT '${Not a name}'", "SELECT '${Not a name}'"),
    (
      "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b); -- x",
      "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)"
    ),
    (
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;",
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END"
    ),
  ])
  func `one statement is sent, and what follows it is not`(_ body: String, _ sent: String) throws {
    let options = try Database.options(body)
    #expect(options.statement.text == sent)
  }

  @Test func `names are bound in the order of their first use`() throws {
    let reading = PostgresAdapter().reading("SELECT ${b}, ${a}, ${b} -- ${c}")
    #expect(try #require(reading.options).statement.names == ["b", "a"])
    #expect(reading.uses == ["b", "a", "b"])
  }

  @Test(arguments: [
    ("SELECT '${x}'", "${x} → '${x}' inside a string constant"),
    ("SELECT E'\\'${x}'", "${x} → '${x}' inside a string constant"),
    ("SELECT \"${x}\"", "${x} → '${x}' inside a quoted identifier"),
    ("SELECT $$ ${x} $$", "${x} → '${x}' inside a dollar-quoted constant"),
    ("SELECT $f$ ${x} $f$", "${x} → '${x}' inside a dollar-quoted constant"),
    ("SELECT tab${x} FROM t", "${x} → '${x}' inside an identifier"),
    ("SELECT ${x}tab", "${x} → '${x}' is glued to what follows"),
  ])
  func `a name is bound, never pasted`(_ body: String, _ complaint: String) {
    #expect(
      PostgresAdapter().complaints(about: body) == [
        complaint + ": it is bound as one value, never pasted into the text; "
          + "build the text in SQL: 'prefix ' || ${name}, or format('…%s…', ${name})"
      ])
  }

  @Test(arguments: [
    ("SELECT 'open", "' → a string constant that is never closed"),
    ("SELECT E'open\\'", "E' → a string constant that is never closed"),
    ("SELECT \"open", "\" → a quoted identifier that is never closed"),
    ("SELECT $a$ open $b$", "$a$ → a dollar-quoted constant that is never closed; it ends at the next $a$"),
    ("SELECT 1 /* a /* b */", "/* → a comment that is never closed; block comments nest"),
    ("SELECT $1", "$1 → '$' and a number stand for a parameter that nothing fills; write ${name}"),
    ("SELECT ${}", "${ → '${' that begins no name; names are [a-z][a-z0-9_]*: ${name}"),
    ("SELECT $ 1", "$ → '$' that begins neither a name nor a quoted text"),
    (
      "\\d users",
      "\\ → '\\' begins no SQL; commands of psql cannot be run here; "
        + "write a bash step that calls psql, with 'on' naming the same target"
    ),
    ("SELECT \u{1}", "\u{1} → a control character in SQL"),
    ("", " → no SQL statement"), (" -- nothing\n;", " -- nothing\n; → no SQL statement"),
  ])
  func `what is no SQL is named with its place`(_ body: String, _ complaint: String) {
    #expect(PostgresAdapter().complaints(about: body) == [complaint])
  }

  @Test(arguments: [
    ("SELECT 1; DROP TABLE t", "DROP"),
    ("commit; create table x()", "create"),
    ("SELECT 1; -- ;\n /* ; */ SELECT 2", "SELECT"),
    ("SELECT 'a\\'; DELETE FROM t; --'", "DELETE"),
    ("SELECT $$a$$; DELETE FROM t; $$", "DELETE"),
    ("SELECT $a$ $$ ; $a$; VACUUM", "VACUUM"),
    ("SELECT 1 /* /* */; DELETE FROM t; */ ; DELETE FROM u", "DELETE"),
    ("SELECT U&'\\'; TRUNCATE t; --'", "TRUNCATE"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'x'; DROP TABLE t", "DROP"),
    ("SELECT begin atomic; DELETE FROM t; end", "DELETE"),
  ])
  func `a second statement is an error where it begins`(_ body: String, _ word: String) {
    let complaints = PostgresAdapter().complaints(about: body)
    #expect(complaints.contains { $0.hasPrefix("\(word) → a second statement in one step") }, "\(complaints)")
    #expect(PostgresAdapter().reading(body).options == nil)
  }

  @Test func `all errors of a body are reported at once`() {
    let complaints = PostgresAdapter().complaints(about: "SELECT '${a}', \"${b}\"; SELECT ${c}tab")
    #expect(complaints.map { String($0.prefix { $0 != "→" }) } == ["${a} ", "${b} ", "${c} ", "SELECT "])
  }

  @Test func `transaction is on or off`() {
    #expect(throws: Never.self) { try Database.options("VACUUM", transaction: "off") }
    let field = AdapterCall.Field(
      name: "transaction", value: "perhaps", range: BodyOrigin.none.range(0..<0))
    let reading = PostgresAdapter().reading("SELECT 1", fields: [field])
    #expect(reading.diagnostics.map(\.message) == ["transaction is 'perhaps' and must be 'on' or 'off'"])
  }

  @Test func `places the server names are found in the body`() throws {
    let statement = try Database.options("SELECT '$${x}',\n  ${long_name}, nope").statement
    #expect(statement.text == "SELECT '${x}',\n  $1, nope")
    #expect(statement.position(ofCharacter: 22) == (2, 17))
    #expect(statement.position(ofCharacter: 1) == (1, 1))
    #expect(statement.position(ofCharacter: 8) == (1, 8))
  }
}
