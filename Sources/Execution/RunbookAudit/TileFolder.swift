import Glibc

/// `log/`: checkpoint and tiles as C2SP tlog-tiles lays them out, ready to be served by any web server.
///
/// Everything here is derived from journal and `checkpoints.log`. Nothing is synced: a power failure may leave the
/// newest files empty, and the next writer makes them again.
struct TileFolder: Sendable {
  /// `log`.
  let root: Descriptor

  init(root: Descriptor) { self.root = root }

  /// Puts a tile in its place.
  func write(_ id: TileID, _ hashes: [SHA256.Hash]) throws(AuditFailure) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32 * hashes.count)
    for hash in hashes { hash.withBytes { bytes.append(contentsOf: $0) } }
    try write(id, bytes)
  }

  /// Puts the bytes of a tile or bundle in their place.
  func write(_ id: TileID, _ bytes: [UInt8]) throws(AuditFailure) {
    var folder = try Self.folder("tile", in: root)
    let path = id.path
    for name in path.dropLast() { folder = try Self.folder(name, in: folder) }
    try replace(path[path.count - 1], in: folder, with: bytes)
    guard id.width == TileBuilder.width, let name = path.last else { return }
    Self.removePartial("\(name).p", in: folder)
  }

  /// The hashes of a tile; nil where it is missing or has another size.
  func hashes(_ id: TileID) throws(AuditFailure) -> [SHA256.Hash]? {
    guard let bytes = try bytes(id), bytes.count == 32 * id.width else { return nil }
    return stride(from: 0, to: bytes.count, by: 32).compactMap { SHA256.Hash(bytes[$0..<($0 + 32)]) }
  }

  /// The bytes of a tile or bundle; nil where it is missing.
  func bytes(_ id: TileID) throws(AuditFailure) -> [UInt8]? {
    guard let file = try file(id) else { return nil }
    return try file.bytes(upTo: id.level == nil ? Self.bundleLimit : 32 * TileBuilder.width)
  }

  /// The bytes of 256 lines with their lengths, at most.
  private static let bundleLimit = TileBuilder.width * (EventLineWriter.limit + 2)

  /// An open tile or bundle; nil where it is missing.
  private func file(_ id: TileID) throws(AuditFailure) -> Descriptor? {
    var folder = root
    for name in ["tile"] + id.path.dropLast() {
      guard let next = try Descriptor.open(name, in: folder, O_RDONLY | O_DIRECTORY) else { return nil }
      folder = next
    }
    return try Descriptor.open(id.path[id.path.count - 1], in: folder, O_RDONLY)
  }

  /// Whether a full tile or bundle has a size it can have.
  func isComplete(_ id: TileID) throws(AuditFailure) -> Bool {
    guard let file = try file(id) else { return false }
    let size = Int(try file.status().st_size)
    return id.level == nil ? size > 0 : size == 32 * id.width
  }

  /// The right edge of the tree of `count` leaves; nil where a tile is missing.
  func builder(count: UInt64, hasher: inout SHA256) throws(AuditFailure) -> TileBuilder? {
    var levels: [[SHA256.Hash]] = []
    var level = 0
    while level < 8, count >> UInt64(8 * level) > 0 {
      let width = Int(count >> UInt64(8 * level) & 255)
      let index = level == 7 ? 0 : count >> UInt64(8 * (level + 1))
      if width == 0 {
        levels.append([])
      } else {
        guard let hashes = try hashes(atLevel: level, index: index, count: width) else { return nil }
        levels.append(hashes)
      }
      level += 1
    }
    return TileBuilder(count: count, levels: levels, hasher: &hasher)
  }

  /// The first `count` hashes of a tile: of the full one where it exists, else of the partial one of that width.
  func hashes(atLevel level: Int, index: UInt64, count: Int) throws(AuditFailure) -> [SHA256.Hash]? {
    if count < TileBuilder.width,
      let partial = try hashes(TileID(level: level, index: index, width: count))
    {
      return partial
    }
    guard let full = try hashes(TileID(level: level, index: index, width: TileBuilder.width)) else {
      return nil
    }
    return Array(full.prefix(count))
  }

  /// Publishes a checkpoint, whose tiles are there already.
  func publish(_ note: SignedNote) throws(AuditFailure) {
    try replace("checkpoint", in: root, with: Array(note.description.utf8))
  }

  /// The bytes of the published checkpoint; nil where there is none.
  func checkpoint() throws(AuditFailure) -> [UInt8]? {
    guard let file = try Descriptor.open("checkpoint", in: root, O_RDONLY) else { return nil }
    return try file.bytes(upTo: CheckpointLog.recordLimit)
  }

  private func replace(_ name: String, in folder: Descriptor, with bytes: [UInt8]) throws(AuditFailure) {
    guard let draft = try Descriptor.open("draft", in: root, O_WRONLY | O_CREAT | O_TRUNC) else {
      throw .unavailable("the folder of tiles vanished")
    }
    try bytes.withBytes { (buffer) throws(AuditFailure) in try draft.write(buffer) }
    guard renameat(root.rawValue, "draft", folder.rawValue, name) == 0 else {
      throw .system(errno, "name a tile '\(name)'")
    }
  }

  /// Opens a folder, which is made if it is missing; not synced, because what is in it can be made again.
  private static func folder(_ name: String, in parent: Descriptor) throws(AuditFailure) -> Descriptor {
    if let folder = try Descriptor.open(name, in: parent, O_RDONLY | O_DIRECTORY) { return folder }
    guard mkdirat(parent.rawValue, name, 0o700) == 0 || errno == EEXIST,
      let folder = try Descriptor.open(name, in: parent, O_RDONLY | O_DIRECTORY)
    else { throw .system(errno, "make the folder '\(name)' of tiles") }
    return folder
  }

  /// Removes the partial tiles of a tile that is full now.
  private static func removePartial(_ name: String, in parent: Descriptor) {
    guard let folder = try? Descriptor.open(name, in: parent, O_RDONLY | O_DIRECTORY) else { return }
    for width in 1..<TileBuilder.width { unlinkat(folder.rawValue, String(width), 0) }
    unlinkat(parent.rawValue, name, AT_REMOVEDIR)
  }
}
