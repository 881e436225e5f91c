import Glibc
import HealthAdapter
import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@Suite struct HTTPTargetTests {
  let type = HTTPTargetType()

  func target(_ settings: [String: Target.Setting]) -> Target {
    Target(name: "api", type: "http", settings: settings)
  }

  @Test(arguments: [
    ("ftp://host/", "'ftp://host/' is no http or https URL"),
    ("http://", "'' is no host with an optional port"),
    ("http://host:0/", "'host:0' is no host with an optional port"),
    ("http://host:80x/", "'host:80x' is no host with an optional port"),
    ("http://a b/", "'a b' is no host with an optional port"),
    (
      "https://me@host/",
      "a user or a password does not belong in a URL: set 'user' and 'password' of the target"
    ),
    ("http://host/x?y=1", "'http://host/x?y=1': only a path may follow the host"),
  ]) func `a URL that is none is refused`(url: String, problem: String) {
    #expect(type.problems(with: target(["url": .value(.text(url))])) == [problem])
  }

  @Test(arguments: ["http://localhost", "https://api.example.org:8443/v1/", "http://[::1]:8080", "HTTP://X/"])
  func `a URL is taken`(url: String) {
    #expect(type.problems(with: target(["url": .value(.text(url))])).isEmpty)
    #expect(type.summary(of: target(["url": .value(.text(url))])) == url)
  }

  @Test(arguments: ["ca_file", "client_certificate", "client_key"])
  func `a pipe in place of a certificate is refused instead of waited for`(setting: String) async throws {
    let path = "/tmp/runbook-pipe-\(UInt64.random(in: 0 ... .max))"
    try #require(mkfifo(path, 0o600) == 0)
    defer { unlink(path) }
    let settings: [String: Target.Setting] = [
      "url": .value(.text("https://127.0.0.1:1")), setting: .value(.text(path)),
    ]
    let adapter = HealthAdapter()
    let step = try #require(adapter.reading("GET /").options)
    let attempt = StepAttempt(on: target(settings))
    let failure = await #expect(throws: StepFailure.self) {
      try await adapter.perform(step, in: attempt.context)
    }
    #expect(failure?.detail == "'\(path)' is a pipe, and a regular file is wanted")
  }

  @Test func `settings that do not fit together are named`() {
    let secret = Value.secret(SecretReference(name: "s", source: .environment("S")))
    let problems = type.problems(
      with: target([
        "url": .value(.text("http://host")), "ca_file": .value(.text("/ca.pem")), "user": .value(.text("me")),
        "bearer_token": .value(secret), "client_key": .value(.text("/key.pem")),
        "resolve": .list([.text("host:80")]),
        "headers": .named([.init("X Y", .text("1")), .init("Content-Length", .text("1"))]),
      ]))
    #expect(
      problems == [
        "'ca_file' means nothing for an http URL; is 'https' meant?",
        "'client_key' means nothing for an http URL; is 'https' meant?",
        "'user' and 'password' belong together",
        "either 'bearer_token' or 'user' and 'password'",
        "'client_key' wants 'client_certificate'",
        "'X Y' is no header name",
        "'Content-Length' follows from each request's body",
        "'host:80' is not of the form host:port:address",
      ])
  }

  @Test(arguments: [
    ("http://host/x", "http://host/", [String]()), ("http://HOST:80/x", "http://host/", []),
    (
      "https://host/x", "http://host/",
      ["https://host is not target 'api' (http://host); write the path only"]
    ),
    (
      "http://host:81/x", "http://host:82",
      ["http://host:81 is not target 'api' (http://host:82); write the path only"]
    ),
  ]) func `a full URL must be the target's`(url: String, base: String, problems: [String]) throws {
    let adapter = HealthAdapter()
    let step = try #require(adapter.reading("GET \(url)").options)
    #expect(adapter.problems(of: step, on: target(["url": .value(.text(base))])) == problems)
  }
}
