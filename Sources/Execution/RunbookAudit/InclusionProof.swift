import RunbookModel

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
