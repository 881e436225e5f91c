import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@Suite struct BrokenExchangeTests {
  func http() throws -> HTTPExchange { try HTTPExchange(service: "RUNBOOK_TEST_HTTP") }

  @Test func `a port where nobody listens is unreachable`() async throws {
    let failure = try await HTTPExchange(url: "http://127.0.0.1:1").failure("POST /x")
    #expect(failure?.reason == .unreachable)
    #expect(failure?.effectIsPossible == false)
    #expect(failure?.detail.contains("port 1") == true)
    #expect(failure?.detail.hasSuffix("(curl 7)") == true)
  }

  @Test func `a name that does not exist is unreachable`() async throws {
    let failure = try await HTTPExchange(url: "http://no-such-host.invalid").failure("GET /x")
    #expect(failure?.reason == .unreachable)
    #expect(failure?.detail.contains("no-such-host.invalid") == true)
  }

  @Test(arguments: [(Effect.read, false), (.write, true)])
  func `a connection that is closed without an answer may have had an effect where there is one`(
    effect: Effect, isPossible: Bool
  ) async throws {
    let failure = try await http().failure("POST /close", in: http().attempt(effect: effect))
    #expect(failure?.reason == .unreachable)
    #expect(failure?.effectIsPossible == isPossible)
  }

  @Test(arguments: [
    ("/truncate", "curl 18"), ("/garbage", "curl 1"),
  ]) func `half an answer and no HTTP are no answer`(path: String, code: String) async throws {
    let failure = try await http().failure("GET \(path)")
    #expect(failure?.reason == .unreachable)
    #expect(failure?.detail.contains("(\(code))") == true)
  }

  @Test func `a reset in mid-body is no answer`() async throws {
    let server = ScriptedServer(
      answer: Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".utf8), resets: true)
    let failure = try await HTTPExchange(url: "http://127.0.0.1:\(server.port)").failure("GET /")
    #expect(failure?.reason == .unreachable)
    #expect(server.received.count == 1)
  }

  @Test func `endless headers are refused in constant memory`() async throws {
    let line = Array("X-Filler: \(String(repeating: "x", count: 60_000))\r\n".utf8)
    let server = ScriptedServer(
      answer: Array("HTTP/1.1 200 OK\r\n".utf8) + (0..<200).flatMap { _ in line })
    let failure = try await HTTPExchange(url: "http://127.0.0.1:\(server.port)").failure("GET /")
    #expect(failure?.reason == .unreachable)
  }

  @Test func `a compressed body is unpacked`() async throws {
    // `printf '{"a": 1}' | gzip -n`
    let packed: [UInt8] = [
      0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xab, 0x56, 0x4a, 0x54, 0xb2, 0x52, 0x30,
      0xac,
      0x05, 0x00, 0x97, 0x8e, 0xa1, 0xfb, 0x08, 0x00, 0x00, 0x00,
    ]
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n"
    let server = ScriptedServer(answer: Array(head.utf8) + packed)
    let result = try await HTTPExchange(url: "http://127.0.0.1:\(server.port)").perform("GET /")
    #expect(result.json["body"] == "{\"a\": 1}")
    #expect(result.json["json"] == ["a": 1])
    #expect(server.received.first?.contains("Accept-Encoding: ") == true)
  }

  @Test func `a body that is no text is counted only`() async throws {
    let server = ScriptedServer(
      answer: Array("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 4\r\n\r\n".utf8) + [
        0x89, 0x50, 0xff, 0x00,
      ])
    let exchange = HTTPExchange(url: "http://127.0.0.1:\(server.port)")
    let attempt = exchange.attempt()
    let result = try await exchange.perform("GET /", in: attempt)
    #expect(result.json["body"] == .null)
    #expect(result.json["truncated"] == false)
    #expect(result.json["body_bytes"] == 4)
    #expect(attempt.output.text() == "HTTP/1.1 200 OK\n(4 bytes of image/png)\n")
  }

  @Test(arguments: [(Effect.read, false), (.write, true)])
  func `an answer that comes too late is a timeout`(effect: Effect, isPossible: Bool) async throws {
    let start = ContinuousClock.now
    let failure = try await http().failure(
      "POST /slow?ms=10000", in: http().attempt(effect: effect, seconds: 0.3))
    #expect(failure == StepFailure(.timeout, "no response in time", effectIsPossible: isPossible))
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  @Test func `a body that comes too late is a timeout`() async throws {
    let failure = try await http().failure("GET /drip?ms=10000", in: http().attempt(seconds: 0.3))
    #expect(
      failure
        == StepFailure(.timeout, "the response did not end in time; 0 bytes came", effectIsPossible: false))
  }

  @Test func `an address that swallows packets is given up after the connect timeout`() async throws {
    // TEST-NET-1 (RFC 5737): no route, or one that leads nowhere.
    let exchange = HTTPExchange(
      url: "http://192.0.2.1", ["connect_timeout": .value(.plain(200))])
    let start = ContinuousClock.now
    let failure = try await exchange.failure("GET /")
    #expect(failure?.reason == .unreachable)
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test func `an interrupt ends a request at once`() async throws {
    let exchange = try http()
    let attempt = exchange.attempt(effect: .write)
    async let failure = exchange.failure("POST /slow?ms=15000", in: attempt)
    try await Task.sleep(for: .milliseconds(200))
    let start = ContinuousClock.now
    attempt.interrupt.press()
    #expect(try await failure == StepFailure(.cancelled, "interrupted", effectIsPossible: true))
    #expect(ContinuousClock.now - start < .seconds(2))
  }

  @Test func `what lasts as long as the step says has succeeded`() async throws {
    let result = try await http().perform(
      "GET /drip?ms=10000", in: http().attempt(duration: .milliseconds(300)))
    #expect(result.failure == nil)
    #expect(result.json["status"] == 200)
  }
}
