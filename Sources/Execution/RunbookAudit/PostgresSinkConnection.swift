import CPQ
import Glibc

/// One connection to the required table; it is closed with the last reference to it.
///
/// Safe to send: the sink's queue alone uses it, one call after the other.
final class PostgresSinkConnection: @unchecked Sendable {
  private let pq: cpq_functions
  private let handle: OpaquePointer
  private let settings: PostgresSinkSettings

  /// Connects.
  ///
  /// - Throws: `.sink`.
  init(_ settings: PostgresSinkSettings, until deadline: Int64, _ clock: AuditClock) throws(AuditFailure) {
    guard let pq = cpq_load()?.pointee else {
      throw .sink("libpq cannot be loaded: \(String(cString: cpq_load_error()))")
    }
    let keywords = settings.pairs.map { strdup($0.keyword) }
    let values = settings.pairs.map { strdup($0.value) }
    defer { for text in keywords + values { free(text) } }
    let names = keywords.map { UnsafePointer($0) } + [nil]
    let texts = values.map { UnsafePointer($0) } + [nil]
    guard let handle = pq.connectStartParams(names, texts, 0) else {
      throw .sink("no memory for a connection to the required sink")
    }
    self.pq = pq
    self.handle = handle
    self.settings = settings
    _ = pq.setNoticeReceiver(handle, { _, _ in }, nil)
    var state = PGRES_POLLING_WRITING
    while state != PGRES_POLLING_OK {
      guard state != PGRES_POLLING_FAILED, pq.status(handle) != CONNECTION_BAD else {
        throw .sink("the required sink \(settings.place) cannot be reached: \(message)")
      }
      try wait(for: state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until: deadline, clock)
      state = pq.connectPoll(handle)
    }
    guard pq.setnonblocking(handle, 1) == 0 else { throw .sink(message) }
  }

  deinit { pq.finish(handle) }

  private var message: String {
    settings.redacted(pq.errorMessage(handle).map { String(cString: $0) } ?? "")
  }

  /// Whether it is still there, as far as the server has said or the kernel knows; nothing is sent.
  var isAlive: Bool {
    while true {
      guard pq.status(handle) == CONNECTION_OK else { return false }
      var entry = pollfd(fd: pq.socket(handle), events: Int16(POLLIN), revents: 0)
      guard Descriptor.retrying({ poll(&entry, 1, 0) }) > 0 else { return true }
      // Something nobody asked for: a changed setting, or the server's last words.
      guard pq.consumeInput(handle) == 1 else { return false }
    }
  }

  /// Runs one INSERT with its parameters as text.
  ///
  /// - Returns: Rows inserted.
  /// - Throws: `.sink`; the rows may be there then unless the server refused them.
  func insert(
    _ statement: String, _ parameters: [[UInt8]], until deadline: Int64, _ clock: AuditClock
  ) throws(AuditFailure) -> Int {
    let texts = parameters.map { $0 + [0] }
    guard send(statement, texts) else {
      throw .sink("the required sink \(settings.place) cannot be written: \(message)")
    }
    var written: Int?
    var refusal: String?
    while true {
      try settle(until: deadline, clock)
      guard let result = pq.getResult(handle) else { break }
      defer { pq.clear(result) }
      if pq.resultStatus(result) == PGRES_COMMAND_OK {
        written = pq.cmdTuples(result).flatMap { Int(String(cString: $0)) }
      } else {
        refusal = refusal ?? reason(of: result)
      }
    }
    if let refusal { throw .sink("the required sink \(settings.place) refused the events: \(refusal)") }
    guard let written else { throw lost }
    return written
  }

  private func send(_ statement: String, _ texts: [[UInt8]]) -> Bool {
    var pointers: [UnsafePointer<CChar>?] = []
    func with(_ rest: ArraySlice<[UInt8]>) -> Bool {
      guard let first = rest.first else {
        return pq.sendQueryParams(handle, statement, Int32(texts.count), nil, pointers, nil, nil, 0) == 1
      }
      return first.withUnsafeBytes { bytes in
        pointers.append(bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
        return with(rest.dropFirst())
      }
    }
    return with(texts[...])
  }

  /// Sends what is left and waits until the next result is there.
  private func settle(until deadline: Int64, _ clock: AuditClock) throws(AuditFailure) {
    while true {
      let rest = pq.flush(handle)
      guard rest >= 0 else { throw lost }
      if rest == 0, pq.isBusy(handle) == 0 { return }
      try wait(for: rest == 0 ? POLLIN : POLLIN | POLLOUT, until: deadline, clock)
      guard pq.consumeInput(handle) == 1 else { throw lost }
    }
  }

  private var lost: AuditFailure {
    .sink(
      "the connection to the required sink \(settings.place) was lost, and whether it has the events is not known: \(message)"
    )
  }

  /// What the server says, with its code; never a detail, which may quote a row.
  private func reason(of result: OpaquePointer) -> String {
    func field(_ code: Unicode.Scalar) -> String? {
      pq.resultErrorField(result, Int32(code.value)).map { String(cString: $0) }
    }
    guard let state = field("C") else { return message }
    return settings.redacted("\(field("M") ?? "no reason") (SQLSTATE \(state))")
  }

  private func wait(for events: Int32, until deadline: Int64, _ clock: AuditClock) throws(AuditFailure) {
    let milliseconds = (deadline - clock.monotonic()) / 1_000_000
    var entry = pollfd(fd: pq.socket(handle), events: Int16(events), revents: 0)
    guard milliseconds > 0, Descriptor.retrying({ poll(&entry, 1, Int32(clamping: milliseconds)) }) != 0
    else {
      throw .sink("the required sink \(settings.place) does not take the events")
    }
  }
}
