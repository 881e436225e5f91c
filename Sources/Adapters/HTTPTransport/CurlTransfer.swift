internal import CCurl
import RunbookAdapter

/// One request on its way: libcurl's handle, and what came back so far.
final class CurlTransfer {
  let handle: UnsafeMutableRawPointer
  private let request: HTTPRequest
  private let errorText: UnsafeMutablePointer<CChar>
  private var lists: [UnsafeMutablePointer<curl_slist>] = []
  private var received = Received()

  init(_ request: HTTPRequest, verifiesPeer: Bool) throws(TransferFailure) {
    guard let handle = rb_curl_new() else {
      throw TransferFailure(kind: .internal, message: "libcurl: out of memory", wasSent: false)
    }
    self.handle = handle
    self.request = request
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    try configure(verifiesPeer: verifiesPeer)
  }

  deinit {
    rb_curl_free(handle)
    for list in lists { rb_curl_free_list(list) }
    errorText.deallocate()
  }

  // MARK: Setting up

  private func configure(verifiesPeer: Bool) throws(TransferFailure) {
    set(CURLOPT_ERRORBUFFER, pointer: errorText)
    set(CURLOPT_NOSIGNAL, 1)
    // Without it, freeing a handle waits for a name server that does not answer. Unknown before 7.87.
    _ = rb_curl_set_long(handle, CURLOPT_QUICK_EXIT, 1)
    try require(CURLOPT_PROTOCOLS_STR, "http,https")
    try require(CURLOPT_URL, request.url)
    set(CURLOPT_PATH_AS_IS, 1)
    try require(CURLOPT_PROXY, request.route.proxy ?? "")
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    try configureRoute(verifiesPeer: verifiesPeer)
    if request.connectsOnly {
      set(CURLOPT_CONNECT_ONLY, 1)
    } else {
      try configureMessage()
    }
    let context = Unmanaged.passUnretained(self).toOpaque()
    set(CURLOPT_WRITEDATA, pointer: context)
    set(CURLOPT_HEADERDATA, pointer: context)
    rb_curl_set_sink(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      CurlTransfer.take(bytes, size * count, context) { $0.receivedBody($1) }
    }
    rb_curl_set_sink(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      CurlTransfer.take(bytes, size * count, context) { $0.received.addLine($1) }
    }
  }

  private func configureRoute(verifiesPeer: Bool) throws(TransferFailure) {
    let route = request.route
    let limit = min(max(route.connectTimeout / .milliseconds(1), 1), 86_400_000)
    set(CURLOPT_CONNECTTIMEOUT_MS, Int(limit))
    if let path = route.socketPath { try require(CURLOPT_UNIX_SOCKET_PATH, path) }
    if let path = route.authorityPath {
      try requireFile(CURLOPT_CAINFO, path)
      // These and no others: without it the system's folder of certificates would count too.
      rb_curl_set_pointer(handle, CURLOPT_CAPATH, nil)
    }
    if let path = route.certificatePath { try requireFile(CURLOPT_SSLCERT, path) }
    if let path = route.keyPath { try requireFile(CURLOPT_SSLKEY, path) }
    if !route.resolve.isEmpty {
      set(CURLOPT_RESOLVE, pointer: try list(route.resolve.map { Array($0.utf8) }))
    }
    set(CURLOPT_CERTINFO, 1)
    if !verifiesPeer {
      set(CURLOPT_SSL_VERIFYPEER, 0)
      set(CURLOPT_SSL_VERIFYHOST, 0)
    }
    let version =
      switch request.version {
      case .negotiated: CURL_HTTP_VERSION_2TLS
      case .http1_0: CURL_HTTP_VERSION_1_0
      case .http1_1: CURL_HTTP_VERSION_1_1
      case .http2:
        request.url.hasPrefix("https:") ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
      }
    set(CURLOPT_HTTP_VERSION, Int(version))
  }

  private func configureMessage() throws(TransferFailure) {
    try require(CURLOPT_USERAGENT, "runbook")
    var lines: [[UInt8]] = []
    var encodings = ""
    for field in request.fields {
      if field.name.lowercased() == "accept-encoding" {
        encodings = String(decoding: field.value, as: UTF8.self)
      } else {
        // libcurl takes 'Name:' as "do not send it" and 'Name;' as "send it empty".
        lines.append(
          Array(field.name.utf8) + (field.value.isEmpty ? Array(";".utf8) : Array(": ".utf8) + field.value))
      }
    }
    try require(CURLOPT_ACCEPT_ENCODING, encodings)
    switch (request.method, request.body) {
    case ("HEAD", _): set(CURLOPT_NOBODY, 1)
    case ("GET", nil): set(CURLOPT_HTTPGET, 1)
    case ("POST", nil), ("PUT", nil), ("PATCH", nil): try configureBody([], &lines)
    case (_, nil): try require(CURLOPT_CUSTOMREQUEST, request.method)
    case (_, let body?): try configureBody(body, &lines)
    }
    if !lines.isEmpty { set(CURLOPT_HTTPHEADER, pointer: try list(lines)) }
  }

