import Glibc

/// A file that is there whole, or is left as it was.
///
/// What was at its path stays until all is on the disk: a regular file is replaced in one step, through a link too.
/// Anything else, such as `/dev/stdout` or a pipe, is written to.
final class FileDraft {
  private let path: String
  private let exitCode: Int32
  private let descriptor: Int32
  /// Where it is written, and what it is named at the end; nil where it is written to what is there.
  private let names: (draft: String, final: String)?
  private var isKept = false

  /// Begins a file; a new one gets mode 0644 less the umask.
  ///
  /// - Parameter exitCode: Of the failures.
  init(_ path: String, mode: mode_t = 0o644, exitCode: Int32) throws(CommandFailure) {
    self.path = path
    self.exitCode = exitCode
    var status = stat()
    let isThere = stat(path, &status) == 0
    // What `/dev/stdout` and its like lead to may be a regular file, but is somebody else's to keep.
    let isStream = Files.isBelow("/dev", path) || Files.isBelow("/proc", path)
    if isStream || (isThere && status.st_mode & S_IFMT != S_IFREG) {
      names = nil
      descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY)
      guard descriptor >= 0 else { throw Self.failure(path, exitCode) }
      return
    }
    if isThere, access(path, W_OK) != 0 { throw Self.failure(path, exitCode) }
    let final = Files.realPath(path) ?? path
    let draft = final + ".\(UInt32.random(in: 0 ... .max)).new"
    descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    names = (draft, final)
    guard descriptor >= 0 else { throw Self.failure(path, exitCode) }
    if isThere, fchmod(descriptor, status.st_mode & 0o777) != 0 { throw Self.failure(path, exitCode) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    if !isKept, let names { unlink(names.draft) }
  }

  /// Adds bytes.
  func write(_ bytes: [UInt8]) throws(CommandFailure) {
    let isWritten = bytes.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
    guard isWritten else { throw Self.failure(path, exitCode) }
  }

  /// Puts it in its place.
  func keep() throws(CommandFailure) {
    guard let names else { return }
    guard fsync(descriptor) == 0, rename(names.draft, names.final) == 0 else {
      throw Self.failure(path, exitCode)
    }
    isKept = true
  }

  private static func failure(_ path: String, _ exitCode: Int32) -> CommandFailure {
    CommandFailure("\(path): \(String(cString: strerror(errno)))", exitCode: exitCode)
  }
}
