import RunbookModel

/// Signs the log: keeps its Merkle tree, its tiles and its checkpoints. Used under the journal's lock.
struct LogSigner: Sendable {
  /// `log`.
  let folder: TileFolder
  /// `checkpoints.log`.
  let checkpoints: CheckpointLog
  /// `keys`.
  let keys: KeyFolder
  /// Signs; nil before the log has one.
  private(set) var key: SigningKey?
  /// The last checkpoint that is known.
  private(set) var last: Checkpoint?
  /// The tree up to some line.
  private(set) var builder = TileBuilder()
  /// Where that line's bundle of entries begins in the journal.
  private var bundleStart = 0
  /// Bytes of `checkpoints.log` that are known.
  private var knownEnd = 0

  /// Opens the three places.
  init(in store: Descriptor) throws(AuditFailure) {
    guard let log = try StoreDirectory.open("log", in: store, creating: true),
      let keys = try StoreDirectory.open("keys", in: store, creating: true)
    else { throw .unavailable("'log' or 'keys' of the store vanished") }
    folder = TileFolder(root: log)
    self.keys = KeyFolder(root: keys)
    checkpoints = try CheckpointLog.open(in: store)
    if let known = try checkpoints.last() {
      last = known.checkpoint
      knownEnd = known.end
    }
    key = try self.keys.load()
    guard last == nil || key != nil else {
      throw .unavailable("the log's signing key is gone: put 'keys/log.key' back")
    }
  }

  /// Events that are signed for.
  var signedSize: UInt64 { last?.size ?? 0 }

  /// Cuts off a record of `checkpoints.log` that was never finished, and publishes the last one where its signer died
  /// before that.
  ///
  /// - Throws: `.tampered` where a checkpoint was published that the record does not hold.
  func recover() throws(AuditFailure) {
    if let bytes = try folder.checkpoint(), !bytes.isEmpty {
      guard let note = SignedNote(String(decoding: bytes, as: UTF8.self)),
        let published = Checkpoint(note.text)
      else { throw .tampered("'log/checkpoint' is no checkpoint") }
      guard published.size <= signedSize else {
        throw .tampered(
          "'\(CheckpointLog.name)' ends at \(signedSize) events, and a checkpoint over \(published.size) was published"
        )
      }
    }
    if try checkpoints.size() > knownEnd { try checkpoints.cut(at: knownEnd) }
    if let note = try checkpoints.last()?.note, try folder.checkpoint() != Array(note.description.utf8) {
      try folder.publish(note)
    }
  }

  // MARK: - Reading the tree

  /// Takes up the tree at the last checkpoint: reads the tiles at its right edge and the lines behind the last full
  /// bundle.
  ///
  /// - Parameter end: The journal's end.
  /// - Returns: The place behind the last line that is signed for.
  /// - Throws: `.tampered` where the journal's lines are not those that were signed.
  mutating func restore(
    from journal: Descriptor, end: JournalTail, checkingTiles: Bool, hasher: inout SHA256
  ) throws(AuditFailure) -> JournalTail {
    guard let last, last.size > 0 else { return JournalTail() }
    guard end.sequence >= last.size else {
      throw .tampered(
        "the journal ends with \(end.sequence) events, and a checkpoint over \(last.size) was signed")
    }
    let search = JournalSearch(file: journal, size: end.size)
    // The last line is read in any case: nothing behind it vouches for it.
    let bundle = (last.size - 1) & ~255
    let start = try search.offset(of: bundle, last: end.sequence - 1)
    let isSound = if checkingTiles { try areComplete() } else { true }
    if isSound, let edge = try folder.builder(count: last.size, hasher: &hasher) {
      var tail = JournalTail(
        sequence: bundle, size: start,
        hash: try bundle == 0 ? nil : hash(ofLineBefore: start, journal, &hasher))
      try tail.fold(journal, to: last.size, end: end.size, hasher: &hasher)
      let leaves = try folder.hashes(atLevel: 0, index: bundle >> 8, count: tail.leaves.count)
      if edge.frontier.root(&hasher) == last.root, leaves == tail.leaves {
        builder = edge
        bundleStart = tail.leaves.count == TileBuilder.width ? tail.size : start
        tail.dropLeaves()
        return tail
      }
    }
    return try rebuild(from: journal, end: end, hasher: &hasher)
  }

