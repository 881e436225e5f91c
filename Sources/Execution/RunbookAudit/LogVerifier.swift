import Glibc
import RunbookModel

/// Verifies a log from its first line to its last: one pass in constant memory, whatever it finds.
///
/// Nothing is believed: every line is hashed, every checkpoint compared with the tree as it was then, every tile,
/// bundle and blob with what it should hold.
public struct LogVerifier: ~Copyable {
  private let log: Descriptor
  private let journal: Descriptor
  private let blobs: BlobStore?
  private let tiles: TileFolder?
  private let options: VerificationOptions
  private let report: (VerificationFinding) -> Void

  private var hasher: SHA256
  private var builder = TileBuilder()
  private var lifeCycle = LifeCycle()
  private var summary = VerificationSummary()
  /// Sequence number and leaf hash that the next line must have and name.
  private var sequence: UInt64 = 0
  private var previous: SHA256.Hash?
  /// Keys announced so far; the last one signs.
  private var keys: [VerifierKey] = []
  private var checkpoints: CheckpointReader?
  private var next: (note: SignedNote, checkpoint: Checkpoint)?
  /// The size of the checkpoint before; sizes never shrink.
  private var lastSize: UInt64 = 0
  /// The last good checkpoint.
  private var lastGood: SignedNote?
  /// Notes from elsewhere, by size.
  private var kept: [(note: SignedNote, checkpoint: Checkpoint, isSigned: Bool)] = []
  /// Blobs that were compared a moment ago.
  private var checkedBlobs: Set<Digest> = []
  /// Length-prefixed lines since the last full bundle.
  private var bundle: [UInt8] = []
  /// Size of the published tree: tiles beyond it need not be there.
  private var published: UInt64 = 0

  /// Verifies the log in a directory: a store, or an exported bundle.
  ///
  /// - Parameter report: Called for each finding as it is made.
  /// - Throws: `.unavailable` where the log cannot be read at all.
  public static func verify(
    _ location: StoreLocation, _ options: VerificationOptions = VerificationOptions(),
    report: (VerificationFinding) -> Void
  ) throws(AuditFailure) -> VerificationSummary {
    try withoutActuallyEscaping(report) { (report) throws(AuditFailure) in
      guard let log = try StoreDirectory.open(location.path, creating: false),
        let folder = try StoreDirectory.open("journal", in: log, creating: false),
        let journal = try Descriptor.open(Journal.name, in: folder, O_RDONLY)
      else { throw .notFound("'\(location.path)' holds no log") }
      var blobs: BlobStore?
      if let folder = try StoreDirectory.open("blobs", in: log, creating: false),
        let root = try StoreDirectory.open("sha256", in: folder, creating: false)
      {
        blobs = BlobStore(root: root, workshop: nil)
      }
      var verifier = LogVerifier(
        log: log, journal: journal, blobs: blobs,
        tiles: try StoreDirectory.open("log", in: log, creating: false).map { TileFolder(root: $0) },
        checkpoints: try Descriptor.open(CheckpointLog.name, in: log, O_RDONLY)
          .map { (file) throws(AuditFailure) in try CheckpointReader(file: file) },
        options: options, report: report, hasher: try SHA256())
      try verifier.run()
      return verifier.summary
    }
  }

  private init(
    log: Descriptor, journal: Descriptor, blobs: BlobStore?, tiles: TileFolder?,
    checkpoints: CheckpointReader?, options: VerificationOptions,
    report: @escaping (VerificationFinding) -> Void, hasher: consuming SHA256
  ) {
    self.log = log
    self.journal = journal
    self.blobs = blobs
    self.tiles = tiles
    self.checkpoints = checkpoints
    self.options = options
    self.report = report
    self.hasher = hasher
  }

  private mutating func mismatch(_ text: String, at sequence: UInt64? = nil) {
    summary.mismatches += 1
    report(VerificationFinding(severity: .mismatch, sequence: sequence, text: text))
  }

  private mutating func warn(_ text: String) {
    summary.warnings += 1
    report(VerificationFinding(severity: .warning, sequence: nil, text: text))
  }

  private mutating func run() throws(AuditFailure) {
    let publishedNote = try readPublished()
    for note in options.checkpoints {
      guard let checkpoint = Checkpoint(note.text) else {
        mismatch("a note that was kept elsewhere is no checkpoint")
        continue
      }
      kept.append((note, checkpoint, false))
    }
    kept.sort { $0.checkpoint.size < $1.checkpoint.size }
    try advanceCheckpoint()
    try compareCheckpoints()
    try readJournal()
    try finish(publishedNote)
  }

