import Glibc

/// Where the locks of a machine are.
public struct LockFolder: Sendable, Hashable {
  /// The folder all users of a machine share where there is one. An administrator makes it, for example with
  /// `install -d -m 2770 -g ops /run/lock/runbook`.
  public static let shared = "/run/lock/runbook"

  /// The directory.
  public let path: String
  /// Of new lock files.
  public let mode: UInt32

  /// `shared` where it is a directory of root or of this user in which this user can write, else `locks` in the store,
  /// which is made.
  ///
  /// - Throws: `.unusable` where everybody may remove other users' files from `shared`: who removes a lock that is
  ///   held lets two have it. Going on with the store's folder instead would, too.
  public init(store: String, shared: String = LockFolder.shared) throws(LockFailure) {
    if try Self.isUsable(shared) {
      path = shared
      mode = 0o660
      return
    }
    path = store + "/locks"
    mode = 0o600
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw .unusable("'\(path)' cannot be made: \(String(cString: strerror(errno)))")
    }
  }

  /// The file of a lock, whose name the compiler has validated.
  public func file(of lock: String) -> String { "\(path)/\(lock).lock" }

  private static func isUsable(_ path: String) throws(LockFailure) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      status.st_uid == 0 || status.st_uid == geteuid()
    else { return false }
    guard status.st_mode & 0o1002 != 0o0002 else {
      throw .unusable("'\(path)' lets everybody remove locks that others hold: run chmod o-w '\(path)'")
    }
    return access(path, W_OK | X_OK) == 0
  }
}