  private func configureBody(_ body: [UInt8], _ lines: inout [[UInt8]]) throws(TransferFailure) {
    try require(CURLOPT_CUSTOMREQUEST, request.method)
    rb_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
    let code = body.withUnsafeBytes { bytes in
      bytes.baseAddress.map { rb_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, $0) }
        ?? rb_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, "")
    }
    guard code == CURLE_OK else { throw invalid("the body was not accepted") }
    // libcurl would say that the body is a form, and wait a second for leave to send a large one.
    if !request.fields.contains(where: { $0.name.lowercased() == "content-type" }) {
      lines.append(Array("Content-Type:".utf8))
    }
    if !request.fields.contains(where: { $0.name.lowercased() == "expect" }) {
      lines.append(Array("Expect:".utf8))
    }
  }

  private func set(_ option: CURLoption, _ value: Int) { rb_curl_set_long(handle, option, value) }

  private func set(_ option: CURLoption, pointer: UnsafeRawPointer) {
    rb_curl_set_pointer(handle, option, pointer)
  }

  private func require(_ option: CURLoption, _ text: String) throws(TransferFailure) {
    guard !text.utf8.contains(0) else { throw invalid("a NUL byte in '\(text)'") }
    let code = rb_curl_set_pointer(handle, option, text)
    guard code == CURLE_OK else { throw invalid(String(cString: rb_curl_message(code))) }
  }

  private func requireFile(_ option: CURLoption, _ path: String) throws(TransferFailure) {
    if let problem = NamedFile.problem(path) { throw invalid(problem) }
    try require(option, path)
  }

  private func list(_ lines: [[UInt8]]) throws(TransferFailure) -> UnsafeMutablePointer<curl_slist> {
    var head: UnsafeMutablePointer<curl_slist>?
    for line in lines {
      let next = (line.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer {
        rb_curl_append(head, $0.baseAddress)
      }
      guard let next else { throw invalid("out of memory") }
      head = next
    }
    guard let head else { preconditionFailure("an empty list is not made") }
    lists.append(head)
    return head
  }

  private func invalid(_ message: String) -> TransferFailure {
    TransferFailure(kind: .invalid, message: message, wasSent: false)
  }

  // MARK: Receiving

  private static func take(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
    _ body: (CurlTransfer, UnsafeRawBufferPointer) -> Void
  ) -> Int {
    guard let bytes, let context else { return count }
    body(
      Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue(),
      UnsafeRawBufferPointer(start: bytes, count: count))
    return count
  }

  private func receivedBody(_ bytes: UnsafeRawBufferPointer) {
    received.byteCount += bytes.count
    received.body += bytes.prefix(max(0, request.captureLimit - received.body.count))
    request.onBody?(bytes)
  }

  // MARK: Ending

  /// What came of it, once libcurl says it is over.
  func result(_ code: CURLcode) -> Result<HTTPResponse, TransferFailure> {
    guard code != CURLE_OK else { return .success(response(wasCutOff: false)) }
    let own = String(cString: errorText)
    let message = own.isEmpty ? String(cString: rb_curl_message(code)) : own
    return .failure(
      TransferFailure(
        kind: .init(code), message: "\(message) (curl \(code.rawValue))", wasSent: wasSent))
  }

  /// What came of it where we ended it.
  func result(_ ending: CurlSession.Ending) -> Result<HTTPResponse, TransferFailure> {
    switch ending {
    case .cutOff: .success(response(wasCutOff: true))
    case .timeout: .failure(TransferFailure(kind: .timeout, message: progress, wasSent: wasSent))
    case .cancelled: .failure(TransferFailure(kind: .cancelled, message: "interrupted", wasSent: wasSent))
    case .broken:
      .failure(TransferFailure(kind: .internal, message: "libcurl: a transfer was lost", wasSent: wasSent))
    }
  }

  private var progress: String {
    if received.hasHead { return "the response did not end in time; \(received.byteCount) bytes came" }
    if wasSent { return "no response in time" }
    return long(CURLINFO_NUM_CONNECTS) > 0
      ? "connected, but nothing was sent in time" : "no connection in time"
  }

  private var wasSent: Bool { long(CURLINFO_REQUEST_SIZE) > 0 }

  private func response(wasCutOff: Bool) -> HTTPResponse {
    HTTPResponse(
      status: long(CURLINFO_RESPONSE_CODE), statusLine: received.statusLine, version: version,
      fields: received.fields, body: received.body, byteCount: received.byteCount, timings: timings,
      certificate: certificate, remoteAddress: remoteAddress, wasCutOff: wasCutOff)
  }

  private var version: String {
    switch long(CURLINFO_HTTP_VERSION) {
    case Int(CURL_HTTP_VERSION_1_0): "1.0"
    case Int(CURL_HTTP_VERSION_1_1): "1.1"
    case Int(CURL_HTTP_VERSION_2_0): "2"
    default: "unknown"
    }
  }

  private var timings: HTTPResponse.Timings {
    HTTPResponse.Timings(
      nameResolved: time(CURLINFO_NAMELOOKUP_TIME_T), connected: time(CURLINFO_CONNECT_TIME_T),
      handshaken: time(CURLINFO_APPCONNECT_TIME_T), firstByte: time(CURLINFO_STARTTRANSFER_TIME_T),
      total: time(CURLINFO_TOTAL_TIME_T))
  }

  private var certificate: Certificate? {
    var entry = rb_curl_certificate(handle)
    var entries: [String] = []
    while let current = entry {
      if let text = current.pointee.data { entries.append(String(cString: text)) }
      entry = UnsafePointer(current.pointee.next)
    }
    return entries.isEmpty ? nil : Certificate(entries: entries)
  }

  private var remoteAddress: String {
    if let path = request.route.socketPath { return path }
    var text: UnsafePointer<CChar>?
    guard rb_curl_get_string(handle, CURLINFO_PRIMARY_IP, &text) == CURLE_OK, let text else { return "" }
    let address = String(cString: text)
    return (address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]" : address)
      + ":\(long(CURLINFO_PRIMARY_PORT))"
  }

  private func long(_ info: CURLINFO) -> Int {
    var value = 0
    return rb_curl_get_long(handle, info, &value) == CURLE_OK ? value : 0
  }

  private func time(_ info: CURLINFO) -> Duration {
    var value: curl_off_t = 0
    return rb_curl_get_size(handle, info, &value) == CURLE_OK ? .microseconds(value) : .zero
  }
}
