import Glibc
import RunbookModel

/// A second place where every event must arrive before what it announces begins.
///
/// Which places those are stands in `/etc/runbook/audit.json`, which only root can write: no runbook, parameter,
/// environment variable or option of the command line can weaken it.
struct RequiredSink: Sendable {
  /// Where events go.
  enum Place: Sendable, Hashable {
    /// Lines at the end of a file, synced; a pipe or a device will do.
    case file(String)
    /// One datagram an event, in the form of RFC 3164, facility 10 (authpriv), severity 6.
    case syslog(String)
  }

  /// `/etc/runbook/audit.json`.
  static let configuration = "/etc/runbook/audit.json"

  let place: Place
  private let descriptor: Descriptor

  /// The sinks that the configuration names.
  ///
  /// `{"sinks": [{"file": "/var/log/runbook.jsonl"}, {"syslog": "/dev/log"}]}`; a member it does not know is an error,
  /// because it may be a condition.
  ///
  /// - Parameter owner: Who must own the file; root but for tests.
  /// - Returns: None where there is no such file.
  static func places(in path: String, owner: uid_t = 0) throws(AuditFailure) -> [Place] {
    let raw = Descriptor.retrying { open(path, O_RDONLY | O_CLOEXEC) }
    guard raw >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return [] }
      throw .system(errno, "read '\(path)', which says where events must go")
    }
    let file = Descriptor(owning: raw)
    let status = try file.status()
    guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == owner, status.st_mode & 0o022 == 0 else {
      throw .unavailable("'\(path)' is not root's alone to write, so it cannot say where events must go")
    }
    guard let value = try? JSONValue(parsing: try file.bytes(0..<65_536)), value.members?.count == 1,
      let sinks = value["sinks"]?.array
    else { throw .unavailable("'\(path)' is not {\"sinks\": [{\"file\": \"…\"}, …]}") }
    var places: [Place] = []
    for sink in sinks {
      guard let members = sink.members, members.count == 1, let path = members[0].value.string,
        path.hasPrefix("/")
      else {
        throw .unavailable("'\(path)' names a sink that is not one 'file' or 'syslog' with its full path")
      }
      switch members[0].name {
      case "file": places.append(.file(path))
      case "syslog": places.append(.syslog(path))
      default: throw .unavailable("'\(path)' names a sink of an unknown kind, '\(members[0].name)'")
      }
    }
    return places
  }

  /// Opens a sink; nothing is written yet.
  init(_ place: Place) throws(AuditFailure) {
    self.place = place
    switch place {
    case .file(let path):
      let flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY
      let raw = Descriptor.retrying { open(path, flags, 0o640) }
      guard raw >= 0 else {
        throw .unavailable("the required sink '\(path)' cannot be opened: \(Self.reason)")
      }
      descriptor = Descriptor(owning: raw)
    case .syslog(let path):
      let raw = socket(
        AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      guard raw >= 0 else {
        throw .unavailable("the required sink '\(path)' cannot be opened: \(Self.reason)")
      }
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
        throw .unavailable("the required sink '\(path)' cannot be reached: \(Self.reason)")
      }
    }
  }

  /// Hands over whole lines; a file has them on its disk when this returns.
  ///
  /// - Parameter deadline: Latest time, by the monotonic clock.
  func write(_ lines: [UInt8], until deadline: Int64, clock: AuditClock) throws(AuditFailure) {
    switch place {
    case .file(let path):
      try send(lines[...], path, deadline, clock)
      // A pipe or a device has nothing to sync.
      guard Descriptor.retrying({ fdatasync(descriptor.rawValue) }) == 0 || errno == EINVAL || errno == EROFS
      else { throw .sink("the required sink '\(path)' cannot be synced: \(Self.reason)") }
    case .syslog(let path):
      for line in lines.split(separator: 0x0a) {
        try send((Array("<86>runbook[\(getpid())]: ".utf8) + line)[...], path, deadline, clock)
      }
    }
  }

  private func send(
    _ bytes: ArraySlice<UInt8>, _ path: String, _ deadline: Int64, _ clock: AuditClock
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
        throw .sink("the required sink '\(path)' cannot be written: \(Self.reason)")
      }
      let milliseconds = (deadline - clock.monotonic()) / 1_000_000
      var entry = pollfd(fd: descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
      guard milliseconds > 0, poll(&entry, 1, Int32(clamping: milliseconds)) != 0 else {
        throw .sink("the required sink '\(path)' does not take the events")
      }
    }
  }

  private static var reason: String { String(cString: strerror(errno)) }
}
