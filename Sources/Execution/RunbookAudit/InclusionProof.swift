/// Proof that one event is in the log (C2SP tlog-proof): its path in the Merkle tree under a signed checkpoint.
public struct InclusionProof: Sendable {
  /// The event's number.
  public let index: UInt64
  /// Hashes from the event's sibling up to the root's child.
  public let path: [SHA256.Hash]
  /// The checkpoint.
  public let note: SignedNote

  /// The text of a `.tlog-proof` file.
  public var text: String {
    let hashes = path.map { Base64.encode($0.bytes) + "\n" }.joined()
    return "c2sp.org/tlog-proof@v1\nindex \(index)\n\(hashes)\n\(note.description)"
  }
}

/// Reads hashes of the tree from its tiles.
struct TileReader {
  let folder: TileFolder
  /// The tree's leaves.
  let size: UInt64

  /// The path of RFC 6962, section 2.1.1, for leaf `index`: reads O(log n) tiles.
  func path(of index: UInt64, hasher: inout SHA256) throws(AuditFailure) -> [SHA256.Hash] {
    try path(of: index, in: 0..<size, &hasher)
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
