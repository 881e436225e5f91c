/// What others gave back for checkpoints, as far as it is kept beside the log: nothing of it is believed without the
/// keys and certificates that the auditor brings.
extension LogVerifier {
  /// Whether there are anchors over just the events so far.
  var isAnchorDue: Bool { anchorNames.last.map { $0.size <= builder.count } ?? false }

  /// Judges the anchors over the tree as it is now.
  mutating func judgeAnchors(_ root: SHA256.Hash) {
    var stamped: [UInt8]?
    while let name = anchorNames.last, name.size <= builder.count {
      anchorNames.removeLast()
      let found: [UInt8]?
      do throws(AuditFailure) {
        found = try anchors?.bytes(of: name.text)
      } catch {
        mismatch("'anchors/\(name.text)': \(error.reason)")
        continue
      }
      guard let bytes = found else {
        mismatch("'anchors/\(name.text)' is no plain file, or too long to be an anchor")
        continue
      }
      switch name.kind {
      case .checkpoint: stamped = checkpoint(bytes, name, root) == nil ? nil : bytes
      case .cosigned:
        guard let (note, checkpoint) = checkpoint(bytes, name, root) else { continue }
        if !judgeWitnesses(of: note, checkpoint, "'anchors/\(name.text)'") { unjudged.cosigned += 1 }
      case .tsr: judge(stamp: bytes, name, over: stamped)
      }
    }
  }

  /// Looks for the given witnesses' signatures under a note whose root is right.
  ///
  /// - Returns: Whether one of them is there, good or bad.
  mutating func judgeWitnesses(
    of note: SignedNote, _ checkpoint: Checkpoint, _ place: String
  ) -> Bool {
    var isJudged = false
    for key in options.witnesses {
      switch key.judge(note) {
      case .missing: continue
      case .broken: mismatch("the signature of the witness \(key.name) in \(place) does not hold")
      case .holds(let time): summary.reach(.witness, checkpoint.size, at: time)
      }
      isJudged = true
    }
    return isJudged
  }

  private mutating func judge(stamp: [UInt8], _ name: LogAnchors.Name, over checkpoint: [UInt8]?) {
    guard let checkpoint else {
      mismatch("'anchors/\(name.text)' is a time stamp without a good checkpoint beside it")
      return
    }
    guard let authorities = options.authorities else {
      unjudged.stamps += 1
      return
    }
    switch authorities.judge(stamp, over: checkpoint) {
    case .holds(let time): summary.reach(.timeStamp, name.size, at: time)
    case .broken(let reason): mismatch("the time stamp 'anchors/\(name.text)' does not hold: \(reason)")
    }
  }

  /// Reads a checkpoint that must be the log's own.
  private mutating func checkpoint(
    _ bytes: [UInt8], _ name: LogAnchors.Name, _ root: SHA256.Hash
  ) -> (SignedNote, Checkpoint)? {
    guard let (note, checkpoint) = Self.checkpoint(bytes, name) else {
      mismatch("'anchors/\(name.text)' is no checkpoint over \(name.size) events")
      return nil
    }
    guard keys.keys.contains(where: { note.isSigned(by: $0) && checkpoint.origin == $0.name }) else {
      mismatch("'anchors/\(name.text)' is not signed by a key of this log")
      return nil
    }
    guard checkpoint.root == root else {
      mismatch("'anchors/\(name.text)' has another root: the log was written anew, or is a fork")
      return nil
    }
    return (note, checkpoint)
  }

  private static func checkpoint(_ bytes: [UInt8], _ name: LogAnchors.Name) -> (SignedNote, Checkpoint)? {
    guard let text = String(validating: bytes, as: UTF8.self), let note = SignedNote(text),
      note.description == text, let checkpoint = Checkpoint(note.text), checkpoint.size == name.size
    else { return nil }
    return (note, checkpoint)
  }

  /// Judges what is left behind the journal's end, and says what could not be judged.
  mutating func finishAnchors() {
    for name in anchorNames.reversed() {
      mismatch(
        "'anchors/\(name.text)' is over \(name.size) events, and the journal has \(builder.count): it was rolled back"
      )
    }
    anchorNames = []
    if unjudged.stamps > 0 {
      warn("time stamps found, not judged: \(unjudged.stamps); give --tsa-ca")
    }
    if unjudged.cosigned > 0 {
      warn("checkpoints signed by witnesses found, not judged: \(unjudged.cosigned); give --witness-key")
    }
  }
}
