import HealthAdapter
import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import TestSupport
import Testing

@Suite struct RequestParsingTests {
  let adapter = HealthAdapter()
  let target = Target(
    name: "api", type: "http", settings: ["url": .value(.text("http://127.0.0.1:8080/v1/"))])

  func sent(_ body: String, _ values: [String: Value] = [:]) throws -> String {
    let read = adapter.reading(body)
    let options = try #require(read.options, "\(read.diagnostics)")
    return adapter.invocation(of: options, on: target, values: values)
  }

  @Test func `a path goes below the target's URL`() throws {
    #expect(try sent("GET /ready") == "GET http://127.0.0.1:8080/v1/ready")
  }

  @Test func `the method may be left out`() throws {
    #expect(try sent("/ready HTTP/1.1") == "GET http://127.0.0.1:8080/v1/ready")
  }

  @Test func `comments, query lines, headers and a body follow the form of the REST clients`() throws {
    let body = """
      # What the page is about
      // and more of it

      POST /search?kind=open HTTP/1.1
        &page=2
          &size=10
      Content-Type: application/json
      # a header that is off: X-Debug: 1
      X-Request-ID:   a:b\u{20}

      {"q": "x"}

      """
    #expect(
      try sent(body) == """
        POST http://127.0.0.1:8080/v1/search?kind=open&page=2&size=10
        Content-Type: application/json
        X-Request-ID: a:b

        {"q": "x"}
        """)
  }

  @Test func `a value in path or query can be nothing but a value`() throws {
    let values: [String: Value] = ["id": .text("a/../b?c=d&e#f %20\r\nX: y ü")]
    #expect(
      try sent("GET /users/${id}/x?name=${id}&z=1", values)
        == "GET http://127.0.0.1:8080/v1/users/a%2F..%2Fb%3Fc%3Dd%26e%23f%20%2520%0D%0AX%3A%20y%20%C3%BC/x"
        + "?name=a%2F..%2Fb%3Fc%3Dd%26e%23f%20%2520%0D%0AX%3A%20y%20%C3%BC&z=1")
  }

  @Test(arguments: ["..", "."]) func `a value cannot climb in the path`(value: String) throws {
    #expect(
      try sent("GET /users/${id}/x", ["id": .text(value)])
        == "GET /users/${id}/x\n# a value makes '.' or '..' a part of the path '/users/\(value)/x'; nothing was sent"
    )
  }

  @Test(arguments: ["a\r\nX-Admin: 1", "a\nb", "a\u{0}b", "a\u{7f}"])
  func `a value cannot break a header line`(value: String) throws {
    #expect(
      try sent("GET /\nX-Name: n-${name}", ["name": .text(value)])
        == "GET /\n# the value of header 'X-Name' holds a line end or another control character; nothing was sent"
    )
  }

  @Test func `values in JSON are encoded by place and type`() throws {
    let body = """
      POST /x
      Content-Type: application/vnd.api+json; charset=utf-8

      {"text": "<${t}>", "escaped \\" quote": "${t}", "whole": ${t}, "n": ${n}, "b": ${b}, "list": ${l}, "$${t}": 1}
      """
    let sent = try sent(
      body,
      [
        "t": .text("a\"b\\\n\u{1}ü"), "n": .plain(.number("12.50")), "b": .plain(true),
        "l": .plain(["x", 1]),
      ])
    #expect(
      sent.split(separator: "\n").last.map(String.init) == #"""
        {"text": "<a\"b\\\n\u0001ü>", "escaped \" quote": "a\"b\\\n\u0001ü", "whole": "a\"b\\\n\u0001ü", "n": 12.50, "b": true, "list": ["x",1], "${t}": 1}
        """#)
  }

  @Test func `values in forms, markup and text are encoded by the format`() throws {
    let value: [String: Value] = ["v": .text("a&b=<c> 'd'\"")]
    func body(_ type: String, _ text: String) throws -> String? {
      try sent("POST /x\nContent-Type: \(type)\n\n\(text)", value).split(separator: "\n").last.map(
        String.init)
    }
    #expect(
      try body("application/x-www-form-urlencoded", "k=${v}&z=1") == "k=a%26b%3D%3Cc%3E%20%27d%27%22&z=1")
    #expect(try body("application/xml", "<k>${v}</k>") == "<k>a&amp;b=&lt;c&gt; &#39;d&#39;&quot;</k>")
    #expect(try body("text/plain", "k: ${v}") == "k: a&b=<c> 'd'\"")
  }

  @Test func `a secret is never shown`() throws {
    let token = SecretReference(name: "token", source: .environment("TOKEN"))
    #expect(
      try sent("GET /\nAuthorization: Bearer ${token}", ["token": .secret(token)])
        == "GET http://127.0.0.1:8080/v1/\nAuthorization: Bearer ***")
  }

  @Test(arguments: [
    ("", [" → a request is expected: 'GET /path'"]),
    (
      "GTE /x", ["GTE → 'GTE' is no method that can be sent; did you mean 'GET'?"]
    ),
    ("GET", ["GET → a path is expected after the method"]),
    ("GET ready", ["ready → a path begins with '/', a URL with 'http://' or 'https://'"]),
    ("GET /a b", ["b → a space in a URL; write it as %20"]),
    ("GET /x HTTP/3", ["HTTP/3 → 'HTTP/3' is not spoken here: HTTP/1.0, HTTP/1.1 or HTTP/2"]),
    ("GET /<id>", ["/<id> → '<' may not stand in a URL; write it percent-encoded"]),
    ("GET /x#top", ["/x#top → '#' may not stand in a URL; a fragment is never sent"]),
    ("GET /100%", ["/100% → '%' may not stand in a URL; write it percent-encoded"]),
    (
      "GET http://me:pw@host/",
      [
        "http://me:pw@host/ → a user or a password does not belong in a URL: set 'user' and 'password' of the target"
      ]
    ),
    ("GET http://ho${x}st/", ["http://ho${x}st/ → 'ho${x}st' is no host with an optional port"]),
    (
      "GET /{{id}}",
      [
        "GET /{{id}} → '{{…}}' is a variable of REST clients and would be sent as it is; declare a parameter and write ${name}",
        "/{{id}} → '{' may not stand in a URL; write it percent-encoded",
      ]
    ),
    (
      "GET /x\nX: {{token}}",
      [
        "X: {{token}} → '{{…}}' is a variable of REST clients and would be sent as it is; declare a parameter and write ${name}"
      ]
    ),
    (
      "GET /x\nContent-Length: 3",
      ["Content-Length: 3 → 'Content-Length' follows from the body and is set for you"]
    ),
    (
      "POST /x\n{\"a\": 1}",
      [
        "{\"a\": 1} → a header 'Name: value' or an empty line is expected; an empty line separates the headers from the body"
      ]
    ),
    ("GET /a\n\n###\nGET /b", ["### → a step is one request: '###' begins another one"]),
    ("GET /a\n###\nGET: b", ["### → a step is one request: '###' begins another one"]),
    (
      "GET /a\n\n> {% client.test() %}",
      [
        "> {% client.test() %} → a response handler is not run here; say what must be true with 'expect', and what to keep with 'outputs'"
      ]
    ),
    ("POST /a\n\n< ./body.json", ["< ./body.json → a body from a file is not read here; write it out"]),
    (
      "POST /a\n\n{\"a\": \"${x}\"}",
      [
        "${x} → without a Content-Type it is not known how '${x}' is to be encoded; say 'Content-Type: application/json', a form, XML or text/plain"
      ]
    ),
    (
      "POST /a\nContent-Type: application/graphql\n\n${x}",
      [
        "${x} → how '${x}' is to be encoded in 'application/graphql' is not known; say 'Content-Type: application/json', a form, XML or text/plain"
      ]
    ),
    (
      "POST /a\nContent-Type: application/json\n\n{\"a\": \"\\${x}\"}",
      [
        "${x} → a backslash in front of '${x}'; say 'Content-Type: application/json', a form, XML or text/plain"
      ]
    ),
  ]) func `what does not fit is named with its place`(body: String, complaints: [String]) {
    #expect(adapter.complaints(about: body) == complaints)
    #expect(adapter.reading(body).options == nil)
  }

  @Test func `a secret in a URL is an error`() {
    #expect(
      adapter.complaints(about: "GET /x?key=${key}", names: ["key": .parameter(.secret)]) == [
        "${key} → '${key}' is a secret, and a URL is written to logs on its way; send it in a header or in the body"
      ])
  }

  @Test func `broken JSON is a warning`() throws {
    let read = adapter.reading("POST /a\nContent-Type: application/json\n\n{\"a\": }")
    #expect(read.options != nil)
    #expect(read.diagnostics.map(\.severity) == [.warning])
  }

  @Test func `every name that is used is noted`() {
    let read = adapter.reading("POST /${a}?b=${b}\nContent-Type: text/plain\nX: ${c}\n\n${d} $${e}")
    #expect(read.uses == ["a", "b", "c", "d"])
  }

  @Test(arguments: [
    ("GET", Effect.read, true), ("HEAD", .read, true), ("OPTIONS", .read, true), ("POST", .write, false),
    ("PUT", .write, false), ("DELETE", .write, false), ("PURGE", .write, false),
  ]) func `safe methods are reads`(method: String, effect: Effect, isKnown: Bool) throws {
    let options = try #require(adapter.reading("\(method) /x").options)
    #expect(adapter.effect(of: options) == Effect.Claim(effect, isKnown: isKnown))
  }
}
