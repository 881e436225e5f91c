import CHiredis
import Glibc
import RunbookAdapter
import RunbookModel

/// Why an exchange with the server did not come to its end.
enum RedisFailure: Error, Equatable, Sendable {
  /// The connection is gone, with the system's words.
  case lost(String)
  /// What came is no answer of Redis.
  case protocolViolation(String)
  /// One reply is larger than anything a step may hold.
  case tooLarge
  case deadline
  case interrupted
}

/// One connection; it is closed when the value goes out of scope. All its calls may block: use it on a
/// `BlockingExecutor` only.
struct RedisConnection: ~Copyable {
  /// Bytes one reply may have: hiredis holds all of it in memory, several times over.
  static let maximumReply = 32 << 20

  private let hiredis: chiredis_functions
  private let reader: UnsafeMutablePointer<redisReader>
  private let descriptor: Int32
  private let context: StepContext

  /// Connects to a host within the target's `connect_timeout` and the step's deadline.
  static func open(host: String, port: Int, _ context: StepContext) throws(StepFailure) -> Self {
    guard let table = chiredis_load() else {
      throw StepFailure(
        .notFound,
        "hiredis cannot be loaded (\(String(cString: chiredis_load_error()))); install libhiredis0.14",
        effectIsPossible: false)
    }
    let descriptor = try Self.connect(host, port, context)
    guard let reader = table.pointee.readerCreate() else {
      close(descriptor)
      throw StepFailure(.internal, "no memory for a connection", effectIsPossible: false)
    }
    return Self(hiredis: table.pointee, reader: reader, descriptor: descriptor, context: context)
  }

  private init(
    hiredis: chiredis_functions, reader: UnsafeMutablePointer<redisReader>, descriptor: Int32,
    context: StepContext
  ) {
    self.hiredis = hiredis
    self.reader = reader
    self.descriptor = descriptor
    self.context = context
  }

  deinit {
    hiredis.readerFree(reader)
    close(descriptor)
  }

  /// Tries all addresses of a host in turn.
  private static func connect(
    _ host: String, _ port: Int, _ context: StepContext
  ) throws(StepFailure) -> Int32 {
    let milliseconds = context.target["connect_timeout"]?.plainText.flatMap { Int($0) } ?? 10_000
    let limit = min(context.deadline, .now.advanced(by: .milliseconds(milliseconds)))
    let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    var reason = "no address"
    switch HostLookup.addresses(of: host, port: port, in: context, until: limit) {
    case .found(let addresses):
      for address in addresses {
        do throws(RedisFailure) {
          return try connect(address, context, limit)
        } catch {
          switch error {
          case .lost(let words), .protocolViolation(let words): reason = words
          case .deadline, .tooLarge:
            throw StepFailure(.timeout, "no connection to \(place) in time", effectIsPossible: false)
          case .interrupted:
            throw StepFailure(.cancelled, "interrupted while connecting", effectIsPossible: false)
          }
        }
      }
    case .unknown(let words): reason = words
    case .deadline: throw StepFailure(.timeout, "'\(host)' was not found in time", effectIsPossible: false)
    case .interrupted: throw StepFailure(.cancelled, "interrupted while connecting", effectIsPossible: false)
    }
    throw StepFailure(.unreachable, "no connection to \(place): \(reason)", effectIsPossible: false)
  }

  private static func connect(
    _ address: HostLookup.Address, _ context: StepContext, _ limit: ContinuousClock.Instant
  ) throws(RedisFailure) -> Int32 {
    let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(address.family, flags, 0)
    guard descriptor >= 0 else { throw .lost(words(errno)) }
    do throws(RedisFailure) {
      let code = address.bytes.withUnsafeBytes { bytes in
        // Never empty: it is a sockaddr of the system's own making.
        Glibc.connect(
          descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
      }
      if code != 0 {
        guard errno == EINPROGRESS else { throw .lost(words(errno)) }
        switch context.wait(for: descriptor, events: POLLOUT, until: limit) {
        case .ready: break
        case .deadline: throw .deadline
        case .interrupted: throw .interrupted
        }
        var problem: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &problem, &size)
        guard problem == 0 else { throw .lost(words(problem)) }
      }
    } catch {
      close(descriptor)
      throw error
    }
    var yes: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    return descriptor
  }

  private static func words(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }

  /// Sends one command, each word exactly as it is, and waits for its reply.
  func ask(_ words: [[UInt8]]) throws(RedisFailure) -> RedisReply {
    try send(words)
    return try reply()
  }

  /// Sends one command.
  func send(_ words: [[UInt8]]) throws(RedisFailure) {
    let bytes = formatted(words)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        sent += count
      } else if count < 0, errno == EAGAIN {
        // A server that answers while we still send would block both if nobody read.
        try wait(POLLIN | POLLOUT)
        try receive()
      } else if errno != EINTR {
        throw .lost(Self.words(errno))
      }
    }
  }

  private func formatted(_ words: [[UInt8]]) -> [UInt8] {
    var command: UnsafeMutablePointer<CChar>?
    let joined = words.flatMap(\.self) + [0]
    let count = joined.withUnsafeBytes { bytes in
      var starts: [UnsafePointer<CChar>?] = []
      var offset = 0
      for word in words {
        starts.append(bytes.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self))
        offset += word.count
      }
      let lengths = words.map(\.count)
      return hiredis.formatCommandArgv(&command, Int32(words.count), &starts, lengths)
    }
    guard count > 0, let command else { return [] }
    defer { hiredis.freeCommand(command) }
    return Array(UnsafeRawBufferPointer(start: command, count: Int(count)))
  }

  private func wait(_ events: Int32) throws(RedisFailure) {
    switch context.wait(for: descriptor, events: events) {
    case .ready: return
    case .deadline: throw .deadline
    case .interrupted: throw .interrupted
    }
  }

  /// Feeds the reader what has come; the number of bytes, 0 where nothing had.
  @discardableResult
  private func receive() throws(RedisFailure) -> Int {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    if count == 0 { throw .lost("the server closed the connection") }
    if count < 0 {
      if errno == EAGAIN || errno == EINTR { return 0 }
      throw .lost(Self.words(errno))
    }
    let code = buffer.withUnsafeBytes { bytes in
      hiredis.readerFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), count)
    }
    guard code == REDIS_OK else { throw .protocolViolation("no memory for a reply") }
    return count
  }

  /// The next reply.
  func reply() throws(RedisFailure) -> RedisReply {
    var received = 0
    while true {
      var answer: UnsafeMutableRawPointer?
      guard hiredis.readerGetReply(reader, &answer) == REDIS_OK else {
        let words = withUnsafePointer(to: reader.pointee.errstr) {
          $0.withMemoryRebound(to: CChar.self, capacity: 128) { String(cString: $0) }
        }
        throw .protocolViolation(words)
      }
      if let answer {
        defer { hiredis.freeReplyObject(answer) }
        return RedisReply(answer.assumingMemoryBound(to: redisReply.self).pointee)
      }
      guard received <= Self.maximumReply else { throw .tooLarge }
      try wait(POLLIN)
      received += try receive()
    }
  }
}
