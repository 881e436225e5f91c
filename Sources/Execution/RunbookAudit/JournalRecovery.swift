import Glibc
import RunbookModel

/// Puts a journal in order that a crash or a failing disk left behind. The caller holds the lock.
struct JournalRecovery {
  /// The directory `journal`.
  let directory: Descriptor
  /// The journal.
  let file: Descriptor

  /// Mends what can be mended; the tail may be read then. A mark of poisoning stays: it goes when what was done is
  /// logged.
  ///
  /// - Returns: What was done, to be logged, and the runs' events that follow from it.
  func run() throws(AuditFailure) -> (done: [LogRecovery], withdrawn: [RunEvent]) {
    guard PoisonMark.exists(in: directory) else { return (try moveTornLineAside().map { [$0] } ?? [], []) }
    let durable = try PoisonMark.durableSize(in: directory)
    var done = [try rewrite(from: durable ?? 0)]
    if let torn = try moveTornLineAside() { done.append(torn) }
    return (done, try durable.map { (start) throws(AuditFailure) in try withdrawals(from: start) } ?? [])
  }

  /// Takes back the intents behind `start`: their writer was told that the log had failed, so it began nothing.
  private func withdrawals(from start: Int) throws(AuditFailure) -> [RunEvent] {
    let size = Int(try file.status().st_size)
    guard start < size else { return [] }
    var open: [(run: RunID, mode: RunMode, step: StepID, attempt: Int)] = []
    for line in try file.bytes(start..<size).split(separator: 0x0a) {
      let event = try StoredEvent(line: line) { (_) throws(AuditFailure) in
        throw .notFound("blobs are not needed here")
      }
      guard let run = event.run, let step = event.step, let attempt = event.attempt else { continue }
      switch event.type {
      case "step.intent": open.append((run.id, run.mode, step, attempt))
      case "step.finished", "step.withdrawn":
        open.removeAll { $0.run == run.id && $0.step == step && $0.attempt == attempt }
      default: break
      }
    }
    return open.map {
      RunEvent(run: $0.run, mode: $0.mode, kind: .stepWithdrawn($0.step, attempt: $0.attempt))
    }
  }

  /// Moves the bytes behind the last line feed into a file of their own.
  ///
  /// They were never acknowledged: an append returns only after its line feed is durable.
  func moveTornLineAside() throws(AuditFailure) -> LogRecovery? {
    let size = Int(try file.status().st_size)
    let end = try endOfLastLine(before: size)
    guard end < size else { return nil }
    guard size - end <= EventLineWriter.limit else {
      throw .tampered("the journal ends in \(size - end) bytes that are no line")
    }
    let bytes = try file.bytes(end..<size)
    let digest = try Digest.sha256(bytes)
    let name = "torn-\(end)-\(digest.rawValue.dropFirst(7).prefix(12))"
    if let copy = try Descriptor.open(name, in: directory, O_WRONLY | O_CREAT | O_TRUNC) {
      try bytes.withBytes { (buffer) throws(AuditFailure) in try copy.write(buffer) }
      try copy.sync()
      try directory.sync()
    }
    guard ftruncate(file.rawValue, off_t(end)) == 0 else { throw .system(errno, "cut the torn line off") }
    try file.sync()
    return LogRecovery(reason: .tornLine, byteCount: bytes.count, digest: digest, file: name)
  }

  /// Writes again what a failed sync left in doubt.
  ///
  /// After a failed fsync Linux takes pages for clean that never reached the disk, so another fsync proves
  /// nothing; pages that are written again are dirty again.
  private func rewrite(from durable: Int) throws(AuditFailure) -> LogRecovery {
    let size = Int(try file.status().st_size)
    let start = min(max(0, durable), size)
    var hash = try SHA256()
    var offset = start
    while offset < size {
      let bytes = try file.bytes(offset..<min(size, offset + 1 << 16))
      guard !bytes.isEmpty else { break }
      hash.update(bytes)
      let count = bytes.withUnsafeBytes { buffer in
        Descriptor.retrying { pwrite(file.rawValue, buffer.baseAddress, buffer.count, off_t(offset)) }
      }
      guard count > 0 else { throw .system(errno, "write the end of the journal again") }
      offset += count
    }
    try file.sync()
    return LogRecovery(
      reason: .failedSync, byteCount: offset - start, digest: hash.finish().digest, file: nil)
  }

  /// The offset behind the last line feed.
  func endOfLastLine(before size: Int) throws(AuditFailure) -> Int {
    try Self.endOfLastLine(in: file, before: size)
  }

  /// The offset behind the last line feed of a journal.
  ///
  /// - Throws: `.tampered` where more follows it than a line has.
  static func endOfLastLine(in file: Descriptor, before size: Int) throws(AuditFailure) -> Int {
    let start = max(0, size - EventLineWriter.limit - 1)
    let bytes = try file.bytes(start..<size)
    if let index = bytes.lastIndex(of: 0x0a) { return start + index + 1 }
    guard start == 0 else { throw .tampered("the journal ends in more bytes than a line has") }
    return 0
  }
}
