import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@testable import RedisAdapter

@Suite struct PerformTests {
  @Test func `replies come back as what they are`() async throws {
    let cache = try Cache()
    try await cache.run("RPUSH perform:list a 'b c' \"\"", effect: .write)
    try await cache.run("HSET perform:hash field 1", effect: .write)
    let replies = try await cache.run(
      """
      PING
      GET perform:missing
      LRANGE perform:list 0 -1
      LLEN perform:list
      HGETALL perform:hash
      TYPE perform:list
      MGET perform:missing perform:missing
      """)
    #expect(replies == #"["PONG",null,["a","b c",""],3,["field","1"],"list",[null,null]]"#)
    try await cache.run("DEL perform:list perform:hash", effect: .write)
  }

  @Test(arguments: [
    "it's", "\"quoted\"", "$(touch /tmp/never)", "`id`", "a\nb\r\n", "-- --leading", " ", "",
    "*3\r\n$3\r\nDEL",
    "\u{1F600}é", "${name}", "a;b|c>d", String(repeating: "x", count: 100 * 1024),
  ])
  func `a value arrives as one argument, byte for byte`(_ text: String) async throws {
    let cache = try Cache()
    let values: [String: Value] = ["value": .text(text), "key": .text("perform:exact:\(text.hashValue)")]
    #expect(try await cache.run("SET ${key} ${value}", effect: .write, values: values) == #"["OK"]"#)
    let result = try await cache.result("GETDEL ${key}", effect: .write, values: values)
    #expect(JSONValue.object(result.members)["replies"] == .array([.string(text)]))
  }

  @Test func `a reply that is no text is base64`() async throws {
    let replies = try await Cache().run("EVAL_RO \"return '\\\\255\\\\0a'\" 0")
    #expect(replies == #"[{"base64":"/wBh"}]"#)
  }

  @Test func `an integer that a double cannot hold is a string`() async throws {
    let cache = try Cache()
    try await cache.run("SET perform:large 9007199254740991", effect: .write)
    #expect(try await cache.run("INCR perform:large", effect: .write) == "[9007199254740992]")
    #expect(try await cache.run("INCR perform:large", effect: .write) == #"["9007199254740993"]"#)
    try await cache.run("DEL perform:large", effect: .write)
  }

  @Test func `people see what redis-cli would show`() async throws {
    let attempt = try Cache().attempt()
    let options = try Cache.options(
      #"""
      EVAL_RO "return {1, {'a', false}, '\27[31mred', {}}" 0
      EVAL_RO "return 'one\ntwo\n'" 0
      """#)
    _ = try await RedisAdapter().perform(options, in: attempt.context)
    #expect(
      attempt.output.text() == """
        1) (integer) 1
        2) 1) "a"
           2) (nil)
        3) "<U+001B>[31mred"
        4) (empty array)
        one
        two

        """)
  }

  @Test func `an error reply fails the step and is in the result`() async throws {
    let cache = try Cache()
    try await cache.run("SET perform:text a", effect: .write)
    let result = try await cache.result("PING\nLRANGE perform:text 0 -1\nPING")
    #expect(result.failure?.reason == .expectation)
    #expect(result.failure?.detail.hasPrefix("WRONGTYPE") == true)
    #expect(JSONValue.object(result.members)["replies"]?.array?.count == 2)
    try await cache.run("DEL perform:text", effect: .write)
  }

  @Test func `replies above the limit are cut off and counted as such`() async throws {
    let attempt = try Cache().attempt(captureLimit: 1000)
    let options = try Cache.options(
      "EVAL_RO 'local t = {} for i = 1, 100000 do t[i] = i end return t' 0")
    let result = JSONValue.object(try await RedisAdapter().perform(options, in: attempt.context).members)
    #expect(result["truncated"]?.boolean == true)
    #expect(result["replies"]?.array?.first?.array?.first?.integer == 1)
    #expect(result.text.utf8.count < 2000)
  }

  @Test func `a user who may not, and one who does not exist`() async throws {
    let refused = try await Cache(.limited).failure("GET other:key")
    #expect(refused.reason == .authentication)
    #expect(refused.detail.hasPrefix("NOPERM"))
    let disabled = try await Cache(.disabled).failure("PING")
    #expect(disabled.reason == .authentication)
    #expect(disabled.detail.hasPrefix("WRONGPASS"))
  }

  @Test func `a server that is not there`() async throws {
    let target = Target(
      name: "cache", type: "redis",
      settings: ["host": .value(.text("127.0.0.1")), "port": .value(.text("1"))])
    let failure = try await Cache().failure("PING", in: StepAttempt(on: target))
    #expect(
      failure
        == StepFailure(
          .unreachable, "no connection to 127.0.0.1:1: Connection refused", effectIsPossible: false))
  }

  @Test(.timeLimit(.minutes(1)))
  func `a blocking command ends at the deadline and at Ctrl-C, and the server lets go of it`() async throws {
    let cache = try Cache()
    let late = try await cache.failure(
      "BLPOP perform:never 30", in: cache.attempt(effect: .write, seconds: 0.5))
    #expect(late == StepFailure(.timeout, "no reply in time", effectIsPossible: true))
    let attempt = cache.attempt(effect: .write)
    Task {
      try await Task.sleep(for: .milliseconds(300))
      attempt.interrupt.press()
    }
    let stopped = try await cache.failure("BLPOP perform:never 30", in: attempt)
    #expect(stopped == StepFailure(.cancelled, "interrupted", effectIsPossible: true))
    let info = try await cache.run("INFO clients")
    #expect(info.contains("blocked_clients:0"))
  }
}
