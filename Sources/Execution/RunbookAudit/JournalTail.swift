import Glibc
import RunbookModel

/// The end of the journal as this process knows it: what the next line must fit to.
struct JournalTail: Sendable {
  /// The next event's sequence number.
  private(set) var sequence: UInt64 = 0
  /// Bytes of all complete lines.
  private(set) var size = 0
  /// Leaf hash of the last line; nil in an empty journal.
  private(set) var hash: SHA256.Hash?
  /// The name of the boot in which the last line was written; known after opening only.
  private(set) var boot: String?
  /// Leaf hashes of the last lines, as many as are not in the tree of the `LogSigner` yet.
  private(set) var leaves: [SHA256.Hash] = []
  /// The last event of each run this process writes to; nil: none yet.
  private var lastOfRun: [RunID: UInt64?] = [:]
  /// Runs that this process wrote to and did not end: nobody else may.
  private var ours: Set<RunID> = []

  /// The sequence number of `run`'s last event.
  func last(of run: RunID) -> UInt64? { lastOfRun[run] ?? nil }

  /// Whether `last(of:)` is known.
  func tracks(_ run: RunID) -> Bool { lastOfRun[run] != nil }

  /// Follows `run` from now on; `last` is its last event so far.
  mutating func track(_ run: RunID, last: UInt64?) { lastOfRun.updateValue(last, forKey: run) }

  /// The end of an empty journal.
  init() {}

  /// The place behind a line whose leaf hash is known.
  ///
  /// - Parameter size: Bytes up to and with its line feed.
  init(sequence: UInt64, size: Int, hash: SHA256.Hash?) {
    self.sequence = sequence
    self.size = size
    self.hash = hash
  }

  /// Forgets the leaves: they are in the tree now.
  mutating func dropLeaves() { leaves = [] }

  /// Forgets the leaves of the events before `sequence`.
  mutating func dropLeaves(before sequence: UInt64) {
    leaves = Array(leaves.suffix(Int(clamping: self.sequence - sequence)))
  }

  /// The place behind an earlier line, for signing: behind the first `sequence` events, which have `size` bytes.
  ///
  /// - Returns: nil where the tree is beyond it already.
  func cut(at sequence: UInt64, size: Int) -> JournalTail? {
    let count = leaves.count - Int(clamping: self.sequence - sequence)
    guard count >= 0 else { return nil }
    var part = JournalTail(sequence: sequence, size: size, hash: nil)
    part.leaves = Array(leaves.prefix(count))
    return part
  }

  /// Starts at the last line: reads the end of the file only.
  ///
  /// The last line must follow the one before it; older lines are the concern of a full verification.
  ///
  /// - Parameters:
  ///   - file: The journal.
  ///   - size: Bytes up to and with the last line feed.
  init(of file: Descriptor, size: Int, hasher: inout SHA256) throws(AuditFailure) {
    guard size > 0 else { return }
    let start = max(0, size - 3 * EventLineWriter.limit)
    let bytes = try file.bytes(start..<size)
    guard bytes.count == size - start, bytes.last == 0x0a else {
      throw .unavailable("the journal changed while it was opened")
    }
    let state = try bytes.withBytes { (buffer) throws(AuditFailure) in
      try Self.lastLine(of: buffer, isWhole: start == 0, &hasher)
    }
    (sequence, hash, boot) = (state.sequence + 1, state.hash, state.boot)
    self.size = size
  }

  private static func lastLine(
    of bytes: UnsafeRawBufferPointer, isWhole: Bool, _ hasher: inout SHA256
  ) throws(AuditFailure) -> (sequence: UInt64, hash: SHA256.Hash, boot: String) {
    let lines = bytes.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false).suffix(2)
      .map { UnsafeRawBufferPointer(rebasing: $0) }
    guard let last = lines.last, isWhole || lines.count == 2, let scan = EventLineScan(last) else {
      throw .tampered("the journal's last line is no event")
    }
    // The last line has no successor yet whose hash would vouch for it: at least it must be an event throughout.
    let event = try StoredEvent(line: last) { (_) throws(AuditFailure) in
      throw .notFound("blobs are not needed here")
    }
    if lines.count == 2 {
      guard let before = EventLineScan(lines[0]), before.sequence + 1 == scan.sequence else {
        throw .tampered("the journal's last line does not follow the one before it")
      }
      guard scan.follows(Merkle.leaf(lines[0], &hasher)) else {
        throw .tampered("event \(before.sequence) was changed: event \(scan.sequence) names another hash")
      }
    } else if scan.sequence != 0 || scan.previous != nil {
      throw .tampered("the journal does not begin with event 0")
    }
    return (scan.sequence, Merkle.leaf(last, &hasher), event.boot)
  }

  /// Takes in lines that other processes added; `bytes` ends with a line feed.
  ///
  /// - Throws: `.tampered` where they do not follow; `.unavailable` where one of them is of a run that this process
  ///   writes.
  mutating func fold(_ bytes: UnsafeRawBufferPointer, hasher: inout SHA256) throws(AuditFailure) {
    var start = 0
    while let end = EventLineScan.find(0x0a, in: bytes, from: start) {
      let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      guard let scan = EventLineScan(line), scan.sequence == sequence, scan.follows(hash) else {
        throw .tampered("the line of event \(sequence) does not follow the one before it")
      }
      if !lastOfRun.isEmpty, let text = scan.run {
        let run = RunID(text)
        // Its lock lets one process go on with it: then this one may not.
        guard !ours.contains(run) else {
          throw .unavailable("another process goes on with the run \(text)")
        }
        if tracks(run) { track(run, last: sequence) }
      }
      let leaf = Merkle.leaf(line, &hasher)
      hash = leaf
      leaves.append(leaf)
      sequence += 1
      size += line.count + 1
      start = end + 1
    }
  }

  /// Leaves all runs to others: what an opening says of them does not make them this process's.
  mutating func leaveRuns() { ours = [] }

  /// Takes in one line of our own, its line feed included, before it is written.
  ///
  /// - Parameter isLast: Whether it ends its run, which others may take up from then on.
  mutating func add(
    _ line: UnsafeRawBufferPointer, of run: RunID?, isLast: Bool, hasher: inout SHA256
  ) {
    if let run {
      track(run, last: sequence)
      if isLast { ours.remove(run) } else { ours.insert(run) }
    }
    let leaf = Merkle.leaf(UnsafeRawBufferPointer(rebasing: line.dropLast()), &hasher)
    hash = leaf
    leaves.append(leaf)
    sequence += 1
    size += line.count
  }
}
