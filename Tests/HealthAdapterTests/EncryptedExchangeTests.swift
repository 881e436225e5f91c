import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@Suite struct EncryptedExchangeTests {
  func https(_ variable: String = "RUNBOOK_TEST_HTTPS", trusted: Bool = true) throws -> HTTPExchange {
    let authority = try TestService.required("RUNBOOK_TEST_CA")
    return try HTTPExchange(service: variable, trusted ? ["ca_file": .value(.text(authority))] : [:])
  }

  @Test func `TLS brings HTTP/2 and a certificate with its end`() async throws {
    let result = try await https().perform("GET /health")
    #expect(result.json["http_version"] == "2")
    #expect(result.json["status"] == 200)
    let certificate = try #require(result.json["certificate"])
    #expect(certificate["subject"]?.string?.contains("CN = ") == true)
    #expect(certificate["names"] == ["DNS:localhost", "IP Address:127.0.0.1"])
    #expect(certificate["issuer"]?.string?.contains("CN = ") == true)
    // The service's certificate was made for 90 days.
    #expect((80...90).contains(try #require(certificate["days_left"]?.integer)))
    let end = try #require(certificate["not_after"]?.string)
    #expect(end.utf8.count == 20 && end.hasPrefix("20") && end.hasSuffix("Z"))
    #expect(try #require(result.json["timings"]?["tls"]?.integer) >= 0)
  }

  @Test func `the version of the request line is used`() async throws {
    #expect(try await https().perform("GET /health HTTP/1.1").json["http_version"] == "1.1")
    #expect(try await https().perform("GET /health HTTP/2").json["http_version"] == "2")
  }

  @Test func `an expired certificate is named with its end, and nothing is sent`() async throws {
    let failure = try await https("RUNBOOK_TEST_HTTPS_EXPIRED").failure("POST /flaky?key=expired&failures=0")
    #expect(failure?.reason == .tls)
    #expect(failure?.effectIsPossible == false)
    #expect(failure?.detail.contains("certificate has expired (curl 60)") == true)
    #expect(failure?.detail.contains("ended 2020-02-01T") == true)
    let count = try await HTTPExchange(service: "RUNBOOK_TEST_HTTP").perform("GET /count?key=expired")
    #expect(count.json["json"]?["count"] == 0)
  }

  @Test func `a certificate for another host is refused`() async throws {
    let failure = try await https("RUNBOOK_TEST_HTTPS_OTHER_HOST").failure("GET /health")
    #expect(failure?.reason == .tls)
    #expect(failure?.detail.contains("certificate for DNS:other.example") == true)
  }

  @Test func `a certificate of an authority nobody trusts is refused`() async throws {
    let failure = try await https(trusted: false).failure("GET /health")
    #expect(failure?.reason == .tls)
    #expect(failure?.detail.contains("unable to get local issuer certificate") == true)
  }

  @Test func `TLS with a server that speaks none fails as TLS`() async throws {
    let plain = try TestService.required("RUNBOOK_TEST_HTTP")
    let failure = try await HTTPExchange(url: "https" + plain.dropFirst(4)).failure("GET /health")
    #expect(failure?.reason == .tls)
  }

  @Test func `a file of authorities that is missing is named`() async throws {
    let exchange = try HTTPExchange(
      service: "RUNBOOK_TEST_HTTPS", ["ca_file": .value(.text("/nonexistent/ca.pem"))])
    let failure = try await exchange.failure("GET /health")
    #expect(failure?.reason == .tls)
    #expect(failure?.detail.contains("/nonexistent/ca.pem") == true)
  }
}

@Suite struct HTTPRehearsalTests {
  @Test func `a write is rehearsed by a handshake, and nothing is sent`() async throws {
    let authority = try TestService.required("RUNBOOK_TEST_CA")
    let exchange = try HTTPExchange(
      service: "RUNBOOK_TEST_HTTPS", ["ca_file": .value(.text(authority))])
    guard case .verified(let proof) = try await exchange.rehearse("POST /flaky?key=rehearsed&failures=0")
    else {
      Issue.record("not verified")
      return
    }
    #expect(proof.contains(" accepts connections; certificate for DNS:localhost, "))
    #expect(proof.contains(", valid until "))
    #expect(proof.hasSuffix("; POST was not sent"))
    let count = try await HTTPExchange(service: "RUNBOOK_TEST_HTTP").perform("GET /count?key=rehearsed")
    #expect(count.json["json"]?["count"] == 0)
  }

  @Test func `without TLS the connection is what can be proved`() async throws {
    let exchange = try HTTPExchange(service: "RUNBOOK_TEST_HTTP")
    let port = try #require(TestService.required("RUNBOOK_TEST_HTTP").split(separator: ":").last)
    #expect(
      try await exchange.rehearse("DELETE /echo")
        == .verified("127.0.0.1:\(port) accepts connections; DELETE was not sent"))
  }

  @Test func `a server that is down fails the rehearsal, and no effect is possible`() async throws {
    let attempt = HTTPExchange(url: "http://127.0.0.1:1").attempt(effect: .write)
    await #expect {
      try await HTTPExchange(url: "http://127.0.0.1:1").rehearse("POST /x", in: attempt)
    } throws: { error in
      guard let failure = error as? StepFailure else { return false }
      return failure.reason == .unreachable && !failure.effectIsPossible
    }
  }

  @Test func `a value that cannot be sent fails the rehearsal`() async throws {
    let exchange = try HTTPExchange(service: "RUNBOOK_TEST_HTTP")
    let attempt = exchange.attempt(values: ["x": .text("a\nb")], effect: .write)
    await #expect(throws: StepFailure.self) { try await exchange.rehearse("POST /x\nX: ${x}", in: attempt) }
  }
}
