public import RunbookModel

/// One line of the log, taken apart.
public struct StoredEvent: Sendable, Hashable {
  /// The run an event belongs to.
  public struct Run: Sendable, Hashable {
    public let id: RunID
    public let mode: RunMode
    /// The sequence number of the run's event before; nil for its first.
    public let previous: UInt64?
  }

  /// What an event says.
  public enum Content: Sendable, Hashable {
    case run(RunEvent.Kind)
    case log(LogEvent)
    /// An event this version does not know, or cannot read: why.
    case unreadable(String)
  }

  /// Its place in the store's one sequence.
  public let sequence: UInt64
  /// Leaf hash of the line before, 64 digits; nil for the first.
  public let previous: String?
  /// Its UUID.
  public let id: String
  /// Its word, for example `step.intent`.
  public let type: String
  /// When, in UTC.
  public let time: Timestamp
  /// Nanoseconds since some moment of the boot; comparable where `boot` is the same.
  public let monotonicNanoseconds: Int64
  /// The boot's random name.
  public let boot: String
  public let host: String
  public let program: ProgramIdentity
  public let actor: Actor
  /// nil for events of the log itself.
  public let run: Run?
  /// The step and attempt it tells of.
  public let step: StepID?
  public let attempt: Int?
  /// What it says.
  public let content: Content

  /// The event as the engine made it; nil for events of the log and unreadable ones.
  public var kind: RunEvent.Kind? { if case .run(let kind) = content { kind } else { nil } }

  /// Reads a line without its line feed.
  ///
  /// - Parameter load: Gives the bytes of a blob; where it throws, the content is `unreadable`.
  /// - Throws: `.tampered` where the line is no event at all.
  init(
    line: some Collection<UInt8>, load: (Digest) throws(AuditFailure) -> [UInt8]
  ) throws(AuditFailure) {
    guard let object = try? JSONValue(parsing: line) else { throw .tampered("a line of the log is no JSON") }
    func text(_ value: JSONValue?, _ name: String) throws(AuditFailure) -> String {
      guard let text = value?[name]?.string else { throw .tampered("an event has no '\(name)'") }
      return text
    }
    guard object["v"]?.integer == 1 else { throw .unavailable("an event was written by a later version") }
    guard let number = object["seq"]?.integer, let sequence = UInt64(exactly: number),
      let monotonic = object["mono_ns"]?.integer
    else { throw .tampered("an event has no 'seq' or no 'mono_ns'") }
    guard let time = Timestamp(try text(object, "time")) else { throw .tampered("an event has no 'time'") }
    self.sequence = sequence
    self.time = time
    previous = object["prev"]?.string
    id = try text(object, "id")
    type = try text(object, "type")
    monotonicNanoseconds = Int64(monotonic)
    boot = try text(object, "boot")
    host = try text(object, "host")
    program = ProgramIdentity(
      version: try text(object["program"], "version"),
      digest: Digest("sha256:" + (try text(object["program"], "sha256"))))
    guard let kind = Actor.Kind(rawValue: try text(object["actor"], "kind")),
      let uid = object["actor"]?["uid"]?.integer.flatMap({ UInt32(exactly: $0) })
    else { throw .tampered("an event has no 'actor'") }
    var actor = Actor(kind: kind, user: try text(object["actor"], "user"), uid: uid)
    actor.loginUID = object["actor"]?["login_uid"]?.integer.flatMap { UInt32(exactly: $0) }
    actor.tty = object["actor"]?["tty"]?.string
    actor.remote = object["actor"]?["remote"]?.string
    self.actor = actor
    if let run = object["run"] {
      guard let mode = RunMode(rawValue: try text(run, "mode")) else {
        throw .tampered("an event has no 'mode'")
      }
      self.run = Run(
        id: RunID(try text(run, "id")), mode: mode,
        previous: run["prev"]?.integer.flatMap { UInt64(exactly: $0) })
    } else {
      run = nil
    }
    let step = object["step"]?["id"]?.string.map { StepID($0) }
    let attempt = object["step"]?["attempt"]?.integer
    self.step = step
    self.attempt = attempt
    let subject = step.map { (step: $0, attempt: attempt) }
    content = Self.content(type, subject, object["data"] ?? .null, isOfRun: run != nil, load: load)
  }

  private static func content(
    _ type: String, _ subject: (step: StepID, attempt: Int?)?, _ data: JSONValue, isOfRun: Bool,
    load: (Digest) throws(AuditFailure) -> [UInt8]
  ) -> Content {
    let whole: JSONValue
    do throws(AuditFailure) {
      whole = try EventPacking.unpack(data, load: load)
    } catch { return .unreadable(error.reason) }
    do throws(EventDecodingError) {
      return isOfRun
        ? .run(try RunEvent.Kind(type: type, step: subject, data: whole))
        : .log(try LogEvent(type: type, data: whole))
    } catch { return .unreadable(error.message) }
  }
}
