import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@Suite struct ExchangeTests {
  func http() throws -> HTTPExchange { try HTTPExchange(service: "RUNBOOK_TEST_HTTP") }

  @Test func `an answer becomes status, headers, body, JSON and timings`() async throws {
    let attempt = try http().attempt()
    let result = try await http().perform("GET /health", in: attempt)
    #expect(result.failure == nil)
    #expect(result.json["status"] == 200)
    #expect(result.json["http_version"] == "1.1")
    #expect(result.json["body"] == #"{"status": "ok"}"#)
    #expect(result.json["json"]?["status"] == "ok")
    #expect(result.json["headers"]?["content-type"] == "application/json")
    #expect(result.json["truncated"] == false)
    #expect(result.json["body_bytes"] == 16)
    #expect(result.json["certificate"] == .null)
    let port = try #require(TestService.required("RUNBOOK_TEST_HTTP").split(separator: ":").last)
    #expect(result.json["remote_address"] == .string("127.0.0.1:\(port)"))
    let timings = try #require(result.json["timings"])
    #expect(timings.members?.map(\.name) == ["dns", "connect", "tls", "first_byte", "total"])
    #expect(timings["tls"] == 0)
    #expect(attempt.output.text() == "HTTP/1.1 200 OK\n{\n  \"status\": \"ok\"\n}\n")
  }

  @Test func `timings are milliseconds from the start`() async throws {
    let timings = try #require(try await http().perform("GET /slow?ms=250").json["timings"])
    let first = try #require(timings["first_byte"]?.integer)
    #expect((250..<5000).contains(first))
    #expect(try #require(timings["total"]?.integer) >= first)
  }

  @Test(arguments: [(399, false), (400, true), (401, true), (404, true), (500, true), (503, true)])
  func `a status below 400 is a success`(status: Int, fails: Bool) async throws {
    let result = try await http().perform("GET /status/\(status)?body=why")
    #expect(result.json["status"] == .integer(status))
    #expect(result.json["body"] == "why")
    #expect(result.json["json"] == .null)
    let failure = StepFailure(
      .expectation, "status \(status), below 400 is expected", effectIsPossible: false)
    #expect(result.failure == (fails ? failure : nil))
  }

  @Test func `a redirect is not followed`() async throws {
    let result = try await http().perform("GET /redirect?to=http://127.0.0.1:1/")
    #expect(result.json["status"] == 302)
    #expect(result.json["headers"]?["location"] == "http://127.0.0.1:1/")
    #expect(result.failure == nil)
  }

  @Test func `headers that come twice are a list`() async throws {
    let result = try await http().perform("GET /headers?Set-Cookie=a&X-One=1&set-cookie=b")
    #expect(result.json["headers"]?["set-cookie"] == ["a", "b"])
    #expect(result.json["headers"]?["x-one"] == "1")
  }

  @Test(arguments: [
    "POST", "PUT", "PATCH", "DELETE",
  ]) func `a method arrives with its body, and with nothing that the author did not write`(
    method: String
  ) async throws {
    let sent = try await http().perform(
      "\(method) /echo\nContent-Type: text/plain\nX-Empty:\nUser-Agent: me\n\nline 1\nline 2\n\n")
    let request = try #require(sent.json["json"])
    #expect(request["method"] == .string(method))
    #expect(request["body"] == "line 1\nline 2")
    let names = request["headers"]?.array?.compactMap { $0.array?.first?.string?.lowercased() }.sorted()
    #expect(
      names == [
        "accept", "accept-encoding", "content-length", "content-type", "host", "user-agent", "x-empty",
      ])
  }

  @Test func `a POST without a body says so`() async throws {
    let request = try #require(try await http().perform("POST /echo").json["json"])
    #expect(request["headers"]?.array?.contains(["Content-Length", "0"]) == true)
    #expect(request["headers"]?.array?.contains { $0.array?.first == "Content-Type" } == false)
  }

  @Test func `HEAD has headers and no body`() async throws {
    let result = try await http().perform("HEAD /health")
    #expect(result.json["status"] == 200)
    #expect(result.json["body"] == "")
    #expect(result.json["headers"]?["content-length"] == "16")
  }

  @Test func `chunks are one body`() async throws {
    let result = try await http().perform("GET /chunked?n=3")
    #expect(result.json["body"] == "chunk 0\nchunk 1\nchunk 2\n")
  }

  @Test func `a body above the limit is counted and not kept`() async throws {
    let attempt = try http().attempt(captureLimit: 1000)
    let result = try await http().perform("GET /large?bytes=50000000", in: attempt)
    #expect(result.json["truncated"] == true)
    #expect(result.json["body"] == .null)
    #expect(result.json["body_bytes"] == 50_000_000)
    let shown = attempt.output.text()
    #expect(shown.hasSuffix("x\n… 50000000 bytes in all, the first 1000 are shown\n"))
    #expect(shown.utf8.count < 1200)
  }

  @Test func `a path in front of the target's URL stays`() async throws {
    let url = try TestService.required("RUNBOOK_TEST_HTTP")
    let request = try await HTTPExchange(url: url + "/echo/v1/").perform("GET /a%2Fb/../c?q=ü")
    #expect(request.json["json"]?["path"] == "/echo/v1/a%2Fb/../c")
    #expect(request.json["json"]?["query"] == "q=%C3%BC")
  }

  @Test func `values arrive byte by byte and are never anything else`() async throws {
    let nasty = "'\"$(touch /tmp/x)`id`\\\r\n--flag\u{1}ü%41&=<>" + String(repeating: "é", count: 51_200)
    let values: [String: Value] = ["x": .text(nasty), "short": .text("-a/..?#&%2e \n")]
    let text = try await http().perform(
      "POST /echo/${short}?q=${short}\nContent-Type: text/plain\n\n${x}", in: http().attempt(values: values))
    #expect(text.json["json"]?["body"]?.string == nasty)
    #expect(text.json["json"]?["path"] == "/echo/-a%2F..%3F%23%26%252e%20%0A")
    #expect(text.json["json"]?["query"] == "q=-a%2F..%3F%23%26%252e%20%0A")
    let json = try await http().perform(
      "POST /echo\nContent-Type: application/json\n\n{\"x\": \"${x}\"}", in: http().attempt(values: values))
    let body = try #require(json.json["json"]?["body"]?.string)
    #expect(try JSONValue(parsing: body) == ["x": .string(nasty)])
  }

  @Test func `secrets go into headers and bodies`() async throws {
    let token = Value.secret(SecretReference(name: "token", source: .environment("T")))
    let exchange = try HTTPExchange(
      service: "RUNBOOK_TEST_HTTP",
      [
        "headers": .named([.init("X-Key", token), .init("X-Plain", .text("p"))]),
        "bearer_token": .value(token),
      ])
    let attempt = exchange.attempt(values: ["t": token], secrets: ["token": "s3cret\"x"])
    let request = try #require(
      try await exchange.perform(
        "POST /echo\nContent-Type: application/json\nX-Plain: own\n\n{\"t\": ${t}}", in: attempt
      ).json["json"])
    let headers = try #require(request["headers"]?.array)
    #expect(headers.contains(["Authorization", "Bearer s3cret\"x"]))
    #expect(headers.contains(["X-Key", "s3cret\"x"]))
    #expect(headers.filter { $0.array?.first == "X-Plain" } == [["X-Plain", "own"]])
    #expect(request["body"] == #"{"t": "s3cret\"x"}"#)
  }

  @Test func `user and password are sent as basic authentication`() async throws {
    let password = Value.secret(SecretReference(name: "pw", source: .environment("P")))
    let exchange = try HTTPExchange(
      service: "RUNBOOK_TEST_HTTP", ["user": .value(.text("Aladdin")), "password": .value(password)])
    let result = try await exchange.perform("GET /echo", in: exchange.attempt(secrets: ["pw": "open sesame"]))
    // The pair of RFC 7617, section 2.
    #expect(
      result.json["json"]?["headers"]?.array?.contains([
        "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
      ])
        == true)
  }

  @Test func `an address can be fixed`() async throws {
    let url = try TestService.required("RUNBOOK_TEST_HTTP")
    let port = try #require(url.split(separator: ":").last)
    let exchange = HTTPExchange(
      url: "http://api.invalid:\(port)", ["resolve": .list([.text("api.invalid:\(port):127.0.0.1")])])
    let result = try await exchange.perform("GET /echo")
    #expect(
      result.json["json"]?["headers"]?.array?.contains(["Host", .string("api.invalid:\(port)")]) == true)
  }
}