  /// Makes the tree and its tiles again from the whole journal.
  private mutating func rebuild(
    from journal: Descriptor, end: JournalTail, hasher: inout SHA256
  ) throws(AuditFailure) -> JournalTail {
    guard let last else { return JournalTail() }
    builder = TileBuilder()
    bundleStart = 0
    var tail = JournalTail()
    for size in try checkpoints.sizes() where size <= last.size {
      while tail.sequence < size {
        try tail.fold(journal, to: min(size, tail.sequence + 4096), end: end.size, hasher: &hasher)
        try advance(to: tail, of: journal, hasher: &hasher)
        tail.dropLeaves()
      }
      try writePartialTiles(of: journal, limit: tail.size)
    }
    guard builder.count == last.size, builder.frontier.root(&hasher) == last.root else {
      throw .tampered("the journal's first \(last.size) events are not those that were signed")
    }
    return tail
  }

  /// Whether the tiles outlived the last power failure: the newest full ones have their sizes. Of a short log they are
  /// made again in any case.
  private func areComplete() throws(AuditFailure) -> Bool {
    guard signedSize > 65_536 else { return false }
    let full = signedSize >> 8
    for index in full - min(full, 256)..<full {
      for level in [nil, 0] {
        let id = TileID(level: level, index: index, width: TileBuilder.width)
        guard try folder.isComplete(id) else { return false }
      }
    }
    return true
  }

  private func hash(
    ofLineBefore offset: Int, _ journal: Descriptor, _ hasher: inout SHA256
  ) throws(AuditFailure) -> SHA256.Hash {
    let bytes = try journal.bytes(max(0, offset - EventLineWriter.limit - 1)..<(offset - 1))
    let start = bytes.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
    return bytes[start...].withBytes { Merkle.leaf($0, &hasher) }
  }

  // MARK: - Writing

  /// The log's key; made where there is none, and then it must be announced in the log.
  mutating func ensureKey(name: String) throws(AuditFailure) -> SigningKey {
    if let key { return key }
    let made = try keys.create(name: name)
    key = made
    return made
  }

  /// Writes the full tiles and bundles up to `tail`, whose leaves begin where the tree ends.
  mutating func advance(
    to tail: JournalTail, of journal: Descriptor, hasher: inout SHA256,
    check: Checkpoint? = nil
  ) throws(AuditFailure) {
    precondition(builder.count + UInt64(tail.leaves.count) == tail.sequence, "no leaf may be left out")
    var next = builder
    var full: [(TileID, [SHA256.Hash])] = []
    for leaf in tail.leaves {
      next.add(leaf, &hasher) { full.append(($0, $1)) }
      if let check, next.count == check.size, next.frontier.root(&hasher) != check.root {
        throw .tampered("another checkpoint over \(check.size) events was signed, with another root")
      }
    }
    for (id, hashes) in full { try folder.write(id, hashes) }
    var start = bundleStart
    for index in (builder.count >> 8)..<(next.count >> 8) {
      let (bundle, end) = try bundle(of: TileBuilder.width, at: start, limit: tail.size, journal)
      try folder.write(TileID(level: nil, index: index, width: TileBuilder.width), bundle)
      start = end
    }
    builder = next
    bundleStart = start
  }

  /// Signs for everything up to `tail`, unless that is signed for already.
  ///
  /// The order is: tiles, `checkpoints.log` with a sync, the published checkpoint.
  mutating func sign(
    _ tail: JournalTail, of journal: Descriptor, device: JournalDevice, hasher: inout SHA256,
    also next: SigningKey? = nil
  ) throws(AuditFailure) {
    var foreign: Checkpoint?
    if try checkpoints.size() != knownEnd { foreign = try takeForeign(tail) }
    guard let key else { return }
    let before = (builder, bundleStart)
    do throws(AuditFailure) {
      try sign(tail, of: journal, device: device, hasher: &hasher, with: key, also: next, check: foreign)
    } catch {
      // The leaves are still to be signed for, so the tree is to take them in again.
      (builder, bundleStart) = before
      throw error
    }
  }

