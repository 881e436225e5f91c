public import RunbookModel

/// What happens to the log itself.
public enum LogEvent: Sendable, Hashable {
  /// The log begins; `store` is its random name, which stays the same wherever the log is copied, `key` the
  /// public key its checkpoints are signed with.
  case opened(store: String, key: String?)
  /// Something unfinished was found and put in order.
  case recovered(LogRecovery)
  /// A log that had no key has one now: its public form.
  case keyCreated(key: String)
  /// Checkpoints are signed by another key from here on: the public form of the old one and of the new one.
  case keyRotated(from: String, key: String)
  /// A checkpoint over so many events was left elsewhere: where.
  case anchored(size: UInt64, place: String)
  /// A second place that must have every event did not take them: why. Only ends are logged after it.
  case sinkFailed(reason: String)
  /// Somebody looked: the command's words, and the run if it was about one.
  case read(command: String, run: RunID?)
  /// Somebody took a copy: the command's words, the format, and the run if it was about one.
  case exported(command: String, format: String, run: RunID?)

  /// The event's word in the log.
  public var type: String {
    switch self {
    case .opened: "log.opened"
    case .recovered: "log.recovered"
    case .keyCreated: "key.created"
    case .keyRotated: "key.rotated"
    case .anchored: "audit.anchored"
    case .sinkFailed: "sink.failed"
    case .read: "audit.read"
    case .exported: "audit.exported"
    }
  }

  /// All words `init(type:data:)` knows.
  public static let types = [
    "log.opened", "log.recovered", "key.created", "key.rotated", "audit.anchored", "sink.failed",
    "audit.read", "audit.exported",
  ]

  /// What the event says, in a fixed order.
  public var data: [JSONValue.Member] {
    switch self {
    case .opened(let store, let key):
      [.init("store", .string(store))] + (key.map { [.init("key", .string($0))] } ?? [])
    case .keyCreated(let key): [.init("key", .string(key))]
    case .keyRotated(let from, let key): [.init("from", .string(from)), .init("key", .string(key))]
    case .anchored(let size, let place): [.init("size", .integer(size)), .init("place", .string(place))]
    case .recovered(let recovery):
      [
        .init("reason", .string(recovery.reason.rawValue)), .init("bytes", .integer(recovery.byteCount)),
        .init("digest", .string(recovery.digest.rawValue)),
      ] + (recovery.file.map { [.init("file", .string($0))] } ?? [])
    case .sinkFailed(let reason): [.init("reason", .string(reason))]
    case .read(let command, let run):
      [.init("command", .string(command))] + (run.map { [.init("of", .string($0.rawValue))] } ?? [])
    case .exported(let command, let format, let run):
      [.init("command", .string(command)), .init("format", .string(format))]
        + (run.map { [.init("of", .string($0.rawValue))] } ?? [])
    }
  }

  /// Reads an event back.
  public init(type: String, data: JSONValue) throws(EventDecodingError) {
    func text(_ name: String) throws(EventDecodingError) -> String {
      guard let text = data[name]?.string else {
        throw EventDecodingError("'\(name)' of '\(type)' is missing or not as expected")
      }
      return text
    }
    let run = data["of"]?.string.map { RunID($0) }
    switch type {
    case "log.opened": self = .opened(store: try text("store"), key: data["key"]?.string)
    case "key.created": self = .keyCreated(key: try text("key"))
    case "key.rotated": self = .keyRotated(from: try text("from"), key: try text("key"))
    case "audit.anchored":
      guard let size = data["size"]?.integer.flatMap({ UInt64(exactly: $0) }) else {
        throw EventDecodingError("'size' of '\(type)' is missing or not as expected")
      }
      self = .anchored(size: size, place: try text("place"))
    case "log.recovered":
      guard let reason = LogRecovery.Reason(rawValue: try text("reason")), let count = data["bytes"]?.integer
      else { throw EventDecodingError("'\(type)' does not say what was recovered") }
      self = .recovered(
        LogRecovery(
          reason: reason, byteCount: count, digest: Digest(try text("digest")), file: data["file"]?.string))
    case "sink.failed": self = .sinkFailed(reason: try text("reason"))
    case "audit.read": self = .read(command: try text("command"), run: run)
    case "audit.exported":
      self = .exported(command: try text("command"), format: try text("format"), run: run)
    default: throw EventDecodingError("'\(type)' is no event of the log")
    }
  }
}

/// What was put in order before the log could go on.
public struct LogRecovery: Sendable, Hashable {
  /// What was found.
  public enum Reason: String, Sendable, CaseIterable {
    /// A last line without its end: its writer died, and nobody was told that it is durable.
    case tornLine = "torn-line"
    /// A sync had failed; what was written since the last good one was written again.
    case failedSync = "failed-sync"
  }

  public var reason: Reason
  /// The bytes moved aside or written again.
  public var byteCount: Int
  /// Their digest.
  public var digest: Digest
  /// Their file in `journal/`, where they were moved aside.
  public var file: String?
}