  // MARK: - The journal

  private mutating func readJournal() throws(AuditFailure) {
    let size = Int(try journal.status().st_size)
    var offset = 0
    while offset < size {
      let bytes = try journal.bytes(offset..<min(size, offset + 1 << 20))
      guard !bytes.isEmpty else { break }
      var start = 0
      try bytes.withBytes { (buffer) throws(AuditFailure) in
        while let end = EventLineScan.find(0x0a, in: buffer, from: start) {
          try add(UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
          start = end + 1
        }
      }
      offset += start
      guard start == 0 else { continue }
      // No line feed: the end of the journal, or a line that is much too long.
      if offset + bytes.count < size {
        mismatch("the line of event \(sequence) is longer than 1 MiB: nothing behind it can be read")
        break
      }
      warn(
        "the journal ends with \(bytes.count) bytes of a line that was never finished; they count as not written"
      )
      break
    }
  }

  private mutating func add(_ line: UnsafeRawBufferPointer) throws(AuditFailure) {
    let place = summary.events
    summary.events += 1
    if line.count >= EventLineWriter.limit { mismatch("the line is longer than 16 KiB", at: place) }
    if let scan = EventLineScan(line) {
      if scan.sequence != sequence {
        mismatch(
          "the line is numbered \(scan.sequence), and \(sequence) is due"
            + (scan.sequence > sequence ? ": lines are missing" : ""), at: scan.sequence)
      }
      if !scan.follows(previous) {
        mismatch(
          scan.sequence == 0
            ? "the first event names one before it"
            : "it names another hash than the line before it has: that line or this one was changed",
          at: scan.sequence)
      }
      if isJSON(line) {
        check(scan, line)
        try checkBlobs(scan, line)
      } else {
        mismatch("the line is no event", at: scan.sequence)
      }
      sequence = scan.sequence &+ 1
    } else {
      mismatch("the line is no event", at: sequence)
      sequence += 1
    }
    let leaf = Merkle.leaf(line, &hasher)
    previous = leaf
    try grow(leaf, line)
  }

  private mutating func check(_ scan: EventLineScan, _ line: UnsafeRawBufferPointer) {
    let journal = journal
    for text in lifeCycle.add(
      scan, line,
      endOfRun: { number, run in
        guard let size = try? journal.status().st_size,
          let place = try? JournalSearch(file: journal, size: Int(size)).place(of: number),
          let bytes = try? journal.bytes(place.range)
        else { return false }
        return bytes.withUnsafeBytes { bytes in
          EventLineScan(bytes).map { $0.isOf(type: "run.finished") && $0.run == run } ?? false
        }
      })
    {
      mismatch(text, at: scan.sequence)
    }
    guard scan.isOf(type: "log.opened") || scan.isOf(type: "key.created") || scan.isOf(type: "key.rotated"),
      let data = try? JSONValue(parsing: line)["data"], let text = data["key"]?.string
    else { return }
    guard let key = VerifierKey(text) else {
      mismatch("it names a key that is none", at: scan.sequence)
      return
    }
    if let last = keys.last {
      if key.name != last.name { mismatch("the key has another name", at: scan.sequence) }
      if !scan.isOf(type: "key.rotated") { mismatch("the log gets a first key again", at: scan.sequence) }
      if data["from"]?.string != last.description {
        mismatch("the key before it was another one", at: scan.sequence)
      }
    }
    keys.append(key)
  }

  /// Whether a line is JSON of the characters the log writes. Faster than parsing it: quotes, escapes and brackets.
  private func isJSON(_ line: UnsafeRawBufferPointer) -> Bool { JSONShape.isSound(line) }

  // MARK: - Blobs

  private static let blobMark = Array("blob".utf8)

  private mutating func checkBlobs(
    _ scan: EventLineScan, _ line: UnsafeRawBufferPointer
  ) throws(AuditFailure) {
    guard EventLineScan.contains(Self.blobMark, in: line, from: scan.dataStart) else { return }
    guard let data = try? JSONValue(parsing: line)["data"] else { return }
    var digests: [Digest] = []
    Self.collect(data, named: "", into: &digests)
    for digest in digests where !checkedBlobs.contains(digest) {
      do throws(AuditFailure) {
        guard let blobs else { throw .notFound("the store has no blobs") }
        try blobs.check(digest)
        summary.blobs += 1
      } catch {
        mismatch(error.reason, at: scan.sequence)
      }
      if checkedBlobs.count >= 4096 { checkedBlobs.removeAll(keepingCapacity: true) }
      checkedBlobs.insert(digest)
    }
  }

  private static func collect(_ value: JSONValue, named name: String, into digests: inout [Digest]) {
    switch value {
    case .null, .boolean, .number: return
    case .string(let text):
      if name == "blob" || name == "blobs" || name.hasSuffix("_blob") { digests.append(Digest(text)) }
    case .array(let values): for value in values { collect(value, named: name, into: &digests) }
    case .object(let members):
      for member in members { collect(member.value, named: member.name, into: &digests) }
    }
  }

  // MARK: - The tree

  private mutating func grow(_ leaf: SHA256.Hash, _ line: UnsafeRawBufferPointer) throws(AuditFailure) {
    bundle.append(UInt8(truncatingIfNeeded: line.count >> 8))
    bundle.append(UInt8(truncatingIfNeeded: line.count))
    bundle.append(contentsOf: line)
    var full: [(TileID, [SHA256.Hash])] = []
    builder.add(leaf, &hasher) { full.append(($0, $1)) }
    for (id, hashes) in full { try compare(id, hashes) }
    if builder.count & 255 == 0 {
      try compareBundle(width: TileBuilder.width, index: (builder.count >> 8) - 1)
      bundle.removeAll(keepingCapacity: true)
    }
    try compareCheckpoints()
  }

  private mutating func compare(_ id: TileID, _ hashes: [SHA256.Hash]) throws(AuditFailure) {
    guard let tiles, mustExist(id) else { return }
    summary.tiles += 1
    let level = id.level ?? 0
    // Where the full tile is there already, the partial one may be gone.
    let found = try tiles.hashes(atLevel: level, index: id.index, count: id.width)
    if found != hashes {
      mismatch("'log/tile/\(id.path.joined(separator: "/"))' is missing or holds other hashes")
    }
  }

  private mutating func compareBundle(width: Int, index: UInt64) throws(AuditFailure) {
    let id = TileID(level: nil, index: index, width: width)
    guard let tiles, mustExist(id) else { return }
    summary.tiles += 1
    var found = try tiles.bytes(id)
    if found == nil, width < TileBuilder.width {
      let full = try tiles.bytes(TileID(level: nil, index: index, width: TileBuilder.width))
      found = full.map { Array($0.prefix(bundle.count)) }
    }
    if found != bundle {
      mismatch("'log/tile/\(id.path.joined(separator: "/"))' is missing or holds other events")
    }
  }

  /// Whether a tile belongs to what is published: partial ones only as long as the full one is not there.
  private func mustExist(_ id: TileID) -> Bool {
    guard builder.count <= published else { return false }
    return id.width == TileBuilder.width || published >> UInt64(8 * ((id.level ?? 0) + 1)) == id.index
  }

  /// The unfinished tiles of a tree that was signed.
  private mutating func comparePartialTiles() throws(AuditFailure) {
    for (id, hashes) in builder.partialTiles { try compare(id, hashes) }
    if case let width = Int(builder.count & 255), width > 0 {
      try compareBundle(width: width, index: builder.count >> 8)
    }
  }

  // MARK: - Checkpoints

  private mutating func readPublished() throws(AuditFailure) -> SignedNote? {
    guard let bytes = try tiles?.checkpoint() else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self), let note = SignedNote(text),
      note.description == text, let checkpoint = Checkpoint(note.text)
    else {
      mismatch("'log/checkpoint' is no checkpoint")
      return nil
    }
    published = checkpoint.size
    return note
  }

