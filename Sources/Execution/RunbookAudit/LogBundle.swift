import Glibc

/// Copies what an auditor needs to verify a log: all signed events, checkpoints, tiles, blobs and public keys.
public enum LogBundle {
  /// Writes a bundle of the log at `location` into a new folder.
  ///
  /// It holds exactly the events under the last checkpoint, in the layout of a store, without the signing key and
  /// what runs leave beside the log.
  ///
  /// - Parameter path: The folder, which must not exist; where it fails, it does not exist then either.
  /// - Returns: The last checkpoint in it.
  public static func write(
    _ location: StoreLocation, to path: String
  ) throws(AuditFailure) -> Checkpoint {
    let head = try LogHead.open(location)
    guard mkdir(path, 0o700) == 0 else { throw .system(errno, "make '\(path)'") }
    do throws(AuditFailure) {
      try fill(path, from: location, head)
    } catch {
      // Half a bundle could be taken for one that was tampered with.
      remove(path)
      throw error
    }
    return head.checkpoint
  }

  private static func fill(
    _ path: String, from location: StoreLocation, _ head: LogHead
  ) throws(AuditFailure) {
    guard let from = try StoreDirectory.open(location.path, creating: false),
      let to = try StoreDirectory.open(path, creating: false),
      let checkpoints = try Descriptor.open(CheckpointLog.name, in: from, O_RDONLY),
      let log = try StoreDirectory.open("log", in: to, creating: true),
      let keys = try StoreDirectory.open("keys", in: to, creating: true),
      let journal = try StoreDirectory.open("journal", in: to, creating: true),
      let oldKeys = try StoreDirectory.open("keys", in: from, creating: false)
    else { throw .unavailable("the log vanished while it was copied") }
    let sizes = try copyCheckpoints(checkpoints, until: head.note, to)
    try copyEvents(location, head, sizes, journal, TileFolder(root: log))
    for name in try names(in: oldKeys) where name.hasSuffix(".vkey") {
      try copy(name, from: oldKeys, to: keys)
    }
    try copyBlobs(from, to)
    try copyAnchors(from, to, until: head.checkpoint.size)
  }

