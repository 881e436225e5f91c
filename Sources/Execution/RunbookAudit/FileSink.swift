import Glibc
import Synchronization

/// Lines at the end of a file, synced; a pipe or a device will do.
///
/// A file that was renamed is left as it is and a new one begun at its path, which is how it is rotated. One that was
/// removed or cut took events with it that must be somewhere: the sink has failed then.
final class FileSink: RequiredSink {
  private let path: String
  /// The file, and its size when it was last looked at; other processes only add to it.
  private let file: Mutex<(descriptor: Descriptor, size: Int64)>

  /// Opens a file, which is made if it is missing.
  init(_ path: String) throws(AuditFailure) {
    self.path = path
    guard let descriptor = Self.open(path), let status = try? descriptor.status() else {
      throw .unavailable("the required sink '\(path)' cannot be opened: \(systemReason())")
    }
    file = Mutex((descriptor, Int64(status.st_size)))
  }

  func write(_ lines: SinkLines, until deadline: Int64, clock: AuditClock) throws(AuditFailure) {
    var (descriptor, size) = file.withLock { $0 }
    let isRenamed = try check(descriptor, size)
    if isRenamed {
      guard let next = Self.open(path) else {
        throw .sink("the required sink '\(path)' cannot be opened: \(systemReason())")
      }
      (descriptor, size) = (next, 0)
    }
    try send(lines.bytes[...], to: descriptor, path, deadline, clock)
    // A pipe or a device has nothing to sync.
    guard Descriptor.retrying({ fdatasync(descriptor.rawValue) }) == 0 || errno == EINVAL || errno == EROFS
    else { throw .sink("the required sink '\(path)' cannot be synced: \(systemReason())") }
    _ = try check(descriptor, size)
    size = Int64(try descriptor.status().st_size)
    file.withLock { [descriptor, size] in $0 = (descriptor, size) }
  }

  /// Whether another file belongs to the path by now.
  ///
  /// - Throws: `.sink` where events that were written are gone.
  private func check(_ descriptor: Descriptor, _ size: Int64) throws(AuditFailure) -> Bool {
    let status = try descriptor.status()
    guard status.st_mode & S_IFMT == S_IFREG else { return false }
    guard status.st_nlink > 0 else {
      throw .sink("the required sink '\(path)' was removed, and the events in it are gone")
    }
    guard status.st_size >= size else {
      throw .sink("the required sink '\(path)' was cut, and events in it are gone: rotate it by renaming it")
    }
    var named = stat()
    return lstat(path, &named) != 0 || named.st_ino != status.st_ino || named.st_dev != status.st_dev
  }

  /// Opens the file for adding; nil with errno set where that fails.
  private static func open(_ path: String) -> Descriptor? {
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY
    let raw = Descriptor.retrying { Glibc.open(path, flags, 0o640) }
    return raw < 0 ? nil : Descriptor(owning: raw)
  }
}
