/// The tree over the lines, and its tiles.
extension LogVerifier {
  mutating func grow(_ leaf: SHA256.Hash, _ line: UnsafeRawBufferPointer) throws(AuditFailure) {
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
  mutating func comparePartialTiles() throws(AuditFailure) {
    for (id, hashes) in builder.partialTiles { try compare(id, hashes) }
    if case let width = Int(builder.count & 255), width > 0 {
      try compareBundle(width: width, index: builder.count >> 8)
    }
  }
}
