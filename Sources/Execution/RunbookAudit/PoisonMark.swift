import Glibc
import RunbookModel

/// `journal/poisoned`: what was written last may not be on the disk, so nobody may build on it.
enum PoisonMark {
  /// Its file in `journal/`.
  static let name = "poisoned"

  /// Whether the log is poisoned.
  static func exists(in journal: Descriptor) -> Bool {
    faccessat(journal.rawValue, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0
  }

  /// Poisons the log; best effort, because the disk is failing.
  ///
  /// - Parameter durableSize: Bytes of the journal that are known to be on the disk.
  static func set(in journal: Descriptor, durableSize: Int, reason: String) {
    guard let file = try? Descriptor.open(name, in: journal, O_WRONLY | O_CREAT | O_EXCL) else { return }
    let text: JSONValue = ["durable_bytes": .integer(durableSize), "reason": .string(reason)]
    try? (text.utf8 + [0x0a]).withBytes { (buffer) throws(AuditFailure) in try file.write(buffer) }
    try? file.sync()
    try? journal.sync()
  }

  /// The bytes known to be on the disk; nil where the mark does not tell.
  static func durableSize(in journal: Descriptor) throws(AuditFailure) -> Int? {
    guard let file = try Descriptor.open(name, in: journal, O_RDONLY) else { return nil }
    let bytes = try file.bytes(0..<4096)
    return (try? JSONValue(parsing: bytes))?["durable_bytes"]?.integer
  }

  /// Ends the poisoning.
  static func remove(from journal: Descriptor) throws(AuditFailure) {
    guard unlinkat(journal.rawValue, name, 0) == 0 || errno == ENOENT else {
      throw .system(errno, "remove '\(name)'")
    }
    try journal.sync()
  }
}