  /// Reads on to the next record of `checkpoints.log`.
  private mutating func advanceCheckpoint() throws(AuditFailure) {
    next = nil
    while next == nil {
      switch try checkpoints?.next() {
      case nil: return
      case .note(let note, let checkpoint)?:
        if checkpoint.size < lastSize {
          mismatch("a checkpoint over \(checkpoint.size) events follows one over \(lastSize)")
        } else {
          lastSize = checkpoint.size
          next = (note, checkpoint)
        }
      case .damaged(let text)?: mismatch(text)
      case .unfinished?: warn("'checkpoints.log' ends with a record that was never finished")
      }
    }
  }

  /// Compares the tree as it is now with everything that was signed for just this size.
  private mutating func compareCheckpoints() throws(AuditFailure) {
    var root: SHA256.Hash?
    while let (note, checkpoint) = next, checkpoint.size == builder.count {
      let now = root ?? builder.frontier.root(&hasher)
      root = now
      judge(note, checkpoint, now)
      try comparePartialTiles()
      try advanceCheckpoint()
    }
    for index in kept.indices where kept[index].checkpoint.size == builder.count {
      let now = root ?? builder.frontier.root(&hasher)
      root = now
      judgeKept(kept[index].note, kept[index].checkpoint, now)
    }
  }

