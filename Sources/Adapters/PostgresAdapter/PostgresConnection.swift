import CPQ
import Dispatch
import Glibc
import RunbookAdapter
import RunbookModel

/// One connection; it is closed when the value goes out of scope. All its calls may block: use it on a
/// `BlockingExecutor` only.
struct PostgresConnection: ~Copyable {
  private let pq: cpq_functions
  private let handle: OpaquePointer
  private let context: StepContext
  private let notices: Unmanaged<NoticeReceiver>

  /// Connects within the target's `connect_timeout` and the step's deadline.
  static func open(_ context: StepContext) throws(StepFailure) -> Self {
    guard let table = cpq_load() else {
      throw StepFailure(
        .notFound, "libpq cannot be loaded (\(String(cString: cpq_load_error()))); install libpq5",
        effectIsPossible: false)
    }
    let limit = min(
      context.deadline,
      .now.advanced(by: .milliseconds(PostgresTargetType.connectMilliseconds(context.target))))
    var settings = try ConnectionSettings(context)
    try settings.lookUpHost(context, until: limit)
    let pq = table.pointee
    guard let handle = settings.withPointers({ pq.connectStartParams($0, $1, 1) }) else {
      throw StepFailure(.internal, "no memory for a connection", effectIsPossible: false)
    }
    let connection = Self(pq: pq, handle: handle, context: context)
    try connection.connect(until: limit)
    return connection
  }

  /// Takes over a connection that was started.
  private init(pq: cpq_functions, handle: OpaquePointer, context: StepContext) {
    self.pq = pq
    self.handle = handle
    self.context = context
    notices = Unmanaged.passRetained(NoticeReceiver(pq: pq, output: context.output))
    // Verbose, because it is the only way to the SQLSTATE of a refused connection.
    _ = pq.setErrorVerbosity(handle, PQERRORS_VERBOSE)
    _ = pq.setNoticeReceiver(
      handle,
      { receiver, result in
        guard let receiver, let result else { return }
        Unmanaged<NoticeReceiver>.fromOpaque(receiver).takeUnretainedValue().receive(result)
      }, notices.toOpaque())
  }

  deinit {
    pq.finish(handle)
    notices.release()
  }

  private func connect(until limit: ContinuousClock.Instant) throws(StepFailure) {
    var state = PGRES_POLLING_WRITING
    if pq.status(handle) == CONNECTION_BAD { throw ConnectionRefusal(errorMessage).failure }
    while state != PGRES_POLLING_OK {
      let events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT
      switch context.wait(for: pq.socket(handle), events: events, until: limit) {
      case .ready: break
      case .deadline:
        let place = "\(text(pq.host(handle))):\(text(pq.port(handle)))"
        throw StepFailure(.timeout, "no connection to \(place) in time", effectIsPossible: false)
      case .interrupted:
        throw StepFailure(.cancelled, "interrupted while connecting", effectIsPossible: false)
      }
      state = pq.connectPoll(handle)
      if state == PGRES_POLLING_FAILED { throw ConnectionRefusal(errorMessage).failure }
    }
    _ = pq.setnonblocking(handle, 1)
  }

