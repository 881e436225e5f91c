import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@testable import RedisAdapter

/// What a body can do, and what keeps it from being sent.
@Suite struct RedisReadingTests {
  private func claim(_ body: String) throws -> Effect.Claim { try Cache.options(body).claim }

  @Test(arguments: [
    "GET a", "get a", "PING", "INFO replication", "CONFIG GET maxmemory", "KEYS *", "SCAN 0 MATCH 'a*'",
    "EVAL_RO 'return 1' 0", "SORT_RO a", "TTL a\nTYPE a", "CLIENT LIST", "ACL LOG", "ACL LOG 5", "WAIT 1 100",
    "COMMAND", "COMMAND COUNT", "XREAD COUNT 1 STREAMS a 0", "OBJECT ENCODING a", "SLOWLOG GET 10",
  ])
  func `is a known read`(_ body: String) throws {
    #expect(try claim(body) == Effect.Claim(.read, isKnown: true))
  }

  @Test(arguments: [
    "SET a b", "DEL a", "CONFIG SET maxmemory 1gb", "SHUTDOWN", "SHUTDOWN SAVE", "ACL LOG RESET",
    "ACL LOG ${x}", "BGSAVE",
    "REPLICAOF NO ONE", "PUBLISH a b", "CLIENT KILL ID 5", "SCRIPT FLUSH", "BLPOP a 5", "EXPIRE a 10",
  ])
  func `is a known write`(_ body: String) throws {
    #expect(try claim(body) == Effect.Claim(.write, isKnown: true))
  }

  @Test(arguments: [
    "FLUSHALL", "flushdb async", "SHUTDOWN NOSAVE", "SHUTDOWN ${x}", "REPLICAOF db2 6379",
    "CLUSTER RESET HARD",
    "FUNCTION FLUSH",
    "DEBUG SEGFAULT", "ACL DELUSER app", "XGROUP DESTROY s g",
  ])
  func `is destructive`(_ body: String) throws {
    #expect(try claim(body) == Effect.Claim(.destructive, isKnown: true))
  }

  @Test(arguments: ["EVAL 'return 1' 0", "FCALL f 0", "SORT a", "BITFIELD a GET u4 0", "JSON.GET a"])
  func `is assumed to write`(_ body: String) throws {
    #expect(try claim(body) == Effect.Claim(.write, isKnown: false))
  }

  @Test(arguments: [
    "MULTI", "EXEC", "DISCARD", "WATCH a", "SUBSCRIBE a", "PSUBSCRIBE a*", "MONITOR", "AUTH a", "HELLO 3",
    "SELECT 1",
    "QUIT", "RESET", "CLIENT REPLY OFF", "CLIENT TRACKING ON", "SYNC", "SCRIPT DEBUG YES",
  ])
  func `means nothing in a step`(_ body: String) {
    let complaints = RedisAdapter().complaints(about: body)
    #expect(complaints.count == 1)
    #expect(complaints[0].contains("means nothing in a step, or never ends"), "\(complaints)")
    #expect(RedisAdapter().reading(body).options == nil)
  }

  @Test(arguments: [
    ("GTE a", "GTE → 'GTE' is no command of Redis that is known, and counts as a write; did you mean 'GET'?"),
    (
      "CONFIG GTE a",
      "CONFIG GTE → 'CONFIG GTE' is no command of Redis that is known, and counts as a write; "
        + "did you mean 'CONFIG GET'?"
    ),
    ("GET", "GET → GET takes 1 argument and has 0"),
    ("SET a", "SET → SET takes at least 2 arguments and has 1"),
    ("CONFIG SET a", "CONFIG SET → CONFIG SET takes at least 2 arguments and has 1"),
    ("OBJECT", "OBJECT → OBJECT wants a subcommand; one of encoding, freq, help, idletime, refcount"),
    ("${x} a", "${x} → the command itself cannot be a value"),
    ("CONFIG ${x} a", "${x} → the subcommand cannot be a value"),
    ("", " → no Redis command"), ("# nothing", "# nothing → no Redis command"),
    ("BLPOP a 0", "BLPOP → BLPOP with a time of 0 waits for ever; give it a time below the step's timeout"),
    (
      "XREAD BLOCK 0 STREAMS a $",
      "XREAD → XREAD with a time of 0 waits for ever; give it a time below the step's timeout"
    ),
    (
      "EVAL \"return '${x}'\" 0",
      "\"return '${x}'\" → a value inside a script; pass it as a key or an argument: KEYS[1], ARGV[1]"
    ),
    (
      "GET a\nSET a b",
      "SET → a command that writes, in a step of several; write a step for each, "
        + "or one script for EVAL: several lines are for reads only"
    ),
    (
      "GET a | DEL b",
      "| → '|' means nothing here, because no shell reads this line; quote it"
    ),
    (
      "GET $(id)", "$( → '$' would need a shell, and no shell reads this line; write ${name}"
    ),
    ("KEYS *", "KEYS → KEYS looks at every key while nothing else runs on the server; SCAN does not block"),
  ])
  func `what is wrong is named with its place`(_ body: String, _ complaint: String) {
    #expect(RedisAdapter().complaints(about: body) == [complaint])
  }

  @Test func `a script that is declared to read must be one that cannot write`() {
    let traits = StepTraits(declaredEffect: .read)
    #expect(
      RedisAdapter().complaints(about: "EVAL 'return 1' 0", traits: traits) == [
        "EVAL → nothing keeps EVAL from writing; write EVAL_RO, which the server keeps from writing"
      ])
    #expect(RedisAdapter().complaints(about: "EVAL_RO 'return 1' 0", traits: traits).isEmpty)
  }

  @Test func `a value is one argument and shown as such`() throws {
    let options = try Cache.options("SET ${key} \"a ${value}\" EX 5")
    let adapter = RedisAdapter()
    let target = Target(name: "cache", type: "redis")
    let secret = Value.secret(SecretReference(name: "s", source: .environment("S")))
    #expect(
      adapter.invocation(of: options, on: target, values: ["key": .text("k 1\n"), "value": secret])
        == #"SET "k 1\n" "a ***" EX 5"#)
    #expect(adapter.summary(of: options) == #"send `SET ${key} "a ${value}" EX 5`"#)
    #expect(adapter.summary(of: try Cache.options("GET a\nGET b\nGET c")) == "send `GET a` and 2 more")
  }

  /// The facts of the table, held against a real server.
  @Test func `names, word counts and flags are those of the server`() async throws {
    let reply = JSONValue.object(try await Cache().result("COMMAND").members)
    let commands = try #require(reply["replies"]?.array?.first?.array)
    var seen = 0
    for command in commands {
      let facts = try #require(command.array)
      let subcommands = facts.last?.array ?? []
      for fact in subcommands.isEmpty ? [facts] : subcommands.compactMap(\.array) {
        let name = try #require(fact.first?.string)
        let entry = try #require(CommandTable.redis[name], "\(name) is not in the table")
        let flags = fact[2].array?.compactMap(\.string) ?? []
        #expect(entry.arity == fact[1].integer, "\(name)")
        if flags.contains("write") { #expect(entry.kind != .read, "\(name)") }
        if flags.contains("readonly") { #expect(entry.kind == .read, "\(name)") }
        seen += 1
      }
    }
    #expect(seen > 300)
  }
}
