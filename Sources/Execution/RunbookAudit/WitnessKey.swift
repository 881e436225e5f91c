import CCrypto
import RunbookModel

/// The public key of a witness (C2SP tlog-cosignature, Ed25519): somebody who signs a checkpoint only where it goes on
/// from the last one it has seen of the log.
public struct WitnessKey: Sendable, Hashable, CustomStringConvertible {
  /// Whose key it is.
  public let name: String
  /// 32 bytes of Ed25519 (RFC 8032).
  public let publicKey: [UInt8]
  /// The first four bytes of SHA-256 over name, line feed, type 4 and public key.
  public let id: [UInt8]

  /// Reads a key of type 4; space and line ends around it do not count.
  public init?(_ text: some StringProtocol) {
    guard let parts = NoteKeyText.parts(of: text, type: NoteKeyText.cosignature),
      let id = try? NoteKeyText.id(parts.name, type: NoteKeyText.cosignature, parts.publicKey)
    else { return nil }
    name = parts.name
    publicKey = parts.publicKey
    self.id = id
  }

  public var description: String {
    "\(name)+\(hexadecimal(id))+\(Base64.encode([NoteKeyText.cosignature] + publicKey))"
  }

  /// What became of this key's signatures under a note.
  public enum Judgement: Sendable, Hashable {
    /// There is none.
    case missing
    /// One that bears the key's name and ID is not the key's.
    case broken
    /// The witness had seen no other log until then.
    case holds(Timestamp)
  }

  /// Looks for this key's signatures under a note; the newest one tells the time.
  public func judge(_ note: SignedNote) -> Judgement {
    var newest: UInt64?
    for signature in note.signatures where signature.name == name && signature.id == id {
      guard let time = time(of: signature.bytes, under: note.text) else { return .broken }
      newest = max(newest ?? 0, time)
    }
    // Beyond 9999 no clock of ours tells the time; a witness that does is not right.
    guard let newest else { return .missing }
    guard newest < 253_402_300_800 else { return .broken }
    return .holds(Timestamp(milliseconds: Int64(newest) * 1000))
  }

  /// The seconds since 1970 that a signature speaks for; nil where it is not this key's.
  private func time(of signature: [UInt8], under text: String) -> UInt64? {
    guard signature.count == 72 else { return nil }
    let time = signature.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let message = Array("cosignature/v1\ntime \(time)\n\(text)".utf8)
    let holds = rb_ed25519_verify(publicKey, message, message.count, Array(signature.dropFirst(8))) == 0
    return holds ? time : nil
  }
}
