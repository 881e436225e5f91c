import Glibc

/// `keys/`: the signing key and the public forms of all keys this log ever had.
struct KeyFolder: Sendable {
  /// `keys`.
  let root: Descriptor

  private static let current = "log.key"
  private static let coming = "next.key"
  private static let publicForm = "log.vkey"

  /// The signing key; nil where there is none yet.
  ///
  /// - Throws: `.unavailable` where others may read it, `.tampered` where it is damaged.
  func load() throws(AuditFailure) -> SigningKey? {
    guard let key = try read(Self.current) else { return nil }
    if try verifierText() != "\(key.verifier)\n" {
      try write("\(key.verifier)\n", as: Self.publicForm, mode: 0o644)
    }
    return key
  }

  /// Makes the log's first key.
  func create(name: String) throws(AuditFailure) -> SigningKey {
    let key = try SigningKey(name: name)
    try write(key.text, as: Self.current, mode: 0o600)
    try write("\(key.verifier)\n", as: Self.publicForm, mode: 0o644)
    return key
  }

  /// The key that a rotation made and did not put in its place yet.
  func loadNext() throws(AuditFailure) -> SigningKey? { try read(Self.coming) }

  /// Makes the key for a rotation.
  func createNext(name: String) throws(AuditFailure) -> SigningKey {
    let key = try SigningKey(name: name)
    try write(key.text, as: Self.coming, mode: 0o600)
    return key
  }

  /// Gives up a rotation that was not logged.
  func dropNext() throws(AuditFailure) {
    guard unlinkat(root.rawValue, Self.coming, 0) == 0 || errno == ENOENT else {
      throw .system(errno, "remove '\(Self.coming)'")
    }
    try root.sync()
  }

  /// Puts the next key in its place: the old private key is gone then, its public form is kept.
  func adopt(_ next: SigningKey, after old: VerifierKey) throws(AuditFailure) {
    try write("\(old)\n", as: "\(old.idText).vkey", mode: 0o644)
    try write("\(next.verifier)\n", as: Self.publicForm, mode: 0o644)
    guard renameat(root.rawValue, Self.coming, root.rawValue, Self.current) == 0 else {
      throw .system(errno, "put the new key in its place")
    }
    try root.sync()
  }

  /// What `log.vkey` holds; nil where it is missing.
  func verifierText() throws(AuditFailure) -> String? {
    guard let file = try Descriptor.open(Self.publicForm, in: root, O_RDONLY) else { return nil }
    return String(decoding: try file.bytes(0..<4096), as: UTF8.self)
  }

  private func read(_ name: String) throws(AuditFailure) -> SigningKey? {
    guard let file = try Descriptor.open(name, in: root, O_RDONLY) else { return nil }
    let status = try file.status()
    guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
      throw .unavailable("'keys/\(name)' is open to others: run chmod 600 on it, and rotate the key")
    }
    return try SigningKey(String(decoding: try file.bytes(0..<4096), as: UTF8.self))
  }

  private func write(_ text: String, as name: String, mode: mode_t) throws(AuditFailure) {
    guard let file = try Descriptor.open("draft", in: root, O_WRONLY | O_CREAT | O_TRUNC, mode: mode) else {
      throw .unavailable("'keys' of the store vanished")
    }
    guard fchmod(file.rawValue, mode) == 0 else { throw .system(errno, "write 'keys/\(name)'") }
    try Array(text.utf8).withBytes { (bytes) throws(AuditFailure) in try file.write(bytes) }
    try file.sync()
    guard renameat(root.rawValue, "draft", root.rawValue, name) == 0 else {
      throw .system(errno, "name 'keys/\(name)'")
    }
    try root.sync()
  }
}
