import RunbookModel

/// An event as far as it can be written without knowing its place in the log.
struct PreparedEvent: Sendable {
  /// Its word.
  let type: String
  /// The run it belongs to; nil for events of the log itself.
  let run: (id: RunID, mode: RunMode)?
  /// Whether it can still be written when the disk is full.
  let isClosing: Bool
  /// Whether a checkpoint is signed right behind it.
  let isSigned: Bool
  /// Everything behind the run: `,"step":{…},"data":{…}}` and a line feed.
  let ending: [UInt8]

  /// Whether its run is over, as far as this process is concerned.
  var endsRun: Bool { type == "run.finished" }
}

/// Writes events as lines.
///
/// `prev` is the RFC 6962 leaf hash of the line before, SHA-256 of a zero byte and the line without its line
/// feed: the hash the Merkle tree needs anyway, so chain and tree cost one hash a line together. A line cannot
/// hold its own hash; `id` is a version 7 UUID (RFC 9562), which names the event wherever it is exported to.
struct EventLineWriter {
  /// An event's line has at most this many bytes, its line feed included.
  static let limit = 16_384

  /// `boot` to `actor`, the same in every line of a process.
  private let common: [UInt8]
  /// Where it writes.
  let machine: Machine

  /// A writer for this process.
  init(machine: Machine, program: ProgramIdentity, actor: Actor) {
    var common = Array(",\"boot\":".utf8)
    JSONValue.writeString(machine.boot, to: &common)
    common += ",\"host\":".utf8
    JSONValue.writeString(machine.host, to: &common)
    common += ",\"program\":".utf8
    program.encoded.write(to: &common)
    common += ",\"actor\":".utf8
    actor.encoded.write(to: &common)
    self.common = common
    self.machine = machine
  }

  /// Turns an event into the part of its line that does not depend on its place.
  func prepare(
    _ event: RunEvent, store: ([UInt8]) throws(AuditFailure) -> Digest
  ) throws(AuditFailure) -> PreparedEvent {
    var ending: [UInt8] = []
    if let subject = event.kind.subject {
      ending += ",\"step\":{\"id\":".utf8
      JSONValue.writeString(subject.step.rawValue, to: &ending)
      if let attempt = subject.attempt { ending += ",\"attempt\":\(attempt)".utf8 }
      ending.append(UInt8(ascii: "}"))
    }
    try finish(&ending, event.kind.data, run: event.run, store: store)
    return PreparedEvent(
      type: event.kind.type, run: (event.run, event.mode), isClosing: event.kind.isClosing,
      isSigned: event.kind.isSigned, ending: ending)
  }

  /// Turns an event of the log itself into the part of its line that does not depend on its place.
  func prepare(_ event: LogEvent) throws(AuditFailure) -> PreparedEvent {
    var ending: [UInt8] = []
    try finish(&ending, event.data, run: nil) { (_) throws(AuditFailure) in
      throw .unavailable("an event of the log is too large")
    }
    return PreparedEvent(type: event.type, run: nil, isClosing: false, isSigned: true, ending: ending)
  }

  private func finish(
    _ ending: inout [UInt8], _ data: [JSONValue.Member], run: RunID?,
    store: ([UInt8]) throws(AuditFailure) -> Digest
  ) throws(AuditFailure) {
    // 320: names, sequence numbers of 20 digits, hash, UUID, type, times and the closing of the line.
    let rest = Self.limit - common.count - ending.count - 320 - (run?.rawValue.utf8.count ?? 0)
    guard rest > 0 else { throw .unavailable("the names of run and step leave no room in an event") }
    ending += ",\"data\":".utf8
    ending += try EventPacking.pack(data, limit: rest, store: store)
    ending += "}\n".utf8
  }

  /// Appends the line of one event.
  func append(
    _ event: PreparedEvent, to bytes: inout [UInt8], sequence: UInt64, previous: SHA256.Hash?,
    previousOfRun: UInt64?, id: some Collection<UInt8>, wall: Int64, monotonic: Int64
  ) {
    bytes += "{\"v\":1,\"seq\":".utf8
    bytes += String(sequence).utf8
    if let previous {
      bytes += ",\"prev\":\"".utf8
      previous.append(to: &bytes)
      bytes.append(UInt8(ascii: "\""))
    }
    bytes += ",\"id\":\"".utf8
    Self.appendUUID(id, milliseconds: wall / 1_000_000, to: &bytes)
    bytes += "\",\"type\":\"".utf8
    bytes += event.type.utf8
    bytes += "\",\"time\":\"".utf8
    Timestamp(milliseconds: wall / 1_000_000).append(to: &bytes)
    bytes += "\",\"mono_ns\":".utf8
    bytes += String(monotonic).utf8
    bytes += common
    if let run = event.run {
      bytes += ",\"run\":{\"id\":".utf8
      JSONValue.writeString(run.id.rawValue, to: &bytes)
      bytes += ",\"mode\":\"".utf8
      bytes += run.mode.rawValue.utf8
      bytes.append(UInt8(ascii: "\""))
      if let previousOfRun {
        bytes += ",\"prev\":".utf8
        bytes += String(previousOfRun).utf8
      }
      bytes.append(UInt8(ascii: "}"))
    }
    bytes += event.ending
  }

  /// A version 7 UUID: 48 bits of milliseconds, then random bits but for version and variant.
  private static func appendUUID(
    _ random: some Collection<UInt8>, milliseconds: Int64, to bytes: inout [UInt8]
  ) {
    for (index, byte) in random.enumerated() {
      var byte = byte
      if index < 6 { byte = UInt8(truncatingIfNeeded: milliseconds >> (40 - 8 * index)) }
      if index == 6 { byte = 0x70 | byte & 0x0f }
      if index == 8 { byte = 0x80 | byte & 0x3f }
      if index == 4 || index == 6 || index == 8 || index == 10 { bytes.append(UInt8(ascii: "-")) }
      bytes.append(hexadecimalDigit(byte >> 4))
      bytes.append(hexadecimalDigit(byte & 15))
    }
  }
}

extension RunEvent.Kind {
  /// Whether it tells how something ended that had begun: the reserve is for these.
  var isClosing: Bool {
    switch self {
    case .runFinished, .stepFinished, .stepWithdrawn, .stepUnknown, .stepSkipped, .artifact, .signalReceived:
      true
    case .failureAnswered(_, _, let choice, _, _): choice == .stop
    case .runPlanned, .runStarted, .runResumed, .conditionDecided, .confirmAsked, .confirmAnswered,
      .manualAnswered, .inputAnswered, .stepIntent, .stepResolved, .failureAsked, .undoStarted, .lockAcquired:
      false
    }
  }
}

extension RunEvent.Kind {
  /// Whether a checkpoint is signed right behind it: where a run begins and ends, and where a person said yes.
  var isSigned: Bool {
    switch self {
    case .runStarted, .runResumed, .runFinished, .confirmAnswered(_, _, _, .person): true
    case .runPlanned, .conditionDecided, .stepSkipped, .confirmAsked, .confirmAnswered, .manualAnswered,
      .inputAnswered, .stepIntent, .stepFinished, .stepWithdrawn, .stepUnknown, .stepResolved, .artifact,
      .failureAsked,
      .failureAnswered, .undoStarted, .signalReceived, .lockAcquired:
      false
    }
  }
}
