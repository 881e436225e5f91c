import Glibc
import RunbookModel

/// A second place where every event must arrive before what it announces begins.
///
/// Which places those are stands in `/etc/runbook/audit.json`, which only root can write: no runbook, parameter,
/// environment variable or option of the command line can weaken it.
protocol RequiredSink: Sendable {
  /// Hands over whole lines; they have arrived when this returns. Where it throws, they may have.
  ///
  /// Used by one thread at a time.
  ///
  /// - Parameter deadline: Latest time, by the monotonic clock.
  /// - Throws: `.sink`.
  func write(_ lines: SinkLines, until deadline: Int64, clock: AuditClock) throws(AuditFailure)
}

/// The lines of one commit.
struct SinkLines: Sendable {
  /// The log's name.
  let log: String
  /// The number of the first event.
  let first: UInt64
  /// The lines, each with its line feed.
  let bytes: [UInt8]
}

/// Where a required sink is.
enum SinkPlace: Sendable, Hashable {
  /// Lines at the end of a file, synced; a pipe or a device will do.
  case file(String)
  /// One datagram an event, in the form of RFC 3164, facility 10 (authpriv), severity 6.
  case syslog(String)
  /// Rows of the table `runbook_events`, by a connection string or URL of libpq.
  case postgres(String)

  /// `/etc/runbook/audit.json`.
  static let configuration = "/etc/runbook/audit.json"

  /// The sinks that the configuration names.
  ///
  /// `{"sinks": [{"file": "/var/log/runbook.jsonl"}, {"syslog": "/dev/log"}, {"postgres": "postgresql://…"}]}`; a member
  /// it does not know is an error, because it may be a condition.
  ///
  /// - Parameter owner: Who must own the file; root but for tests.
  /// - Returns: None where there surely is no such file.
  static func all(in path: String, owner: uid_t = 0) throws(AuditFailure) -> [SinkPlace] {
    guard let file = try configuration(at: path, owner) else { return [] }
    let status = try file.status()
    guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == owner, status.st_mode & 0o022 == 0 else {
      throw .unavailable("'\(path)' is not root's alone to write, so it cannot say where events must go")
    }
    guard let value = try? JSONValue(parsing: try file.bytes(0..<65_536)), value.members?.count == 1,
      let sinks = value["sinks"]?.array
    else { throw .unavailable("'\(path)' is not {\"sinks\": [{\"file\": \"…\"}, …]}") }
    var places: [SinkPlace] = []
    for sink in sinks {
      guard let members = sink.members, members.count == 1, let text = members[0].value.string, !text.isEmpty
      else { throw .unavailable("'\(path)' names a sink that is not one 'file', 'syslog' or 'postgres'") }
      switch members[0].name {
      case "file" where text.hasPrefix("/"): places.append(.file(text))
      case "syslog" where text.hasPrefix("/"): places.append(.syslog(text))
      case "file", "syslog": throw .unavailable("'\(path)' names a sink without its full path")
      case "postgres": places.append(.postgres(text))
      default: throw .unavailable("'\(path)' names a sink of an unknown kind, '\(members[0].name)'")
      }
    }
    return places
  }

  /// The open configuration; nil where there is none.
  ///
  /// What looks like a configuration that somebody took away is an error: a link to nothing, a folder in which others
  /// may rename it.
  private static func configuration(at path: String, _ owner: uid_t) throws(AuditFailure) -> Descriptor? {
    let action = "read '\(path)', which says where events must go"
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    var status = stat()
    guard lstat(folder, &status) == 0 else {
      if errno == ENOENT { return nil }
      throw .system(errno, action)
    }
    guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == owner, status.st_mode & 0o022 == 0 else {
      throw .unavailable(
        "'\(folder)' is no folder that root alone can write, so nobody knows where events must go: "
          + "run chown root '\(folder)' and chmod 755 '\(folder)'")
    }
    let raw = Descriptor.retrying {
      Glibc.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    }
    guard raw < 0 else { return Descriptor(owning: raw) }
    let error = errno
    if error == ENOENT, lstat(path, &status) != 0, errno == ENOENT { return nil }
    throw .system(error, action)
  }

  /// Opens the sink; nothing is written yet.
  func open(clock: AuditClock) throws(AuditFailure) -> any RequiredSink {
    switch self {
    case .file(let path): try FileSink(path)
    case .syslog(let path): try SyslogSink(path)
    case .postgres(let settings): try PostgresSink(PostgresSinkSettings(settings), clock: clock)
    }
  }

  /// For people; without a password.
  func name() throws(AuditFailure) -> String {
    switch self {
    case .file(let path): path
    case .syslog(let path): "syslog \(path)"
    case .postgres(let settings): "PostgreSQL \(try PostgresSinkSettings(settings).place)"
    }
  }
}
