import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@testable import PostgresAdapter

@Suite struct ResultValueTests {
  @Test(arguments: [
    ("NULL::int", "null"),
    ("true", "true"),
    ("42::int2", "42"),
    ("9007199254740992::int8", "9007199254740992"),
    ("9007199254740993::int8", #""9007199254740993""#),
    ("(-9223372036854775808)::int8", #""-9223372036854775808""#),
    ("1.50::numeric", "1.50"),
    ("12345678901234567.89::numeric", #""12345678901234567.89""#),
    ("'NaN'::numeric", #""NaN""#),
    ("0.1::float8", "0.1"),
    ("1e300::float8", "1e+300"),
    ("'-Infinity'::float8", #""-Infinity""#),
    ("'NaN'::float4", #""NaN""#),
    ("'{\"a\": [1, 1.00, 12345678901234567890]}'::json", #"{"a":[1,1.00,12345678901234567890]}"#),
    ("'null'::jsonb", "null"),
    ("ARRAY[1, NULL, 3]", "[1,null,3]"),
    ("ARRAY[[1, 2], [3, 4]]", "[[1,2],[3,4]]"),
    ("'[0:1]={7,8}'::int[]", "[7,8]"),
    ("ARRAY[]::text[]", "[]"),
    (
      #"ARRAY['a,b', 'say "x"', 'back\slash', NULL, 'NULL', '', ' ', '{}']"#,
      #"["a,b","say \"x\"","back\\slash",null,"NULL",""," ","{}"]"#
    ),
    ("ARRAY[9007199254740993]::int8[]", #"["9007199254740993"]"#),
    ("ARRAY['{\"a\":1}'::jsonb]", #"[{"a":1}]"#),
    ("ARRAY[box '(0,0),(1,1)', box '(2,2),(3,3)']", #"["(1,1),(0,0)","(3,3),(2,2)"]"#),
    ("timestamptz '2026-11-20 23:15:00.5+00' AT TIME ZONE 'UTC'", #""2026-11-20T23:15:00.5""#),
    ("date '2026-11-20'", #""2026-11-20""#),
    ("timestamp 'infinity'", #""infinity""#),
    ("interval '1 year 2 days 03:04:05.5'", #""P1Y2DT3H4M5.5S""#),
    (#"'\x00ff10'::bytea"#, #""\\x00ff10""#),
    ("'\u{1F600} é'::text", "\"\u{1F600} é\""),
    ("E'a\\nb\\x01'::text", #""a\nb\u0001""#),
    ("'7d444840-9dc0-11d1-b245-5ffdce74fad2'::uuid", #""7d444840-9dc0-11d1-b245-5ffdce74fad2""#),
    ("int4range(1, 5)", #""[1,5)""#),
    ("ROW(1, 'a')", #""(1,a)""#),
  ])
  func `a value comes back unchanged`(_ expression: String, _ json: String) async throws {
    #expect(try await Database().value("SELECT \(expression)").text == json)
  }

  @Test(arguments: [
    ("UTC", "2026-11-20T23:15:00Z"), ("Asia/Kolkata", "2026-11-21T04:45:00+05:30"),
    ("Europe/Berlin", "2026-11-21T00:15:00+01:00"),
  ])
  func `a point in time keeps the zone of the session, as RFC 3339 writes it`(
    _ zone: String, _ expected: String
  ) async throws {
    let database = try Database()
    var attempt = database.attempt()
    attempt.context.target = Target(
      name: "db", type: "postgres",
      settings: database.target.settings.merging(
        ["options": .value(.text("-c timezone=\(zone)"))]) { $1 })
    let options = try Database.options("SELECT timestamptz '2026-11-20 23:15:00+00' AS at")
    let result = try await PostgresAdapter().perform(options, in: attempt.context)
    #expect(JSONValue.object(result.members)["rows"]?.text == #"[{"at":"\#(expected)"}]"#)
  }

  @Test func `an array of an enum is an array`() async throws {
    let database = try Database()
    try await database.run("CREATE TYPE test_mood AS ENUM ('sad', 'very, very happy')", effect: .write)
    let value = try await database.value("SELECT ARRAY['sad', 'very, very happy', NULL]::test_mood[]")
    #expect(value.text == #"["sad","very, very happy",null]"#)
    try await database.run("DROP TYPE test_mood", effect: .destructive)
  }

  @Test func `columns of one name are told apart`() async throws {
    let result = try await Database().run("SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS b")
    #expect(result["columns"]?.text == #"["a","a_3","a_2","b"]"#)
    #expect(result["rows"]?.text == #"[{"a":1,"a_3":2,"a_2":3,"b":4}]"#)
  }

  @Test func `the whole result of a query`() async throws {
    let attempt = try Database().attempt()
    let options = try Database.options("SELECT n, 'é' || n AS label FROM generate_series(9, 10) AS g(n)")
    let result = try await PostgresAdapter().perform(options, in: attempt.context)
    #expect(
      JSONValue.object(result.members).text == """
        {"columns":["n","label"],"rows":[{"n":9,"label":"é9"},{"n":10,"label":"é10"}],"row_count":2,\
        "command":"SELECT","truncated":false}
        """)
    #expect(
      attempt.output.text() == """
         n  | label
        ----+-------
          9 | é9
         10 | é10
        (2 rows)

        """)
  }

  @Test func `a result above the limit keeps whole rows and says so`() async throws {
    let attempt = try Database().attempt(captureLimit: 10_000)
    let options = try Database.options(
      "SELECT n, repeat('x', 100) AS filler FROM generate_series(1, 200000) AS n")
    let result = JSONValue.object(try await PostgresAdapter().perform(options, in: attempt.context).members)
    let kept = try #require(result["rows"]?.array)
    #expect(result["row_count"]?.integer == 200_000)
    #expect(result["truncated"]?.boolean == true)
    #expect((70...90).contains(kept.count))
    #expect(kept.last?["filler"]?.string?.utf8.count == 100)
    #expect(
      attempt.output.text().hasSuffix(
        "(the first \(kept.count) of 200000 rows; the others are too large to keep)\n"))
  }

  @Test func `an empty result still has its columns`() async throws {
    let result = try await Database().run("SELECT 1 AS one WHERE false")
    #expect(
      result.text == #"{"columns":["one"],"rows":[],"row_count":0,"command":"SELECT","truncated":false}"#)
  }

  @Test func `the table shows nothing that acts on a terminal`() async throws {
    let attempt = try Database().attempt()
    let options = try Database.options(#"SELECT E'\x1b[31mred\n漢字' AS text, NULL AS none"#)
    _ = try await PostgresAdapter().perform(options, in: attempt.context)
    #expect(
      attempt.output.text() == """
         text                 | none
        ----------------------+------
         <U+001B>[31mred↵漢字 | NULL
        (1 row)

        """)
  }
}
