import RunbookModel
import Testing

@testable import RunbookAudit

/// Signs checkpoints as a witness does (C2SP tlog-cosignature).
enum Cosigner {
  static let name = "witness.example/w1"

  /// A signature line under `text`.
  static func line(
    of text: String, at time: UInt64, by key: SigningKey, as type: UInt8 = NoteKeyText.cosignature
  ) throws -> String {
    let id = try NoteKeyText.id(key.verifier.name, type: type, key.verifier.publicKey)
    let seconds = (0..<8).reversed().map { UInt8(truncatingIfNeeded: time >> UInt64(8 * $0)) }
    let signature = try key.signature(of: Array("cosignature/v1\ntime \(time)\n\(text)".utf8))
    return "\u{2014} \(key.verifier.name) \(Base64.encode(id + seconds + signature))\n"
  }

  /// The public key that such a signature is checked with.
  static func publicForm(_ key: SigningKey) throws -> WitnessKey {
    let id = try NoteKeyText.id(key.verifier.name, type: NoteKeyText.cosignature, key.verifier.publicKey)
    let text = Base64.encode([NoteKeyText.cosignature] + key.verifier.publicKey)
    return try #require(WitnessKey("\(key.verifier.name)+\(hexadecimal(id))+\(text)\n"))
  }

  /// The log's newest checkpoint with the signature of `key` under it.
  static func sign(_ location: StoreLocation, at time: UInt64, by key: SigningKey) throws -> SignedNote {
    let note = try LogHead.open(location).note
    return try #require(SignedNote(note.description + line(of: note.text, at: time, by: key)))
  }
}