  private mutating func sign(
    _ tail: JournalTail, of journal: Descriptor, device: JournalDevice, hasher: inout SHA256,
    with key: SigningKey, also next: SigningKey?, check foreign: Checkpoint?
  ) throws(AuditFailure) {
    try advance(to: tail, of: journal, hasher: &hasher, check: foreign)
    let checkpoint = Checkpoint(
      origin: key.verifier.name, size: builder.count, root: builder.frontier.root(&hasher))
    if let last, last.size == checkpoint.size, next == nil {
      guard last.root == checkpoint.root else {
        throw .tampered("another checkpoint over \(last.size) events was signed, with another root")
      }
      return
    }
    try writePartialTiles(of: journal, limit: tail.size)
    var note = SignedNote(text: checkpoint.text, signatures: [])
    try note.sign(with: key)
    if let next { try note.sign(with: next) }
    knownEnd = try checkpoints.append(note, at: knownEnd, device: device)
    last = checkpoint
    try folder.publish(note)
  }

  /// Takes the key that another process may have put in its place.
  mutating func reloadKey() throws(AuditFailure) { key = try keys.load() }

  /// Goes on with another key.
  mutating func adopt(_ next: SigningKey) throws(AuditFailure) {
    guard let key else { return }
    try keys.adopt(next, after: key.verifier)
    self.key = next
  }

  /// Takes in what another process signed.
  private mutating func takeForeign(_ tail: JournalTail) throws(AuditFailure) -> Checkpoint {
    guard let found = try checkpoints.last(), found.end >= knownEnd, found.checkpoint.size >= signedSize,
      found.checkpoint.size <= tail.sequence
    else { throw .tampered("'\(CheckpointLog.name)' is not as it was left") }
    if try checkpoints.size() > found.end { try checkpoints.cut(at: found.end) }
    try reloadKey()
    guard let key, found.note.isSigned(by: key.verifier) else {
      throw .tampered("the last checkpoint of '\(CheckpointLog.name)' is not signed by the log's key")
    }
    last = found.checkpoint
    knownEnd = found.end
    return found.checkpoint
  }

  private func writePartialTiles(of journal: Descriptor, limit: Int) throws(AuditFailure) {
    for (id, hashes) in builder.partialTiles { try folder.write(id, hashes) }
    guard case let width = Int(builder.count & 255), width > 0 else { return }
    let (bytes, _) = try bundle(of: width, at: bundleStart, limit: limit, journal)
    try folder.write(TileID(level: nil, index: builder.count >> 8, width: width), bytes)
  }

  /// A bundle of `count` lines from `start` on: each with its length in two bytes before it.
  ///
  /// - Returns: The bundle, and where the line behind it begins.
  private func bundle(
    of count: Int, at start: Int, limit: Int, _ journal: Descriptor
  ) throws(AuditFailure) -> (bytes: [UInt8], end: Int) {
    let bytes = try journal.bytes(start..<min(limit, start + count * EventLineWriter.limit))
    var bundle: [UInt8] = []
    bundle.reserveCapacity(bytes.count + count)
    var offset = 0
    for _ in 0..<count {
      guard let end = bytes.withUnsafeBytes({ EventLineScan.find(0x0a, in: $0, from: offset) }) else {
        throw .tampered("the journal lost a line while it was signed")
      }
      let length = end - offset
      bundle.append(UInt8(truncatingIfNeeded: length >> 8))
      bundle.append(UInt8(truncatingIfNeeded: length))
      bundle.append(contentsOf: bytes[offset..<end])
      offset = end + 1
    }
    return (bundle, start + offset)
  }
}

extension JournalTail {
  /// Takes in lines of the journal until `sequence` is the next one.
  mutating func fold(
    _ journal: Descriptor, to sequence: UInt64, end: Int, hasher: inout SHA256
  ) throws(AuditFailure) {
    while self.sequence < sequence {
      let bytes = try journal.bytes(size..<min(end, size + 1 << 20))
      let missing = Int(clamping: sequence - self.sequence)
      let length = bytes.withUnsafeBytes { bytes in
        var offset = 0
        var count = 0
        while count < missing, let end = EventLineScan.find(0x0a, in: bytes, from: offset) {
          offset = end + 1
          count += 1
        }
        return offset
      }
      guard length > 0 else { throw .tampered("the line of event \(self.sequence) is too long") }
      try bytes[..<length].withBytes { (lines) throws(AuditFailure) in try fold(lines, hasher: &hasher) }
    }
  }
}
