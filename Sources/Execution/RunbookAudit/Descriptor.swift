import Glibc

/// An open file or directory; closed with the last reference to it.
final class Descriptor: Sendable {
  /// The descriptor's number.
  let rawValue: Int32

  /// Takes over an open descriptor.
  init(owning rawValue: Int32) { self.rawValue = rawValue }

  deinit { close(rawValue) }

  /// Opens `name` in `directory` without following a link in its place.
  ///
  /// A file that is to be written must be a plain one with no other name, or the write would act on what has that name
  /// too; nothing is cut off before that is known.
  ///
  /// - Returns: nil where there is nothing of that name.
  static func open(
    _ name: String, in directory: Descriptor, _ flags: Int32, mode: mode_t = 0o600
  ) throws(AuditFailure) -> Descriptor? {
    let safe = flags & ~O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
    let raw = retrying { openat(directory.rawValue, name, safe, mode) }
    if raw >= 0 {
      let file = Descriptor(owning: raw)
      if flags & (O_WRONLY | O_RDWR) != 0 { try file.checkName(name) }
      guard flags & O_TRUNC == 0 || ftruncate(raw, 0) == 0 else { throw .system(errno, "empty '\(name)'") }
      return file
    }
    let error = errno
    guard error != ENOENT || flags & O_CREAT != 0 else { return nil }
    if error == ELOOP || (error == ENOTDIR && isLink(name, in: directory)) {
      throw .unavailable("'\(name)' in the store is a symbolic link, which it never makes")
    }
    throw .system(error, "open '\(name)'")
  }

  /// Refuses what is no plain file with one name.
  private func checkName(_ name: String) throws(AuditFailure) {
    let status = try status()
    guard status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
      throw .tampered(
        "'\(name)' in the store is no plain file with one name, so what else it is would be written too")
    }
  }

  /// Whether `name` is a symbolic link.
  static func isLink(_ name: String, in directory: Descriptor) -> Bool {
    var status = stat()
    return fstatat(directory.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0
      && status.st_mode & S_IFMT == S_IFLNK
  }

  /// What the kernel knows of the file.
  func status() throws(AuditFailure) -> stat {
    var status = stat()
    guard fstat(rawValue, &status) == 0 else { throw .system(errno, "read the state of an open file") }
    return status
  }

  /// Fills as much of `buffer` as there is from `offset` on.
  ///
  /// - Returns: The number of bytes, less than the buffer's only at the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(AuditFailure) -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = Self.retrying {
        pread(rawValue, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, off_t(offset + filled))
      }
      guard count >= 0 else { throw .system(errno, "read the log") }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// The whole file, if it has not more than `limit` bytes, else one byte more than that: enough to see that it is not
  /// what it should be, without the memory that a wrong size would ask for.
  func bytes(upTo limit: Int) throws(AuditFailure) -> [UInt8] {
    try bytes(0..<min(Int(try status().st_size), limit + 1))
  }

  /// The bytes of `range` as far as the file reaches.
  func bytes(_ range: Range<Int>) throws(AuditFailure) -> [UInt8] {
    var failure: AuditFailure?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(AuditFailure) {
        count = try read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
      } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Writes all bytes behind what the descriptor wrote before.
  func write(_ bytes: UnsafeRawBufferPointer) throws(AuditFailure) {
    var rest = bytes
    while !rest.isEmpty {
      let count = Self.retrying { Glibc.write(rawValue, rest.baseAddress, rest.count) }
      guard count >= 0 else { throw .system(errno, "write") }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Makes the content (and what is needed to find it) survive a power failure.
  func sync() throws(AuditFailure) {
    guard Self.retrying({ fsync(rawValue) }) == 0 else { throw .system(errno, "sync") }
  }

  /// Repeats a call that a signal interrupted.
  static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }
}
