import Glibc
import RunbookModel

/// Verifies a log from its first line to its last: one pass in constant memory, whatever it finds.
///
/// Nothing is believed: every line is hashed, every checkpoint compared with the tree as it was then, every tile,
/// bundle and blob with what it should hold.
public struct LogVerifier: ~Copyable {
  let log: Descriptor
  let journal: Descriptor
  let blobs: BlobStore?
  let tiles: TileFolder?
  let options: VerificationOptions
  let report: (VerificationFinding) -> Void

  var hasher: SHA256
  var builder = TileBuilder()
  var lifeCycle = LifeCycle()
  var summary = VerificationSummary()
  /// Sequence number and leaf hash that the next line must have and name.
  var sequence: UInt64 = 0
  var previous: SHA256.Hash?
  /// Keys that count so far; the last one signs.
  var keys = KeyChain()
  var checkpoints: CheckpointReader?
  var next: (note: SignedNote, checkpoint: Checkpoint)?
  /// The size of the checkpoint before; sizes never shrink.
  var lastSize: UInt64 = 0
  /// The last good checkpoint.
  var lastGood: SignedNote?
  /// What `log/checkpoint` holds.
  var publishedNote: SignedNote?
  /// Whether that is one of the good checkpoints.
  var isPublishedGood = false
  /// Notes from elsewhere, by size.
  var kept: [(note: SignedNote, checkpoint: Checkpoint)] = []
  /// What others gave back for checkpoints, and the names of those that are not judged yet, the last one first.
  let anchors: LogAnchors?
  var anchorNames: [LogAnchors.Name]
  /// Time stamps, and checkpoints signed by witnesses, that nothing was given to judge by.
  var unjudged = (stamps: 0, cosigned: 0)
  /// Blobs that were compared a moment ago.
  var checkedBlobs: Set<Digest> = []
  /// Shapes of lines that can be read, and what was found that cannot.
  var readable: Set<UInt64> = []
  var unreadable: (count: UInt64, first: UInt64, reason: String) = (0, 0, "")
  /// Length-prefixed lines since the last full bundle.
  var bundle: [UInt8] = []
  /// Size of the published tree: tiles beyond it need not be there.
  var published: UInt64 = 0

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
      // Listed before the journal's end is looked for: what is anchored later is over later events.
      let anchors = try StoreDirectory.open("anchors", in: log, creating: false).map {
        LogAnchors(folder: $0)
      }
      var verifier = LogVerifier(
        log: log, journal: journal, blobs: blobs,
        tiles: try StoreDirectory.open("log", in: log, creating: false).map { TileFolder(root: $0) },
        checkpoints: try Descriptor.open(CheckpointLog.name, in: log, O_RDONLY)
          .map { (file) throws(AuditFailure) in try CheckpointReader(file: file) },
        anchors: anchors, anchorNames: try anchors?.names().reversed() ?? [], options: options,
        report: report, hasher: try SHA256())
      try verifier.run()
      return verifier.summary
    }
  }

  private init(
    log: Descriptor, journal: Descriptor, blobs: BlobStore?, tiles: TileFolder?,
    checkpoints: CheckpointReader?, anchors: LogAnchors?, anchorNames: [LogAnchors.Name],
    options: VerificationOptions, report: @escaping (VerificationFinding) -> Void, hasher: consuming SHA256
  ) {
    self.log = log
    self.journal = journal
    self.blobs = blobs
    self.tiles = tiles
    self.checkpoints = checkpoints
    self.anchors = anchors
    self.anchorNames = anchorNames
    self.options = options
    self.report = report
    self.hasher = hasher
  }

  mutating func mismatch(_ text: String, at sequence: UInt64? = nil) {
    summary.mismatches += 1
    report(VerificationFinding(severity: .mismatch, sequence: sequence, text: text))
  }

  mutating func warn(_ text: String) {
    summary.warnings += 1
    report(VerificationFinding(severity: .warning, sequence: nil, text: text))
  }

  mutating func run() throws(AuditFailure) {
    publishedNote = try readPublished()
    for note in options.checkpoints {
      guard let checkpoint = Checkpoint(note.text) else {
        mismatch("a note that was kept elsewhere is no checkpoint")
        continue
      }
      kept.append((note, checkpoint))
    }
    kept.sort { $0.checkpoint.size < $1.checkpoint.size }
    try advanceCheckpoint()
    try compareCheckpoints()
    try readJournal()
    try finish()
  }

  // MARK: - The journal

  mutating func readJournal() throws(AuditFailure) {
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

  mutating func add(_ line: UnsafeRawBufferPointer) throws(AuditFailure) {
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
      if let shape = JSONShape(line) {
        check(scan, line)
        try checkBlobs(scan, line)
        checkReading(scan, line, shape)
      } else {
        mismatch("the line is no event, or gives a name twice", at: scan.sequence)
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

  mutating func check(_ scan: EventLineScan, _ line: UnsafeRawBufferPointer) {
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
      let data = try? JSONValue(parsing: line)["data"]
    else { return }
    let isRotation = scan.isOf(type: "key.rotated")
    if let text = keys.add(data, isRotation: isRotation, size: builder.count + 1) {
      mismatch(text, at: scan.sequence)
    }
  }

  // MARK: - The end

  mutating func finish() throws(AuditFailure) {
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
    finishAnchors()
    if publishedNote == nil ? summary.checkpoints == 1 : isPublishedGood && publishedNote != lastGood {
      // In that order it is written, so this is how a crash leaves it, and how one sees it meanwhile.
      warn("the newest checkpoint is signed and not published yet; the next command that writes does it")
    } else if publishedNote != nil {
      if !isPublishedGood {
        mismatch("'log/checkpoint' is not the last checkpoint of 'checkpoints.log'")
      }
    } else if summary.checkpoints > 0 {
      mismatch("'log/checkpoint' is missing")
    }
    try checkKeys()
    if unreadable.count > 0 {
      warn(
        "events that this program cannot read: \(unreadable.count); the first one is event \(unreadable.first): \(unreadable.reason)"
      )
    }
    summary.runs = lifeCycle.count
    summary.openRuns = lifeCycle.openRuns
    summary.root = builder.frontier.root(&hasher)
    summary.origin = keys.current?.name
    summary.key = keys.current
    if summary.checkpoints == 0 { mismatch("nothing is signed: there is no good checkpoint") }
    if summary.signed < summary.events, summary.mismatches == 0 {
      warn(
        "\(summary.events - summary.signed) events behind the last checkpoint are chained and not signed yet")
    }
    if summary.anchoring == .none { warn("anchoring \(Anchoring.none.rawValue), \(Anchoring.none.text)") }
  }

  mutating func checkKeys() throws(AuditFailure) {
    if let key = options.key {
      if let index = keys.keys.firstIndex(of: key) {
        if let last = keys.current, last != key {
          warn(
            "the key \(key.idText) that was given vouches for the first \(keys.beginnings[index + 1]) events; what follows rests on \(last.idText), which it handed over to"
              + (index + 2 < keys.keys.count ? " by way of others" : ""))
        }
      } else {
        mismatch("the log never had the key \(key.idText) that was given")
      }
    }
    if let (key, size) = keys.coming {
      warn("event \(size - 1) changes the key to \(key.idText), and the change is not signed yet")
    }
    guard let key = keys.current else { return }
    guard let folder = try StoreDirectory.open("keys", in: log, creating: false) else {
      mismatch("the folder 'keys' is missing")
      return
    }
    try compareKey("log.vkey", key, folder)
    for old in keys.keys.dropLast() { try compareKey("\(old.idText).vkey", old, folder) }
    // Only the store's owner can read it, and a bundle has none.
    if case let text?? = try? Descriptor.open("log.key", in: folder, O_RDONLY)?.bytes(0..<4096) {
      do throws(AuditFailure) {
        guard try SigningKey(String(decoding: text, as: UTF8.self)).verifier == key else {
          throw .tampered("the signing key is not the one that the log names")
        }
      } catch { mismatch("'keys/log.key': \(error.reason)") }
    }
  }

  mutating func compareKey(
    _ name: String, _ key: VerifierKey, _ folder: Descriptor
  ) throws(AuditFailure) {
    let bytes = try Descriptor.open(name, in: folder, O_RDONLY)?.bytes(0..<4096)
    if bytes != Array("\(key)\n".utf8) { mismatch("'keys/\(name)' is not the key that the log names") }
  }
}
