import Glibc
public import RunbookModel

/// Texts too long for an event, each under its digest; never changed, never removed.
public struct BlobStore: Sendable {
  /// `blobs/sha256`.
  private let root: Descriptor
  /// Where blobs are written before they have a name.
  private let workshop: Descriptor?

  init(root: Descriptor, workshop: Descriptor?) {
    self.root = root
    self.workshop = workshop
  }

  /// Stores `bytes`; durable when it returns.
  public func put(_ bytes: [UInt8]) throws(AuditFailure) -> Digest {
    let digest = try Digest.sha256(bytes)
    if try exists(digest) { return digest }
    var draft = try draft()
    do throws(AuditFailure) {
      try bytes.withBytes { (buffer) throws(AuditFailure) in try draft.write(buffer) }
      return try draft.finish()
    } catch {
      draft.discard()
      throw error
    }
  }

  /// The bytes of a blob.
  ///
  /// - Throws: `.notFound` where there is none, `.tampered` where its bytes are not those it was stored with.
  public func bytes(of digest: Digest) throws(AuditFailure) -> [UInt8] {
    let (folder, name) = try Self.place(of: digest)
    guard let directory = try StoreDirectory.open(folder, in: root, creating: false),
      let file = try Descriptor.open(name, in: directory, O_RDONLY)
    else { throw .notFound("the store has no blob \(digest)") }
    try Self.checkSize(of: file, digest)
    let bytes = try file.bytes(upTo: Self.sizeLimit)
    guard try Digest.sha256(bytes) == digest else {
      throw .tampered("the blob \(digest) holds other bytes than were stored")
    }
    return bytes
  }

  /// What a reader takes for a blob at most; the output of a step is kept up to much less.
  private static let sizeLimit = 1 << 30

  private static func checkSize(of file: Descriptor, _ digest: Digest) throws(AuditFailure) {
    guard try file.status().st_size <= sizeLimit else {
      throw .tampered("the blob \(digest) is longer than any that is stored")
    }
  }

  /// Compares a blob with its digest, in constant memory.
  ///
  /// - Throws: As `bytes(of:)`.
  func check(_ digest: Digest) throws(AuditFailure) {
    let (folder, name) = try Self.place(of: digest)
    guard let directory = try StoreDirectory.open(folder, in: root, creating: false),
      let file = try Descriptor.open(name, in: directory, O_RDONLY)
    else { throw .notFound("the store has no blob \(digest)") }
    try Self.checkSize(of: file, digest)
    var hash = try SHA256()
    var offset = 0
    while case let bytes = try file.bytes(offset..<(offset + 1 << 18)), !bytes.isEmpty {
      hash.update(bytes)
      offset += bytes.count
    }
    guard hash.finish().digest == digest else {
      throw .tampered("the blob \(digest) holds other bytes than were stored")
    }
  }

  /// A blob that is written piece by piece.
  func draft() throws(AuditFailure) -> BlobDraft {
    guard let workshop else { throw .unavailable("the store is open for reading only") }
    return try BlobDraft(in: workshop, of: self)
  }

  /// Gives a finished draft its name; file and directory are durable when it returns.
  func adopt(_ draft: String, from workshop: Descriptor, as digest: Digest) throws(AuditFailure) {
    let (folder, name) = try Self.place(of: digest)
    guard let directory = try StoreDirectory.open(folder, in: root, creating: true) else {
      throw .unavailable("the directory of blob \(digest) vanished")
    }
    guard renameat(workshop.rawValue, draft, directory.rawValue, name) == 0 else {
      throw .system(errno, "name blob \(digest)")
    }
    try directory.sync()
  }

  /// Whether it is there, durably: another process may have named it a moment ago and not synced yet.
  private func exists(_ digest: Digest) throws(AuditFailure) -> Bool {
    let (folder, name) = try Self.place(of: digest)
    guard let directory = try StoreDirectory.open(folder, in: root, creating: false),
      let file = try Descriptor.open(name, in: directory, O_RDONLY)
    else { return false }
    try file.sync()
    try directory.sync()
    return true
  }

  private static func place(of digest: Digest) throws(AuditFailure) -> (folder: String, name: String) {
    let text = digest.rawValue.utf8
    let digits = text.dropFirst(7)
    guard digest.rawValue.hasPrefix("sha256:"), digits.count == 64,
      digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { throw .notFound("'\(digest)' is no digest") }
    let name = String(digest.rawValue.dropFirst(7))
    return (String(name.prefix(2)), name)
  }
}

/// A blob without a name yet: a file of its own in the run's folder.
struct BlobDraft: ~Copyable {
  private let store: BlobStore
  private let workshop: Descriptor
  private let name: String
  private let file: Descriptor
  private var hash: SHA256

  init(in workshop: Descriptor, of store: BlobStore) throws(AuditFailure) {
    let name = "blob-" + hexadecimal(randomBytes(16))
    let hash = try SHA256()
    guard let file = try Descriptor.open(name, in: workshop, O_WRONLY | O_CREAT | O_EXCL, mode: 0o400) else {
      throw .unavailable("the folder of unfinished blobs vanished")
    }
    self.store = store
    self.workshop = workshop
    self.name = name
    self.file = file
    self.hash = hash
  }

  /// Adds bytes.
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditFailure) {
    hash.update(bytes)
    try file.write(bytes)
  }

  /// Stores it under the digest of what was written; durable when it returns.
  mutating func finish() throws(AuditFailure) -> Digest {
    let digest = hash.finish().digest
    try file.sync()
    try store.adopt(name, from: workshop, as: digest)
    return digest
  }

  /// Removes it.
  func discard() { unlinkat(workshop.rawValue, name, 0) }
}

/// Bytes from the kernel's generator.
func randomBytes(_ count: Int) -> [UInt8] {
  // The system's generator is getrandom(2) on Linux.
  var generator = SystemRandomNumberGenerator()
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count)
  while bytes.count < count {
    withUnsafeBytes(of: generator.next()) { bytes += $0.prefix(count - bytes.count) }
  }
  return bytes
}

/// Two lower-case digits a byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  var digits: [UInt8] = []
  for byte in bytes {
    digits.append(hexadecimalDigit(byte >> 4))
    digits.append(hexadecimalDigit(byte & 15))
  }
  return String(decoding: digits, as: UTF8.self)
}
