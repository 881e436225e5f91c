import Glibc

/// Opens directories of the store so that nobody else can put another one in their place.
enum StoreDirectory {
  /// Linux's O_PATH, which glibc declares for GNU programs only: the directory can be walked through though not
  /// read. The same number on every architecture Swift runs on.
  private static let pathOnly: Int32 = 0o10_000_000

  /// Opens the directory at `path`.
  ///
  /// It must be a directory itself and not a link to one. A link on the way is followed only if it belongs to
  /// root or to the user, for example a `/home` that was moved.
  ///
  /// - Parameter creating: Makes what is missing, mode 0700, durably.
  /// - Returns: nil where it does not exist and is not to be made.
  static func open(_ path: String, creating: Bool) throws(AuditFailure) -> Descriptor? {
    var names = path.split(separator: "/").map { String($0) }
    var current = try start(path.hasPrefix("/") ? "/" : ".")
    var links = 0
    while !names.isEmpty {
      let name = names.removeFirst()
      if name == "." { continue }
      let raw = Descriptor.retrying {
        openat(current.rawValue, name, pathOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      }
      if raw >= 0 {
        current = Descriptor(owning: raw)
        continue
      }
      let error = errno
      if error == ENOENT {
        guard creating else { return nil }
        try make(name, in: current, path: path)
        names.insert(name, at: 0)
        continue
      }
      guard error == ENOTDIR || error == ELOOP, Descriptor.isLink(name, in: current) else {
        throw .system(error, "open '\(name)' of '\(path)'")
      }
      guard !names.isEmpty else { throw .unavailable("the store '\(path)' is a symbolic link") }
      links += 1
      guard links <= 40 else { throw .unavailable("'\(path)' has more than 40 symbolic links") }
      let target = try trustedLink(name, in: current, path: path)
      if target.hasPrefix("/") { current = try start("/") }
      names.insert(contentsOf: target.split(separator: "/").map { String($0) }, at: 0)
    }
    return try readable(current, path)
  }

  /// Refuses a directory that others own or may enter.
  static func checkOwner(_ directory: Descriptor, _ path: String) throws(AuditFailure) {
    let status = try directory.status()
    guard status.st_uid == geteuid() else {
      throw .unavailable("'\(path)' belongs to user \(status.st_uid), not to user \(geteuid())")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw .unavailable("'\(path)' is open to others: run chmod 700 '\(path)'")
    }
    try checkParents(of: directory, status)
  }

  /// Refuses a directory below one in which others may rename: they could put another log in its place, or none.
  ///
  /// The rule of sshd's StrictModes, but for directories with the sticky bit such as `/tmp`, where nobody renames what
  /// is another's.
  private static func checkParents(of directory: Descriptor, _ status: stat) throws(AuditFailure) {
    var (current, below) = (directory, status)
    while true {
      let raw = Descriptor.retrying {
        openat(current.rawValue, "..", pathOnly | O_DIRECTORY | O_CLOEXEC)
      }
      guard raw >= 0 else { throw .system(errno, "look at the folders above the store") }
      current = Descriptor(owning: raw)
      let status = try current.status()
      if status.st_ino == below.st_ino, status.st_dev == below.st_dev { return }
      let isShared = status.st_mode & 0o022 != 0 && status.st_mode & S_ISVTX == 0
      guard status.st_uid == 0 || status.st_uid == geteuid(), !isShared else {
        let place = path(of: current)
        throw .unavailable(
          "'\(place)' is a folder that others can write, so they could put another log in the store's place: "
            + "run chmod go-w '\(place)' if it is yours, or set RUNBOOK_STORE to another place")
      }
      below = status
    }
  }

  /// Where a directory is now, for people.
  private static func path(of directory: Descriptor) -> String {
    (try? readLink("/proc/self/fd/\(directory.rawValue)", in: directory)) ?? "a folder above the store"
  }

  /// Opens a directory of the store.
  ///
  /// - Returns: nil where it does not exist and is not to be made.
  static func open(
    _ name: String, in parent: Descriptor, creating: Bool
  ) throws(AuditFailure) -> Descriptor? {
    if let directory = try Descriptor.open(name, in: parent, O_RDONLY | O_DIRECTORY) { return directory }
    guard creating else { return nil }
    try make(name, in: parent, path: name)
    return try Descriptor.open(name, in: parent, O_RDONLY | O_DIRECTORY)
  }

  private static func start(_ path: String) throws(AuditFailure) -> Descriptor {
    let raw = Descriptor.retrying { Glibc.open(path, pathOnly | O_DIRECTORY | O_CLOEXEC) }
    guard raw >= 0 else { throw .system(errno, "open '\(path)'") }
    return Descriptor(owning: raw)
  }

  /// A descriptor that can be read and synced for one that can only be walked through.
  private static func readable(_ directory: Descriptor, _ path: String) throws(AuditFailure) -> Descriptor {
    let raw = Descriptor.retrying { openat(directory.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard raw >= 0 else { throw .system(errno, "open '\(path)'") }
    return Descriptor(owning: raw)
  }

  private static func make(_ name: String, in parent: Descriptor, path: String) throws(AuditFailure) {
    guard mkdirat(parent.rawValue, name, 0o700) == 0 || errno == EEXIST else {
      throw .system(errno, "make the directory '\(name)' of '\(path)'")
    }
    try readable(parent, path).sync()
  }

  private static func trustedLink(
    _ name: String, in directory: Descriptor, path: String
  ) throws(AuditFailure) -> String {
    var status = stat()
    guard fstatat(directory.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw .system(errno, "read '\(name)' of '\(path)'")
    }
    guard status.st_uid == 0 || status.st_uid == geteuid() else {
      throw .unavailable("'\(name)' of '\(path)' is a symbolic link of user \(status.st_uid)")
    }
    return try readLink(name, in: directory)
  }

  private static func readLink(_ name: String, in directory: Descriptor) throws(AuditFailure) -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { text in
        text.baseAddress.map { readlinkat(directory.rawValue, name, $0, text.count) } ?? -1
      }
    }
    guard count >= 0 else { throw .system(errno, "read the link '\(name)'") }
    return String(decoding: buffer[..<count], as: UTF8.self)
  }
}
