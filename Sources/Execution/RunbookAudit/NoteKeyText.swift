import RunbookModel

/// Public keys as C2SP signed-note writes them: `<name>+<key ID>+<base64 of a type and the key>`.
enum NoteKeyText {
  /// The type of a key that signs notes (signed-note).
  static let ed25519: UInt8 = 1
  /// The type of a key that signs checkpoints with a time (tlog-cosignature).
  static let cosignature: UInt8 = 4

  /// The first four bytes of SHA-256 over name, line feed, type and public key.
  static func id(_ name: String, type: UInt8, _ publicKey: [UInt8]) throws(AuditFailure) -> [UInt8] {
    var hash = try SHA256()
    hash.update(Array(name.utf8) + [0x0a, type] + publicKey)
    return Array(hash.finish().bytes.prefix(4))
  }

  /// Takes a key of 32 bytes apart; space and line ends around it do not count.
  ///
  /// - Returns: nil where it is none of that type, or its ID is not that of the key.
  static func parts(of text: some StringProtocol, type: UInt8) -> (name: String, publicKey: [UInt8])? {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 1 else { return nil }
    // Base 64 may hold more signs of plus.
    let parts = words[0].split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, let bytes = Base64.decode(parts[2]), bytes.count == 33,
      bytes[0] == type
    else { return nil }
    let key = (name: String(parts[0]), publicKey: Array(bytes.dropFirst()))
    guard let id = try? id(key.name, type: type, key.publicKey), hexadecimal(id) == parts[1] else {
      return nil
    }
    return key
  }
}
