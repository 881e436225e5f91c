public import RunbookModel

/// Who has a lock, as its file tells.
public struct LockHolder: Sendable, Hashable {
  public var run: RunID
  /// The machine's name.
  public var host: String
  public var user: String
  /// The executor's process.
  public var pid: Int32
  /// UTC, for people.
  public var since: String
  /// The directory of the log that tells of the run.
  public var store: String

  /// All of it.
  public init(run: RunID, host: String, user: String, pid: Int32, since: String, store: String) {
    self.run = run
    self.host = host
    self.user = user
    self.pid = pid
    self.since = since
    self.store = store
  }

  /// For people, for example `run 20261120T231500Z-k3xqd of ada on web-1 (process 4711) since 2026-…`.
  public var text: String { "run \(run) of \(user) on \(host) (process \(pid)) since \(since)" }

  var json: JSONValue {
    [
      "run": .string(run.rawValue), "host": .string(host), "user": .string(user), "pid": .integer(pid),
      "since": .string(since), "store": .string(store),
    ]
  }

  /// Reads what `json` wrote; nil where it is anything else.
  init?(parsing bytes: [UInt8]) {
    guard let value = try? JSONValue(parsing: bytes), let run = value["run"]?.string,
      let host = value["host"]?.string, let user = value["user"]?.string,
      let pid = value["pid"]?.integer.flatMap({ Int32(exactly: $0) }), let since = value["since"]?.string,
      let store = value["store"]?.string
    else { return nil }
    self.init(run: RunID(run), host: host, user: user, pid: pid, since: since, store: store)
  }
}
