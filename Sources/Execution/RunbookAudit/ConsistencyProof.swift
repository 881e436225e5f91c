import RunbookModel

/// Proof that a log goes on from its first events: none of them was changed, removed or put between others
/// (RFC 6962, section 2.1.2).
public struct ConsistencyProof: Sendable {
  /// How many events the older log has.
  public let oldSize: UInt64
  /// Hashes from the older root's side up to the newer root's child; empty where the older log has no event, or all.
  public let path: [SHA256.Hash]
  /// The checkpoint of the newer log.
  public let note: SignedNote

  /// What C2SP tlog-witness has a log send to `add-checkpoint`; it proves the same to anybody else.
  public var text: String {
    "old \(oldSize)\n" + path.map { Base64.encode($0.bytes) + "\n" }.joined() + "\n\(note.description)"
  }

  /// Whether it leads from the root `old` to the checkpoint's (RFC 9162, section 2.1.4.2).
  func leads(from old: SHA256.Hash, to new: Checkpoint, _ hasher: inout SHA256) -> Bool {
    guard oldSize > 0 else { return path.isEmpty }
    guard oldSize < new.size else { return oldSize == new.size && path.isEmpty && old == new.root }
    // The root of a complete subtree is known to whoever has the older root.
    var rest = (oldSize & (oldSize - 1) == 0 ? [old] : []) + path
    guard !rest.isEmpty else { return false }
    var index = oldSize - 1
    var last = new.size - 1
    let shift = index.trailingOnes
    index >>= shift
    last >>= shift
    let first = rest.removeFirst()
    var roots = (old: first, new: first)
    for hash in rest {
      guard last > 0 else { return false }
      if index & 1 == 1 || index == last {
        roots = (Merkle.node(hash, roots.old, &hasher), Merkle.node(hash, roots.new, &hasher))
        while index & 1 == 0, index > 0 {
          index >>= 1
          last >>= 1
        }
      } else {
        roots.new = Merkle.node(roots.new, hash, &hasher)
      }
      index >>= 1
      last >>= 1
    }
    return last == 0 && roots == (old, new.root)
  }
}

extension UInt64 {
  /// How many of the lowest bits are set.
  fileprivate var trailingOnes: UInt64 { UInt64((~self).trailingZeroBitCount) }
}
