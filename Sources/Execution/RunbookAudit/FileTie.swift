import Glibc

/// A file that must stay the one its path names.
struct FileTie: Sendable {
  private let path: String
  private let device: dev_t
  private let inode: ino_t

  /// - Throws: `.unavailable` where `path` names another file than `descriptor` by now.
  init(path: String, descriptor: Int32) throws(AuditFailure) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(errno, "read the state of '\(path)'") }
    self.path = path
    device = status.st_dev
    inode = status.st_ino
    guard holds else { throw failure }
  }

  /// Whether it still does.
  var holds: Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_dev == device && status.st_ino == inode
  }

  /// What is wrong where it does not.
  var failure: AuditFailure {
    .unavailable("'\(path)' was removed or replaced, so another process may go on with the run")
  }
}
