import RunbookModel

/// A signed note (C2SP signed-note): a text and the signatures under it.
public struct SignedNote: Sendable, Hashable {
  /// One signature line.
  public struct Signature: Sendable, Hashable {
    /// Whose it is.
    public let name: String
    /// Which of that name's keys made it.
    public let id: [UInt8]
    /// What follows the key ID.
    public let bytes: [UInt8]
  }

  /// What is signed; ends with a line feed.
  public let text: String
  /// At least one.
  public private(set) var signatures: [Signature]

  init(text: String, signatures: [Signature]) {
    self.text = text
    self.signatures = signatures
  }

  /// Reads a whole note; nil where it is none, byte for byte.
  public init?(_ note: String) {
    guard let blank = note.lastPlace(of: "\n\n\u{2014} ") else { return nil }
    let text = String(note[..<blank]) + "\n"
    var lines = note[note.index(blank, offsetBy: 2)...].split(
      separator: "\n", omittingEmptySubsequences: false)
    guard lines.popLast() == "", !lines.isEmpty, lines.count <= 100 else { return nil }
    var signatures: [Signature] = []
    for line in lines {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 3, words[0] == "\u{2014}", !words[1].isEmpty, let bytes = Base64.decode(words[2]),
        bytes.count > 4
      else { return nil }
      signatures.append(
        Signature(name: String(words[1]), id: Array(bytes[..<4]), bytes: Array(bytes[4...])))
    }
    guard !text.utf8.contains(where: { $0 < 0x20 && $0 != 0x0a }) else { return nil }
    self.text = text
    self.signatures = signatures
  }

  /// The note as it is stored.
  public var description: String {
    signatures.reduce(text + "\n") { note, signature in
      note + "\u{2014} \(signature.name) \(Base64.encode(signature.id + signature.bytes))\n"
    }
  }

  /// Adds a key's signature.
  mutating func sign(with key: SigningKey) throws(AuditFailure) {
    signatures.append(
      Signature(
        name: key.verifier.name, id: key.verifier.id, bytes: try key.signature(of: Array(text.utf8))))
  }

  /// Whether `key` signed it.
  public func isSigned(by key: VerifierKey) -> Bool {
    let message = Array(text.utf8)
    return signatures.contains {
      $0.name == key.name && $0.id == key.id && key.accepts($0.bytes, of: message)
    }
  }
}

extension String {
  /// Where `text` begins for the last time.
  fileprivate func lastPlace(of text: String) -> Index? {
    let bytes = Array(utf8)
    let wanted = Array(text.utf8)
    guard bytes.count >= wanted.count else { return nil }
    return (0...(bytes.count - wanted.count)).last {
      bytes[$0..<($0 + wanted.count)].elementsEqual(wanted)
    }.map { utf8.index(startIndex, offsetBy: $0) }
  }
}

/// What a log vouches for (C2SP tlog-checkpoint): the root over its first `size` events.
public struct Checkpoint: Sendable, Hashable {
  /// The log's name.
  public let origin: String
  /// Events.
  public let size: UInt64
  /// The tree's root.
  public let root: SHA256.Hash

  init(origin: String, size: UInt64, root: SHA256.Hash) {
    self.origin = origin
    self.size = size
    self.root = root
  }

  /// Reads the text of a note; extension lines are allowed and not understood.
  public init?(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 4, !lines[0].isEmpty, let size = UInt64(lines[1]), String(size) == lines[1],
      let bytes = Base64.decode(lines[2]), let root = SHA256.Hash(bytes)
    else { return nil }
    self.init(origin: String(lines[0]), size: size, root: root)
  }

  /// What is signed.
  public var text: String { "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" }
}
