/// Checkpoints: every one that was ever signed, the published one, and those that were kept elsewhere.
extension LogVerifier {
  mutating func readPublished() throws(AuditFailure) -> SignedNote? {
    guard let bytes = try tiles?.checkpoint() else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self), let note = SignedNote(text),
      note.description == text, let checkpoint = Checkpoint(note.text)
    else {
      mismatch("'log/checkpoint' is no checkpoint")
      return nil
    }
    published = checkpoint.size
    return note
  }

  /// Reads on to the next record of `checkpoints.log`.
  mutating func advanceCheckpoint() throws(AuditFailure) {
    next = nil
    while next == nil {
      switch try checkpoints?.next() {
      case nil: return
      case .note(let note, let checkpoint)?:
        if checkpoint.size < lastSize {
          mismatch("a checkpoint over \(checkpoint.size) events follows one over \(lastSize)")
        } else {
          lastSize = checkpoint.size
          next = (note, checkpoint)
        }
      case .damaged(let text)?: mismatch(text)
      case .unfinished?: warn("'checkpoints.log' ends with a record that was never finished")
      }
    }
  }

  /// Compares the tree as it is now with everything that was signed for just this size.
  mutating func compareCheckpoints() throws(AuditFailure) {
    var root: SHA256.Hash?
    while let (note, checkpoint) = next, checkpoint.size == builder.count {
      let now = root ?? builder.frontier.root(&hasher)
      root = now
      judge(note, checkpoint, now)
      try comparePartialTiles()
      try advanceCheckpoint()
    }
    // Where nothing is signed any more, the change is one of those that are not signed yet.
    if next != nil, let key = keys.refuse(at: builder.count) {
      mismatch(
        "the key is changed to \(key.idText), and no checkpoint over just \(builder.count) events is signed by both: the new key does not count",
        at: builder.count - 1)
    }
    for index in kept.indices where kept[index].checkpoint.size == builder.count {
      let now = root ?? builder.frontier.root(&hasher)
      root = now
      judgeKept(kept[index].note, kept[index].checkpoint, now)
    }
    if isAnchorDue {
      let now = root ?? builder.frontier.root(&hasher)
      judgeAnchors(now)
    }
  }

  private mutating func judge(_ note: SignedNote, _ checkpoint: Checkpoint, _ root: SHA256.Hash) {
    let name = "the checkpoint over \(checkpoint.size) events"
    guard let key = keys.current else {
      mismatch("\(name) comes before the log had a key")
      return
    }
    guard checkpoint.origin == key.name else {
      mismatch("\(name) is of the log '\(checkpoint.origin)'")
      return
    }
    guard note.isSigned(by: key) else {
      mismatch("\(name) is not signed by the log's key \(key.idText)")
      return
    }
    guard checkpoint.root == root else {
      mismatch("\(name) has another root: events before \(checkpoint.size) were changed, added or removed")
      return
    }
    summary.checkpoints += 1
    summary.signed = checkpoint.size
    lastGood = note
    keys.add(note, size: checkpoint.size)
    if note == publishedNote { isPublishedGood = true }
  }

  private mutating func judgeKept(_ note: SignedNote, _ checkpoint: Checkpoint, _ root: SHA256.Hash) {
    let name = "the checkpoint over \(checkpoint.size) events that was kept elsewhere"
    guard
      keys.keys.contains(where: { note.isSigned(by: $0) })
        || options.key.map({ note.isSigned(by: $0) }) == true
    else {
      mismatch("\(name) is not signed by a key of this log")
      return
    }
    guard checkpoint.root == root else {
      mismatch("\(name) has another root: the log was written anew, or is a fork")
      return
    }
    summary.reach(.checkpoint, checkpoint.size, at: nil)
    _ = judgeWitnesses(of: note, checkpoint, name)
  }
}