  /// Deletes a folder that was just made, and what is in it.
  private static func remove(_ path: String) {
    guard let list = opendir(path) else { return }
    while let entry = readdir(list) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if name == "." || name == ".." { continue }
      if unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
    }
    closedir(list)
    rmdir(path)
  }

  private static func copyCheckpoints(
    _ file: Descriptor, until last: SignedNote, _ folder: Descriptor
  ) throws(AuditFailure) -> Set<UInt64> {
    var sizes: Set<UInt64> = []
    var reader = try CheckpointReader(file: file)
    let copy = try create(CheckpointLog.name, in: folder)
    while let record = try reader.next() {
      guard case .note(let note, let checkpoint) = record else {
        throw .tampered("'\(CheckpointLog.name)' is damaged: verify the log")
      }
      try Array((note.description + "\n").utf8).withBytes { (bytes) throws(AuditFailure) in
        try copy.write(bytes)
      }
      sizes.insert(checkpoint.size)
      if note == last { break }
    }
    return sizes
  }

  private static func copyEvents(
    _ location: StoreLocation, _ head: LogHead, _ sizes: Set<UInt64>, _ folder: Descriptor,
    _ tiles: TileFolder
  ) throws(AuditFailure) {
    guard let reader = try AuditReader.open(location) else { throw .notFound("nothing was logged yet") }
    let copy = try create(Journal.name, in: folder)
    var builder = TileBuilder()
    var hasher = try SHA256()
    var lines: [UInt8] = []
    var bundle: [UInt8] = []
    if head.checkpoint.size > 0 {
      try reader.forEachStoredLine { (line) throws(AuditFailure) in
        lines.append(contentsOf: line)
        lines.append(0x0a)
        bundle.append(UInt8(truncatingIfNeeded: line.count >> 8))
        bundle.append(UInt8(truncatingIfNeeded: line.count))
        bundle.append(contentsOf: line)
        var full: [(TileID, [SHA256.Hash])] = []
        builder.add(Merkle.leaf(line, &hasher), &hasher) { full.append(($0, $1)) }
        for (id, hashes) in full { try tiles.write(id, hashes) }
        if builder.count & 255 == 0 {
          try tiles.write(TileID(level: nil, index: (builder.count >> 8) - 1, width: 256), bundle)
          bundle = []
          try lines.withBytes { (bytes) throws(AuditFailure) in try copy.write(bytes) }
          lines = []
        }
        if sizes.contains(builder.count) { try writePartial(builder, bundle, tiles) }
        return builder.count < head.checkpoint.size
      }
    }
    try lines.withBytes { (bytes) throws(AuditFailure) in try copy.write(bytes) }
    guard builder.frontier.root(&hasher) == head.checkpoint.root else {
      throw .tampered("the journal is not as it was signed: verify the log")
    }
    try tiles.publish(head.note)
  }

  /// The unfinished tiles of a tree that was signed.
  private static func writePartial(
    _ builder: TileBuilder, _ bundle: [UInt8], _ tiles: TileFolder
  ) throws(AuditFailure) {
    for (id, hashes) in builder.partialTiles { try tiles.write(id, hashes) }
    guard !bundle.isEmpty else { return }
    let width = Int(builder.count & 255)
    try tiles.write(TileID(level: nil, index: builder.count >> 8, width: width), bundle)
  }

  private static func copyBlobs(_ from: Descriptor, _ to: Descriptor) throws(AuditFailure) {
    guard let old = try StoreDirectory.open("blobs", in: from, creating: false),
      let oldDigests = try StoreDirectory.open("sha256", in: old, creating: false),
      let new = try StoreDirectory.open("blobs", in: to, creating: true),
      let newDigests = try StoreDirectory.open("sha256", in: new, creating: true)
    else { return }
    for folder in try names(in: oldDigests) {
      guard let source = try StoreDirectory.open(folder, in: oldDigests, creating: false),
        let copy = try StoreDirectory.open(folder, in: newDigests, creating: true)
      else { continue }
      for name in try names(in: source) { try Self.copy(name, from: source, to: copy) }
    }
  }

  private static func copyAnchors(
    _ from: Descriptor, _ to: Descriptor, until size: UInt64
  ) throws(AuditFailure) {
    guard let old = try StoreDirectory.open("anchors", in: from, creating: false),
      let new = try StoreDirectory.open("anchors", in: to, creating: true)
    else { return }
    for name in try LogAnchors(folder: old).names() where name.size <= size {
      try copy(name.text, from: old, to: new)
    }
  }

  private static func create(_ name: String, in folder: Descriptor) throws(AuditFailure) -> Descriptor {
    guard let file = try Descriptor.open(name, in: folder, O_WRONLY | O_CREAT | O_EXCL) else {
      throw .unavailable("'\(name)' of the bundle vanished")
    }
    return file
  }

  private static func copy(
    _ name: String, from source: Descriptor, to folder: Descriptor
  ) throws(AuditFailure) {
    guard let old = try Descriptor.open(name, in: source, O_RDONLY) else { return }
    let new = try create(name, in: folder)
    var offset = 0
    while case let bytes = try old.bytes(offset..<(offset + 1 << 18)), !bytes.isEmpty {
      try bytes.withBytes { (buffer) throws(AuditFailure) in try new.write(buffer) }
      offset += bytes.count
    }
  }

  /// The names in a folder, sorted, without those that begin with a dot.
  private static func names(in folder: Descriptor) throws(AuditFailure) -> [String] {
    let raw = openat(folder.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard raw >= 0, let list = fdopendir(raw) else { throw .system(errno, "list a folder of the log") }
    defer { closedir(list) }
    var names: [String] = []
    while let entry = readdir(list) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}
