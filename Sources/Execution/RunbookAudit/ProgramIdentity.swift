import Glibc
public import RunbookModel

/// Which program wrote an event.
public struct ProgramIdentity: Sendable, Hashable {
  /// Its version as `--version` prints it.
  public let version: String
  /// Digest of its file.
  public let digest: Digest

  /// A program.
  public init(version: String, digest: Digest) {
    self.version = version
    self.digest = digest
  }

  /// Its members in the order of the log.
  var encoded: JSONValue {
    ["version": .string(version), "sha256": .string(String(digest.rawValue.dropFirst(7)))]
  }

  /// The running program. Hashing its file takes some 10 ms, so the store remembers the digest beside the
  /// file's device, inode, size and time of last change (`ctime`, which no user can set).
  static func current(version: String, cache directory: Descriptor) throws(AuditFailure) -> ProgramIdentity {
    let raw = Descriptor.retrying { open("/proc/self/exe", O_RDONLY | O_CLOEXEC) }
    guard raw >= 0 else { throw .system(errno, "read this program's file") }
    let file = Descriptor(owning: raw)
    let status = try file.status()
    let key =
      "\(status.st_dev) \(status.st_ino) \(status.st_size) \(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec) "
    if let cached = try Descriptor.open("program", in: directory, O_RDONLY) {
      let text = String(decoding: try cached.bytes(0..<256), as: UTF8.self)
      if text.hasPrefix(key), text.utf8.count == key.utf8.count + 72 {
        return ProgramIdentity(version: version, digest: Digest(String(text.dropFirst(key.count).dropLast())))
      }
    }
    let digest = try digest(of: file, size: Int(status.st_size))
    remember(Array("\(key)\(digest)\n".utf8), in: directory)
    return ProgramIdentity(version: version, digest: digest)
  }

  private static func digest(of file: Descriptor, size: Int) throws(AuditFailure) -> Digest {
    var hash = try SHA256()
    var offset = 0
    while offset < size {
      let bytes = try file.bytes(offset..<min(offset + 1 << 18, size))
      guard !bytes.isEmpty else { break }
      hash.update(bytes)
      offset += bytes.count
    }
    return hash.finish().digest
  }

  /// Best effort: without the note the next process hashes again.
  private static func remember(_ note: [UInt8], in directory: Descriptor) {
    let draft = "program-\(getpid())"
    guard
      let file = try? Descriptor.open(draft, in: directory, O_WRONLY | O_CREAT | O_TRUNC),
      (try? note.withBytes({ (buffer) throws(AuditFailure) in try file.write(buffer) })) != nil,
      renameat(directory.rawValue, draft, directory.rawValue, "program") == 0
    else {
      unlinkat(directory.rawValue, draft, 0)
      return
    }
  }
}