  private func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
    pointer.map { String(cString: $0) } ?? ""
  }

  private var errorMessage: String { text(pq.errorMessage(handle)) }

  /// Where it leads: `app@127.0.0.1:15432/app`.
  var place: String {
    let host = text(pq.host(handle))
    let name = host.contains(":") ? "[\(host)]" : host
    return "\(text(pq.user(handle)))@\(name):\(text(pq.port(handle)))/\(text(pq.db(handle)))"
  }

  /// The server's version as `PQserverVersion` counts: 150004 is 15.4.
  var serverVersion: Int { Int(pq.serverVersion(handle)) }

  /// Sends constant text, or a console's statement, by the simple protocol.
  func sendSimple(_ text: String) throws(ExchangeFailure) {
    guard pq.sendQuery(handle, text) == 1 else { throw .lost(errorMessage) }
  }

  /// Sends one statement with its parameters as text of unknown type; nil is NULL.
  func send(_ text: String, _ parameters: [[UInt8]?]) throws(ExchangeFailure) {
    let sent = withPointers(to: parameters) {
      pq.sendQueryParams(handle, text, Int32(parameters.count), nil, $0, nil, nil, 0)
    }
    guard sent == 1 else { throw .lost(errorMessage) }
    _ = pq.setSingleRowMode(handle)
  }

  /// Sends one statement to be parsed and analysed only.
  func sendPrepare(_ text: String) throws(ExchangeFailure) {
    guard pq.sendPrepare(handle, "", text, 0, nil) == 1 else { throw .lost(errorMessage) }
  }

  private func withPointers<R>(
    to parameters: [[UInt8]?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R
  ) -> R {
    var bytes: [UInt8] = []
    var starts: [Int?] = []
    for parameter in parameters {
      starts.append(parameter.map { _ in bytes.count })
      if let parameter { bytes += parameter + [0] }
    }
    return bytes.withUnsafeBytes { buffer in
      let base = buffer.bindMemory(to: CChar.self).baseAddress
      let pointers = starts.map { start in start.flatMap { base?.advanced(by: $0) } } + [nil]
      return pointers.withUnsafeBufferPointer { pointers in
        // Never empty: it ends in a nil that libpq does not read.
        body(pointers.baseAddress!)
      }
    }
  }

  /// The next result of what was sent; nil at its end.
  func nextResult(
    until limit: ContinuousClock.Instant? = nil, interruptedBy level: InterruptLevel = .gentle
  ) throws(ExchangeFailure) -> PostgresResult? {
    while true {
      let flushed = pq.flush(handle)
      guard flushed >= 0 else { throw .lost(errorMessage) }
      if flushed == 0, pq.isBusy(handle) == 0 { break }
      let events = flushed == 0 ? POLLIN : POLLIN | POLLOUT
      switch context.wait(for: pq.socket(handle), events: events, until: limit, interruptedBy: level) {
      case .ready: break
      case .deadline: throw .deadline
      case .interrupted: throw .interrupted
      }
      guard pq.consumeInput(handle) == 1 else { throw .lost(errorMessage) }
    }
    guard let result = pq.getResult(handle) else { return nil }
    let wrapped = PostgresResult(pq: pq, handle: result)
    if let error = wrapped.error {
      guard pq.status(handle) != CONNECTION_BAD || !error.state.isEmpty else { throw .lost(errorMessage) }
      throw .server(error)
    }
    return wrapped
  }

  /// Reads to the end of what was sent. A refusal by the server is thrown after the rest was read.
  func drain(
    until limit: ContinuousClock.Instant? = nil, interruptedBy level: InterruptLevel = .gentle,
    _ take: (borrowing PostgresResult) -> Void = { _ in }
  ) throws(ExchangeFailure) {
    var refusal: ServerError?
    while true {
      do throws(ExchangeFailure) {
        guard let result = try nextResult(until: limit, interruptedBy: level) else { break }
        if refusal == nil { take(result) }
      } catch {
        guard case .server(let error) = error else { throw error }
        refusal = refusal ?? error
        if error.state.hasPrefix("57P") || pq.status(handle) == CONNECTION_BAD { break }
      }
    }
    if let refusal { throw .server(refusal) }
  }

  /// Asks the server to end what it is doing. The request goes over a connection of its own, which may hang:
  /// it is given up after 2 s.
  func cancel() {
    guard let request = pq.getCancel(handle) else { return }
    let job = CancelJob(pq: pq, request: request)
    let isDone = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      job.run()
      isDone.signal()
    }
    _ = isDone.wait(timeout: .now() + .seconds(2))
  }
}

/// Safe to send: libpq's cancel object may be used by any thread (manual, 34.7), and this one owns it.
private struct CancelJob: @unchecked Sendable {
  let pq: cpq_functions
  let request: OpaquePointer

  func run() {
    var reason = [CChar](repeating: 0, count: 256)
    _ = pq.cancel(request, &reason, Int32(reason.count))
    pq.freeCancel(request)
  }
}

/// Passes on what the server says beside its answers.
private final class NoticeReceiver {
  private let pq: cpq_functions
  private let output: any OutputSink

  init(pq: cpq_functions, output: any OutputSink) {
    self.pq = pq
    self.output = output
  }

  func receive(_ result: OpaquePointer) {
    func field(_ code: Unicode.Scalar) -> String? {
      pq.resultErrorField(result, Int32(code.value)).map { String(cString: $0) }
    }
    var text = "\(field("S") ?? "NOTICE"): \(field("M") ?? "")\n"
    if let detail = field("D") { text += "DETAIL: \(detail)\n" }
    if let hint = field("H") { text += "HINT: \(hint)\n" }
    output.write(text, to: .serverNotice)
  }
}
