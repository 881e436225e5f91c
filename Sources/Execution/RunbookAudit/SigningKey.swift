import CCrypto
import RunbookModel

/// The public half of a log's key, as C2SP signed-note writes it: `<name>+<key ID>+<base64>`.
public struct VerifierKey: Sendable, Hashable, CustomStringConvertible {
  /// Whose key it is: the log's origin.
  public let name: String
  /// 32 bytes of Ed25519 (RFC 8032).
  public let publicKey: [UInt8]
  /// The first four bytes of SHA-256 over name, line feed, type 1 and public key.
  public let id: [UInt8]

  init(name: String, publicKey: [UInt8]) throws(AuditFailure) {
    self.name = name
    self.publicKey = publicKey
    id = try NoteKeyText.id(name, type: NoteKeyText.ed25519, publicKey)
  }

  /// Reads a key of type 1 (Ed25519); space and line ends around it do not count.
  public init?(_ text: some StringProtocol) {
    guard let parts = NoteKeyText.parts(of: text, type: NoteKeyText.ed25519),
      let key = try? VerifierKey(name: parts.name, publicKey: parts.publicKey)
    else { return nil }
    self = key
  }

  /// Eight digits.
  public var idText: String { hexadecimal(id) }

  public var description: String { "\(name)+\(idText)+\(Base64.encode([1] + publicKey))" }

  /// Whether `signature` is this key's over `message`.
  func accepts(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    signature.count == 64 && rb_ed25519_verify(publicKey, message, message.count, signature) == 0
  }
}

/// The private half of a log's key.
struct SigningKey: Sendable {
  /// Its public half.
  let verifier: VerifierKey
  private let seed: [UInt8]

  /// A new key.
  init(name: String) throws(AuditFailure) { try self.init(name: name, seed: randomBytes(32)) }

  private init(name: String, seed: [UInt8]) throws(AuditFailure) {
    var publicKey = [UInt8](repeating: 0, count: 32)
    guard rb_ed25519_public(seed, &publicKey) == 0 else {
      throw .unavailable("Ed25519 is not available: \(String(cString: rb_crypto_error()))")
    }
    self.seed = seed
    verifier = try VerifierKey(name: name, publicKey: publicKey)
  }

  /// Reads what `text` wrote.
  init(_ text: some StringProtocol) throws(AuditFailure) {
    let parts = text.split(whereSeparator: \.isNewline).first?.split(separator: "+", maxSplits: 4) ?? []
    guard parts.count == 5, parts[0] == "PRIVATE", parts[1] == "KEY", let bytes = Base64.decode(parts[4]),
      bytes.count == 33, bytes[0] == 1
    else { throw .tampered("the signing key is not as it was written") }
    try self.init(name: String(parts[2]), seed: Array(bytes.dropFirst()))
    guard self.text == text else { throw .tampered("the signing key is not as it was written") }
  }

  /// One line, in the form that Go's sumdb tools read.
  var text: String {
    "PRIVATE+KEY+\(verifier.name)+\(verifier.idText)+\(Base64.encode([1] + seed))\n"
  }

  /// The signature of `message`, 64 bytes.
  func signature(of message: [UInt8]) throws(AuditFailure) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: 64)
    guard rb_ed25519_sign(seed, message, message.count, &signature) == 0 else {
      throw .unavailable("the log cannot be signed: \(String(cString: rb_crypto_error()))")
    }
    return signature
  }
}
