/// The right edge of a Merkle tree (RFC 6962, section 2.1): all that is needed to add leaves and to tell the root.
struct MerkleFrontier: Sendable {
  /// Leaves so far.
  private(set) var count: UInt64 = 0
  /// Roots of the complete subtrees from left to right, one for each bit of `count` that is set.
  private var subtrees: [SHA256.Hash] = []

  /// An empty tree.
  init() {}

  /// The edge of a tree of `count` leaves, given the roots of its complete subtrees from left to right.
  init(count: UInt64, subtrees: [SHA256.Hash]) {
    precondition(subtrees.count == count.nonzeroBitCount, "a tree has one subtree for each bit of its size")
    self.count = count
    self.subtrees = subtrees
  }

  /// Adds a leaf hash: one more hash on average.
  ///
  /// - Parameter complete: Called for each subtree that is complete with this leaf, the leaf itself first.
  mutating func add(
    _ leaf: SHA256.Hash, _ hasher: inout SHA256, complete: (_ height: Int, SHA256.Hash) -> Void = { _, _ in }
  ) {
    var hash = leaf
    var height = 0
    complete(0, hash)
    while count >> UInt64(height) & 1 == 1 {
      hash = Merkle.node(subtrees.removeLast(), hash, &hasher)
      height += 1
      complete(height, hash)
    }
    subtrees.append(hash)
    count += 1
  }

  /// The root; of an empty tree the hash of nothing.
  func root(_ hasher: inout SHA256) -> SHA256.Hash {
    guard var root = subtrees.last else { return hasher.finish() }
    for subtree in subtrees.dropLast().reversed() { root = Merkle.node(subtree, root, &hasher) }
    return root
  }
}

/// The hashes of RFC 6962, section 2.1.
enum Merkle {
  /// A leaf's hash: SHA-256 of a zero byte and the leaf, here a line without its line feed.
  static func leaf(_ line: UnsafeRawBufferPointer, _ hasher: inout SHA256) -> SHA256.Hash {
    var prefix: UInt8 = 0
    withUnsafeBytes(of: &prefix) { hasher.update($0) }
    hasher.update(line)
    return hasher.finish()
  }

  /// An inner node's hash: SHA-256 of a byte 1 and its two children.
  static func node(_ left: SHA256.Hash, _ right: SHA256.Hash, _ hasher: inout SHA256) -> SHA256.Hash {
    withUnsafeTemporaryAllocation(byteCount: 65, alignment: 8) { buffer in
      buffer[0] = 1
      left.withBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[1..<33]).copyMemory(from: $0) }
      right.withBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[33..<65]).copyMemory(from: $0) }
      hasher.update(UnsafeRawBufferPointer(buffer))
      return hasher.finish()
    }
  }

  /// The root of a complete subtree over `hashes`, whose number is a power of two.
  static func root(_ hashes: ArraySlice<SHA256.Hash>, _ hasher: inout SHA256) -> SHA256.Hash {
    var row = Array(hashes)
    while row.count > 1 {
      var next: [SHA256.Hash] = []
      for index in stride(from: 0, to: row.count, by: 2) {
        next.append(node(row[index], row[index + 1], &hasher))
      }
      row = next
    }
    return row[0]
  }
}
