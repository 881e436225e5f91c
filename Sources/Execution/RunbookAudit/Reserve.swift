import Glibc

/// Space set aside, so that a run on a full disk can still say how it ended.
enum Reserve {
  /// Its file in the store.
  static let name = "reserve"
  /// Enough for some hundred closing events.
  static let size = 1 << 20

  /// Makes or refills it.
  ///
  /// - Throws: `.full` where there is no room: a run must not begin then.
  static func fill(in store: Descriptor) throws(AuditFailure) {
    guard let file = try Descriptor.open(name, in: store, O_RDWR | O_CREAT) else { return }
    let status = try file.status()
    guard Int(status.st_blocks) * 512 < size || Int(status.st_size) < size else { return }
    let error = posix_fallocate(file.rawValue, 0, off_t(size))
    guard error == 0 else {
      ftruncate(file.rawValue, 0)
      throw .system(error, "keep \(size / 1024) KiB of the disk for closing events")
    }
    try file.sync()
    try store.sync()
  }

  /// Gives its space to whatever is written next.
  ///
  /// - Returns: Whether there was any.
  static func release(in store: Descriptor) -> Bool {
    guard let file = try? Descriptor.open(name, in: store, O_RDWR), let status = try? file.status(),
      status.st_size > 0, ftruncate(file.rawValue, 0) == 0
    else { return false }
    // Some file systems free space only with the next commit of their journal.
    _ = fsync(file.rawValue)
    return true
  }
}
