import Glibc
import RunbookModel

/// A lock: an flock on a file that says who has it.
///
/// The flock goes with the processes that hold the descriptor, so that it is free when the last of them is gone,
/// however it died. What the file says stays, and tells the next one whose place it takes.
public final class LockFile: Sendable {
  /// Where it is.
  public let path: String
  /// Held as long as it is open anywhere; for `SupervisedProcesses.hold`.
  public let descriptor: Int32
  /// Whom the file named when the lock was taken: a run whose processes are dead. nil: nobody.
  public let predecessor: LockHolder?

  private init(path: String, descriptor: Int32, predecessor: LockHolder?) {
    self.path = path
    self.descriptor = descriptor
    self.predecessor = predecessor
  }

  deinit { close(descriptor) }

  /// Takes the lock without waiting.
  ///
  /// - Parameters:
  ///   - mode: Of a new file.
  ///   - readsPredecessor: Whether it matters who had it before; if not, the file may say anything.
  /// - Throws: `.held` by a living process; `.unusable` where the file cannot be opened, is no regular file, or names
  ///   nobody that can be made out.
  public static func take(
    _ path: String, mode: UInt32, readsPredecessor: Bool = true
  ) throws(LockFailure) -> LockFile {
    let descriptor = try open(path, mode)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let error = errno
      defer { close(descriptor) }
      guard error == EWOULDBLOCK else { throw .unusable("'\(path)' cannot be locked: \(words(error))") }
      throw .held(LockHolder(parsing: contents(of: descriptor) ?? []))
    }
    guard isNamed(path, descriptor) else {
      close(descriptor)
      throw .unusable("'\(path)' was removed or replaced just now")
    }
    guard readsPredecessor else { return LockFile(path: path, descriptor: descriptor, predecessor: nil) }
    guard let bytes = contents(of: descriptor) else {
      let error = errno
      close(descriptor)
      throw .unusable("'\(path)' cannot be read: \(words(error))")
    }
    guard !bytes.isEmpty else { return LockFile(path: path, descriptor: descriptor, predecessor: nil) }
    guard let holder = LockHolder(parsing: bytes) else {
      close(descriptor)
      throw .unusable("'\(path)' does not say who had it last; empty it where nothing is left open")
    }
    return LockFile(path: path, descriptor: descriptor, predecessor: holder)
  }

  /// Whether the file is the one under its name: of a removed one the next run would make another, and both would
  /// have the lock.
  private static func isNamed(_ path: String, _ descriptor: Int32) -> Bool {
    var named = stat()
    var opened = stat()
    return lstat(path, &named) == 0 && fstat(descriptor, &opened) == 0 && named.st_ino == opened.st_ino
      && named.st_dev == opened.st_dev
  }

  /// Who has a lock.
  public enum Standing: Sendable, Hashable {
    case free
    /// nil: the file does not say who.
    case held(LockHolder?)
  }

  /// Who has the lock at `path`, without taking it from anybody; free where there is no such file.
  ///
  /// Tries a shared lock for a moment, so that whoever takes it just then may have to try again.
  public static func standing(_ path: String) -> Standing {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return .free }
    defer { close(descriptor) }
    if flock(descriptor, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK { return .free }
    return .held(LockHolder(parsing: contents(of: descriptor) ?? []))
  }

  /// Writes down who has it now; survives a power failure.
  public func claim(_ holder: LockHolder) throws(LockFailure) {
    let bytes = holder.json.utf8 + [0x0a]
    let isWritten = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) == $0.count }
    guard isWritten, ftruncate(descriptor, off_t(bytes.count)) == 0, fsync(descriptor) == 0 else {
      throw .unusable("'\(path)' cannot be written: \(Self.words(errno))")
    }
  }

  /// Gives it back, in all processes that have the descriptor.
  ///
  /// - Parameter keepsName: The run left something open: its name stays for the next one to see.
  public func release(keepsName: Bool) {
    if !keepsName { _ = ftruncate(descriptor, 0) }
    flock(descriptor, LOCK_UN)
  }

  /// An open one first: the kernel refuses O_CREAT on another user's file in a shared folder (protected_regular).
  private static func open(_ path: String, _ mode: UInt32) throws(LockFailure) -> Int32 {
    let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    var descriptor = Glibc.open(path, flags)
    if descriptor < 0, errno == ENOENT {
      descriptor = Glibc.open(path, flags | O_CREAT | O_EXCL, mode)
      // What the umask took away, the team needs.
      if descriptor >= 0 { fchmod(descriptor, mode) }
      if descriptor < 0, errno == EEXIST { descriptor = Glibc.open(path, flags) }
    }
    guard descriptor >= 0 else { throw .unusable("'\(path)' cannot be opened: \(words(errno))") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
      close(descriptor)
      throw .unusable("'\(path)' is no regular file with one name")
    }
    return descriptor
  }

  /// The first line, at most 4 KiB; nil with errno set where it cannot be read.
  private static func contents(of descriptor: Int32) -> [UInt8]? {
    var isRead = true
    let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      let length = pread(descriptor, buffer.baseAddress, 4096, 0)
      isRead = length >= 0
      count = max(0, length)
    }
    return isRead ? Array(bytes.prefix { $0 != 0x0a }) : nil
  }

  private static func words(_ error: Int32) -> String { String(cString: strerror(error)) }
}
