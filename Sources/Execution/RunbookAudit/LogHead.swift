import Glibc

/// The signed side of a log for readers: its head, and proofs under it.
public struct LogHead: Sendable {
  /// The last checkpoint, as it was published.
  public let note: SignedNote
  /// What it says.
  public let checkpoint: Checkpoint
  /// The public key that signs.
  public let key: VerifierKey
  private let tiles: TileFolder
  private let journal: Descriptor

  /// The head of the log in a directory.
  ///
  /// - Throws: `.notFound` where there is none, `.tampered` where it is not signed by the log's key.
  public static func open(_ location: StoreLocation) throws(AuditFailure) -> LogHead {
    guard let root = try StoreDirectory.open(location.path, creating: false),
      let log = try StoreDirectory.open("log", in: root, creating: false),
      let keys = try StoreDirectory.open("keys", in: root, creating: false),
      let folder = try StoreDirectory.open("journal", in: root, creating: false),
      let journal = try Descriptor.open(Journal.name, in: folder, O_RDONLY)
    else { throw .notFound("'\(location.path)' holds no signed log") }
    let tiles = TileFolder(root: log)
    guard let bytes = try tiles.checkpoint(), let text = try KeyFolder(root: keys).verifierText() else {
      throw .notFound("'\(location.path)' holds no signed log")
    }
    guard let key = VerifierKey(text), let note = SignedNote(String(decoding: bytes, as: UTF8.self)),
      let checkpoint = Checkpoint(note.text), note.isSigned(by: key)
    else { throw .tampered("'log/checkpoint' is not signed by the key in 'keys/log.vkey'") }
    return LogHead(note: note, checkpoint: checkpoint, key: key, tiles: tiles, journal: journal)
  }

  /// Proof that event `sequence` is in the log; a few tiles and one line are read.
  ///
  /// - Throws: `.notFound` where no checkpoint covers it, `.tampered` where the tiles do not lead to the root.
  public func proof(of sequence: UInt64) throws(AuditFailure) -> InclusionProof {
    guard sequence < checkpoint.size else {
      throw .notFound(
        "the last checkpoint covers \(checkpoint.size) events; event \(sequence) is not among them")
    }
    var hasher = try SHA256()
    let path = try TileReader(folder: tiles, size: checkpoint.size).path(of: sequence, hasher: &hasher)
    var hash = try line(of: sequence).withBytes { Merkle.leaf($0, &hasher) }
    // RFC 9162, section 2.1.3.2: the path must lead from the line as it is now to the root.
    var index = sequence
    var last = checkpoint.size - 1
    for sibling in path {
      if index & 1 == 1 || index == last {
        hash = Merkle.node(sibling, hash, &hasher)
        while index & 1 == 0, index != 0 {
          index >>= 1
          last >>= 1
        }
      } else {
        hash = Merkle.node(hash, sibling, &hasher)
      }
      index >>= 1
      last >>= 1
    }
    guard last == 0, hash == checkpoint.root else {
      throw .tampered("event \(sequence) is not as it was signed, or the tiles are damaged: verify the log")
    }
    return InclusionProof(index: sequence, path: path, note: note)
  }

  /// Proof that the log goes on from its first `size` events; a few tiles are read.
  ///
  /// - Throws: `.notFound` where no checkpoint covers as many, `.tampered` where the tiles do not lead to the root.
  public func consistency(from size: UInt64) throws(AuditFailure) -> ConsistencyProof {
    guard size <= checkpoint.size else {
      throw .notFound(
        "the last checkpoint covers \(checkpoint.size) events, not \(size): the log was rolled back, or is another one"
      )
    }
    var hasher = try SHA256()
    let reader = TileReader(folder: tiles, size: checkpoint.size)
    let old = try reader.root(of: size, hasher: &hasher)
    let proof = ConsistencyProof(
      oldSize: size, path: try reader.consistencyPath(from: size, hasher: &hasher), note: note)
    guard proof.leads(from: old, to: checkpoint, &hasher) else {
      throw .tampered("the tiles do not lead to the root that was signed: verify the log")
    }
    return proof
  }

  /// The same from a checkpoint that was kept elsewhere.
  ///
  /// - Throws: `.tampered` where the log does not go on from it.
  public func consistency(from kept: Checkpoint) throws(AuditFailure) -> ConsistencyProof {
    guard kept.origin == checkpoint.origin else {
      throw .tampered(
        "that checkpoint is of the log '\(kept.origin)', and this one is '\(checkpoint.origin)'")
    }
    let proof = try consistency(from: kept.size)
    var hasher = try SHA256()
    guard
      try TileReader(folder: tiles, size: checkpoint.size).root(of: kept.size, hasher: &hasher) == kept.root
    else {
      throw .tampered(
        "the checkpoint over \(kept.size) events has another root: the log was written anew, or is a fork")
    }
    return proof
  }

  /// The stored line of an event, without its line feed: what the proof is about.
  public func line(of sequence: UInt64) throws(AuditFailure) -> [UInt8] {
    let search = JournalSearch(file: journal, size: Int(try journal.status().st_size))
    return try journal.bytes(try search.place(of: sequence).range)
  }
}
