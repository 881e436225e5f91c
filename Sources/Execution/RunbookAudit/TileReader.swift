/// Reads hashes of the tree from its tiles.
struct TileReader {
  let folder: TileFolder
  /// The tree's leaves.
  let size: UInt64

  /// The path of RFC 6962, section 2.1.1, for leaf `index`: reads O(log n) tiles.
  func path(of index: UInt64, hasher: inout SHA256) throws(AuditFailure) -> [SHA256.Hash] {
    try path(of: index, in: 0..<size, &hasher)
  }

  /// The path of RFC 6962, section 2.1.2, from the tree of the first `old` leaves: reads O(log n) tiles.
  ///
  /// - Parameter old: 0 to `size`; of an empty tree, and of the whole one, the path is empty.
  func consistencyPath(
    from old: UInt64, hasher: inout SHA256
  ) throws(AuditFailure) -> [SHA256.Hash] {
    guard old > 0 else { return [] }
    return try consistencyPath(from: old, in: 0..<size, isKnown: true, &hasher)
  }

  /// - Parameter isKnown: Whether the verifier has the old root over all of `range`.
  private func consistencyPath(
    from old: UInt64, in range: Range<UInt64>, isKnown: Bool, _ hasher: inout SHA256
  ) throws(AuditFailure) -> [SHA256.Hash] {
    guard old < range.upperBound else { return isKnown ? [] : [try root(range, &hasher)] }
    let middle = range.lowerBound + Self.split(range.upperBound - range.lowerBound)
    if old <= middle {
      return try consistencyPath(from: old, in: range.lowerBound..<middle, isKnown: isKnown, &hasher)
        + [root(middle..<range.upperBound, &hasher)]
    }
    return try consistencyPath(from: old, in: middle..<range.upperBound, isKnown: false, &hasher)
      + [root(range.lowerBound..<middle, &hasher)]
  }

  /// The root over the first `count` leaves.
  func root(of count: UInt64, hasher: inout SHA256) throws(AuditFailure) -> SHA256.Hash {
    count == 0 ? hasher.finish() : try root(0..<count, &hasher)
  }

  private func path(
    of index: UInt64, in range: Range<UInt64>, _ hasher: inout SHA256
  ) throws(AuditFailure) -> [SHA256.Hash] {
    let count = range.upperBound - range.lowerBound
    guard count > 1 else { return [] }
    let middle = range.lowerBound + Self.split(count)
    if index < middle {
      return try path(of: index, in: range.lowerBound..<middle, &hasher)
        + [root(middle..<range.upperBound, &hasher)]
    }
    return try path(of: index, in: middle..<range.upperBound, &hasher)
      + [root(range.lowerBound..<middle, &hasher)]
  }

  /// The root over some leaves whose beginning is a multiple of the largest power of two below their number.
  private func root(_ range: Range<UInt64>, _ hasher: inout SHA256) throws(AuditFailure) -> SHA256.Hash {
    let count = range.upperBound - range.lowerBound
    guard count & (count - 1) == 0 else {
      let middle = range.lowerBound + Self.split(count)
      let left = try root(range.lowerBound..<middle, &hasher)
      return Merkle.node(left, try root(middle..<range.upperBound, &hasher), &hasher)
    }
    // A complete subtree: some hashes of one tile.
    let level = count.trailingZeroBitCount / 8
    let first = range.lowerBound >> UInt64(8 * level)
    let width = Int(count >> UInt64(8 * level))
    let all = size >> UInt64(8 * level)
    let tile = first >> 8
    let inTile = tile < all >> 8 ? 256 : Int(all & 255)
    guard let hashes = try folder.hashes(atLevel: level, index: tile, count: inTile) else {
      throw .tampered("a tile is missing: open the log for writing once, or verify it")
    }
    let start = Int(first & 255)
    return Merkle.root(hashes[start..<(start + width)], &hasher)
  }

  /// The largest power of two below `count`.
  private static func split(_ count: UInt64) -> UInt64 {
    1 << UInt64(63 - (count - 1).leadingZeroBitCount)
  }
}
