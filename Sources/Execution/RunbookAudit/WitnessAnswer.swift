/// What a witness answered to `add-checkpoint` (C2SP tlog-witness).
public enum WitnessAnswer: Sendable {
  /// It signed: the checkpoint with all signatures that count, and the time it speaks for.
  case signed(SignedNote, Timestamp)
  /// It has seen the log at this size last, and wants a proof from there.
  case has(UInt64)
  /// It did not sign, or what it sent is not to be believed: why, for people.
  case refused(String)

  /// Reads an answer. Nothing in it is believed but a signature of `key` over the very checkpoint that was sent.
  ///
  /// - Parameters:
  ///   - proof: What was sent.
  ///   - contentType: Of the answer; nil where it has none.
  public init(
    status: Int, contentType: String?, body: [UInt8], to proof: ConsistencyProof, by key: WitnessKey
  ) {
    guard let size = Checkpoint(proof.note.text)?.size else {
      self = .refused("what was sent is no checkpoint")
      return
    }
    switch status {
    case 200: self = Self.signatures(body, proof, key)
    case 403: self = .refused("it trusts no key that the log signs with (403): tell it the log's key")
    case 404: self = .refused("it does not know the log (404): tell it the log's key, 'runbook audit key'")
    case 409:
      guard Self.isSize(contentType), let seen = Self.size(body) else {
        self = .refused(
          "it has seen another log of \(proof.oldSize) events (409): the log was written anew, or is a fork")
        return
      }
      if seen > size {
        self = .refused(
          "it has seen \(seen) events, and the log has \(size): the log was rolled back, or is a fork")
      } else if seen == proof.oldSize {
        self = .refused(
          "it has seen another log of \(seen) events (409): the log was written anew, or is a fork")
      } else {
        self = .has(seen)
      }
    case 422:
      self = .refused(
        "the log does not go on from the \(proof.oldSize) events it has seen (422): the log was written anew, or is a fork"
      )
    default:
      self = .refused("it answered \(status), which is neither a signature nor a refusal it may give")
    }
  }

  private static func signatures(
    _ body: [UInt8], _ proof: ConsistencyProof, _ key: WitnessKey
  ) -> WitnessAnswer {
    guard body.last == 0x0a, let lines = String(validating: body, as: UTF8.self),
      let whole = SignedNote(proof.note.description + lines), whole.text == proof.note.text
    else { return .refused("it answered 200 with something that is no signature") }
    switch key.judge(whole) {
    case .missing: return .refused("its answer is not signed by the key \(key.name)+\(hexadecimal(key.id))")
    case .broken: return .refused("its signature does not hold: another key, another checkpoint, or damage")
    case .holds(let time):
      // Whoever else signed is unknown, and does not count.
      let known = whole.signatures.filter {
        proof.note.signatures.contains($0) || ($0.name == key.name && $0.id == key.id)
      }
      return .signed(SignedNote(text: whole.text, signatures: known), time)
    }
  }

  private static func isSize(_ contentType: String?) -> Bool {
    let type = contentType?.split(separator: ";").first.map { $0.lowercased() } ?? ""
    return type.split(separator: " ").first == "text/x.tlog.size"
  }

  /// A number without leading zeroes and a line feed.
  private static func size(_ body: [UInt8]) -> UInt64? {
    guard body.last == 0x0a, let text = String(validating: body.dropLast(), as: UTF8.self),
      let size = UInt64(text), String(size) == text
    else { return nil }
    return size
  }
}