  private mutating func judge(_ note: SignedNote, _ checkpoint: Checkpoint, _ root: SHA256.Hash) {
    let name = "the checkpoint over \(checkpoint.size) events"
    guard let key = keys.last else {
      mismatch("\(name) comes before the log had a key")
      return
    }
    guard checkpoint.origin == key.name else {
      mismatch("\(name) is of the log '\(checkpoint.origin)'")
      return
    }
    guard note.isSigned(by: key) else {
      mismatch("\(name) is not signed by the log's key \(key.idText)")
      return
    }
    guard checkpoint.root == root else {
      mismatch("\(name) has another root: events before \(checkpoint.size) were changed, added or removed")
      return
    }
    summary.checkpoints += 1
    summary.signed = checkpoint.size
    lastGood = note
  }

  private mutating func judgeKept(_ note: SignedNote, _ checkpoint: Checkpoint, _ root: SHA256.Hash) {
    let name = "the checkpoint over \(checkpoint.size) events that was kept elsewhere"
    guard
      keys.contains(where: { note.isSigned(by: $0) }) || options.key.map({ note.isSigned(by: $0) }) == true
    else {
      mismatch("\(name) is not signed by a key of this log")
      return
    }
    guard checkpoint.root == root else {
      mismatch("\(name) has another root: the log was written anew, or is a fork")
      return
    }
    summary.anchoring = .checkpoint
  }

  // MARK: - The end

  private mutating func finish(_ publishedNote: SignedNote?) throws(AuditFailure) {
    while let (_, checkpoint) = next {
      mismatch(
        "a checkpoint over \(checkpoint.size) events was signed, and the journal has \(builder.count): events were removed"
      )
      try advanceCheckpoint()
    }
    for entry in kept where entry.checkpoint.size > builder.count {
      mismatch(
        "the checkpoint that was kept elsewhere is over \(entry.checkpoint.size) events, and the journal has \(builder.count): it was rolled back"
      )
    }
    if let publishedNote {
      if publishedNote != lastGood {
        mismatch("'log/checkpoint' is not the last checkpoint of 'checkpoints.log'")
      }
    } else if summary.checkpoints > 0 {
      mismatch("'log/checkpoint' is missing")
    }
    try checkKeys()
    summary.runs = lifeCycle.count
    summary.openRuns = lifeCycle.openRuns
    summary.root = builder.frontier.root(&hasher)
    summary.origin = keys.last?.name
    summary.key = keys.last
    if summary.checkpoints == 0 { mismatch("nothing is signed: there is no good checkpoint") }
    if summary.signed < summary.events, summary.mismatches == 0 {
      warn(
        "\(summary.events - summary.signed) events behind the last checkpoint are chained and not signed yet")
    }
    if summary.anchoring == .none { warn("anchoring \(Anchoring.none.rawValue), \(Anchoring.none.text)") }
  }

  private mutating func checkKeys() throws(AuditFailure) {
    if let key = options.key, !keys.contains(key) {
      mismatch("the log never had the key \(key.idText) that was given")
    }
    guard let key = keys.last else { return }
    guard let folder = try StoreDirectory.open("keys", in: log, creating: false) else {
      mismatch("the folder 'keys' is missing")
      return
    }
    try compareKey("log.vkey", key, folder)
    for old in keys.dropLast() { try compareKey("\(old.idText).vkey", old, folder) }
    // Only the store's owner can read it, and a bundle has none.
    if case let text?? = try? Descriptor.open("log.key", in: folder, O_RDONLY)?.bytes(0..<4096) {
      do throws(AuditFailure) {
        guard try SigningKey(String(decoding: text, as: UTF8.self)).verifier == key else {
          throw .tampered("the signing key is not the one that the log names")
        }
      } catch { mismatch("'keys/log.key': \(error.reason)") }
    }
  }

  private mutating func compareKey(
    _ name: String, _ key: VerifierKey, _ folder: Descriptor
  ) throws(AuditFailure) {
    let bytes = try Descriptor.open(name, in: folder, O_RDONLY)?.bytes(0..<4096)
    if bytes != Array("\(key)\n".utf8) { mismatch("'keys/\(name)' is not the key that the log names") }
  }
}
