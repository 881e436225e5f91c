import Glibc

/// One datagram an event at the socket of a syslog daemon, which acknowledges none.
struct SyslogSink: RequiredSink {
  private let path: String
  private let descriptor: Descriptor

  /// Connects to a socket.
  init(_ path: String) throws(AuditFailure) {
    let raw = socket(
      AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard raw >= 0 else {
      throw .unavailable("the required sink '\(path)' cannot be opened: \(systemReason())")
    }
    self.path = path
    descriptor = Descriptor(owning: raw)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw .unavailable("the path of the required sink '\(path)' is too long")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      throw .unavailable("the required sink '\(path)' cannot be reached: \(systemReason())")
    }
  }

  func write(_ lines: SinkLines, until deadline: Int64, clock: AuditClock) throws(AuditFailure) {
    for line in lines.bytes.split(separator: 0x0a) { try write(line, until: deadline, clock: clock) }
  }

  /// Sends one text.
  func write(_ text: some Collection<UInt8>, until deadline: Int64, clock: AuditClock) throws(AuditFailure) {
    try send((Array("<86>runbook[\(getpid())]: ".utf8) + text)[...], to: descriptor, path, deadline, clock)
  }
}

/// Writes all of `bytes` to a descriptor that does not block.
///
/// - Throws: `.sink` where they are not taken until the deadline.
func send(
  _ bytes: ArraySlice<UInt8>, to descriptor: Descriptor, _ path: String, _ deadline: Int64,
  _ clock: AuditClock
) throws(AuditFailure) {
  var rest = bytes
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { buffer in
      Descriptor.retrying { Glibc.write(descriptor.rawValue, buffer.baseAddress, buffer.count) }
    }
    if count > 0 {
      rest = rest.dropFirst(count)
      continue
    }
    guard count < 0, errno == EAGAIN || errno == EWOULDBLOCK else {
      throw .sink("the required sink '\(path)' cannot be written: \(systemReason())")
    }
    let milliseconds = (deadline - clock.monotonic()) / 1_000_000
    var entry = pollfd(fd: descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
    guard milliseconds > 0, poll(&entry, 1, Int32(clamping: milliseconds)) != 0 else {
      throw .sink("the required sink '\(path)' does not take the events")
    }
  }
}

/// Why the last call failed.
func systemReason() -> String { String(cString: strerror(errno)) }
