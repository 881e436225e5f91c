import Glibc

/// `anchors/`: what others gave back for a checkpoint, and the way to the system's log.
public struct LogAnchors: Sendable {
  private let folder: Descriptor

  /// The folder of a store; made if it is missing.
  public static func open(_ location: StoreLocation) throws(AuditFailure) -> LogAnchors {
    guard let root = try StoreDirectory.open(location.path, creating: false),
      let folder = try StoreDirectory.open("anchors", in: root, creating: true)
    else { throw .notFound("'\(location.path)' holds no log") }
    return LogAnchors(folder: folder)
  }

  /// Stores a file; durable when it returns. One of that name is replaced.
  public func keep(_ bytes: [UInt8], as name: String) throws(AuditFailure) {
    guard let file = try Descriptor.open("draft", in: folder, O_WRONLY | O_CREAT | O_TRUNC) else {
      throw .unavailable("'anchors' of the store vanished")
    }
    try bytes.withBytes { (buffer) throws(AuditFailure) in try file.write(buffer) }
    try file.sync()
    guard renameat(folder.rawValue, "draft", folder.rawValue, name) == 0 else {
      throw .system(errno, "name 'anchors/\(name)'")
    }
    try folder.sync()
  }

  /// Sends one line to `/dev/log`, within a second.
  public static func sendToSyslog(_ text: String) throws(AuditFailure) {
    let clock = AuditClock.system
    let sink = try RequiredSink(.syslog("/dev/log"))
    try sink.write(Array("\(text)\n".utf8), until: clock.monotonic() + 1_000_000_000, clock: clock)
  }
}
