import RunbookAdapter
import RunbookModel
import Testing

@testable import RedisAdapter

@Suite struct RedisTargetTests {
  private let type = RedisTargetType()

  private func target(_ settings: [String: String], secrets: [String: String] = [:]) -> Target {
    var all = settings.mapValues { Target.Setting.value(.text($0)) }
    for (key, variable) in secrets {
      all[key] = .value(.secret(SecretReference(name: key, source: .environment(variable))))
    }
    return Target(name: "cache", type: "redis", settings: all)
  }

  @Test(arguments: [
    ("redis://127.0.0.1:16379", "127.0.0.1:16379/0"), ("redis://", "127.0.0.1:6379/0"),
    ("redis://app@cache.example/3", "app@cache.example:6379/3"), ("redis://[::1]:7000/1", "[::1]:7000/1"),
    ("redis://us%65r@h", "user@h:6379/0"),
  ])
  func `a url is shown as where it leads`(_ url: String, _ summary: String) {
    #expect(type.problems(with: target(["url": url])) == [])
    #expect(type.summary(of: target(["url": url])) == summary)
  }

  @Test(arguments: [
    (
      "redis://:secret@h",
      ["a password in the file: write it as a reference, 'password: env:NAME', or the whole url as one"]
    ),
    ("rediss://h", [RedisTargetType.noTLS]),
    ("http://h", ["'url' is no Redis URL: redis://user@host:port/db is expected"]),
    ("redis://h/x", ["'url' is no Redis URL: redis://user@host:port/db is expected"]),
    ("redis://h:99999", ["'url' is no Redis URL: redis://user@host:port/db is expected"]),
  ])
  func `a url that cannot be used says why`(_ url: String, _ problems: [String]) {
    #expect(type.problems(with: target(["url": url])) == problems)
  }

  @Test func `settings that do not fit together`() {
    #expect(type.problems(with: target([:])) == ["'url' or 'host' is missing"])
    #expect(
      type.problems(with: target(["url": "redis://h", "db": "1"])) == [
        "'url' and 'db' say the same thing twice"
      ])
  }

  @Test func `a password never shows`() {
    #expect(type.summary(of: target([:], secrets: ["url": "REDIS_URL"])) == "env:REDIS_URL")
    let url = RedisURL("redis://app:p%40ss%3Aword@h:1/2")
    #expect(url?.password == Array("p@ss:word".utf8))
    #expect(type.summary(of: target(["url": "redis://app:secret@h"])) == "app@h:6379/0")
  }

  @Test func `command steps get what redis-cli reads`() {
    let environment = type.processEnvironment(
      of: target(["host": "h", "user": "app", "db": "2"], secrets: ["password": "PASS"]))
    #expect(
      environment.variables.map { "\($0.name)=\($0.value.displayText)" }
        == ["REDIS_URL=redis://app@h:6379/2", "REDISCLI_AUTH=***"])
  }
}
