import Glibc

/// What the library reads from disk, without Foundation.
enum Files {
  /// Why a file cannot be read.
  struct Failure: Error, Sendable {
    let path: String
    let reason: String

    init(path: String, reason: String) {
      self.path = path
      self.reason = reason
    }

    /// In the system's own words.
    init(path: String, code: Int32) { self.init(path: path, reason: String(cString: strerror(code))) }
  }

  /// The bytes of a regular file, at most `limit` of them. Never waits for a pipe's other end.
  static func read(_ path: String, limit: Int = 64 << 20) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Failure(path: path, code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw Failure(path: path, reason: "Not a regular file")
      }
      throw Failure(path: path, code: EISDIR)
    }
    guard status.st_size <= limit else { throw Failure(path: path, code: EFBIG) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress! + done, $0.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Failure(path: path, code: errno) }
      if count == 0 { break }
      done += count
    }
    return Array(bytes[..<done])
  }

  /// Names in a directory, sorted, without `.` and `..`; empty where it cannot be read.
  static func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Whether a path leads to a directory; without `followingLinks`, whether it is one itself.
  static func isDirectory(_ path: String, followingLinks: Bool = true) -> Bool {
    var status = stat()
    return (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0
      && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether a path leads to anything.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The path without symbolic links, nil where it leads nowhere.
  static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Everything before the last `/`; `.` where there is none.
  static func parent(of path: String) -> String {
    // Bytes, as everywhere with paths: a slash and a combining mark are one Character.
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Whether a path without symbolic links lies below `directory`.
  static func isBelow(_ directory: String, _ path: String) -> Bool {
    path.utf8.starts(with: directory == "/" ? "/".utf8 : (directory + "/").utf8)
  }

  /// `path` as seen from `directory`, or unchanged where it lies elsewhere.
  static func relative(_ path: String, to directory: String) -> String {
    guard isBelow(directory, path) else { return path }
    return String(Substring(path.utf8.dropFirst(directory == "/" ? 1 : directory.utf8.count + 1)))
  }
}

extension Files {
  /// Writes a whole file, or none: see `FileDraft`.
  static func write(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
    let draft = try FileDraft(path, exitCode: 1)
    try draft.write(bytes)
    try draft.keep()
  }

  /// The descriptor of a nameless file that children inherit.
  static func temporary(_ bytes: [UInt8]) throws(CommandFailure) -> Int32 {
    let (descriptor, path) = try temporaryFile(bytes)
    unlink(path)
    lseek(descriptor, 0, SEEK_SET)
    return descriptor
  }

  /// The path of a file in the temporary folder; who asks for it removes it.
  static func temporaryPath(_ bytes: [UInt8]) throws(CommandFailure) -> String {
    let (descriptor, path) = try temporaryFile(bytes)
    close(descriptor)
    return path
  }

  private static func temporaryFile(
    _ bytes: [UInt8]
  ) throws(CommandFailure) -> (descriptor: Int32, path: String) {
    let folder = ProcessInfo.environment("TMPDIR") ?? "/tmp"
    var template = Array("\(folder)/runbook-XXXXXX".utf8CString)  // mkstemp(3) replaces six X
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else {
      throw CommandFailure("no temporary file in \(folder): \(String(cString: strerror(errno)))", exitCode: 1)
    }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do throws(CommandFailure) {
      try writeAll(bytes, to: descriptor, path: path)
    } catch {
      close(descriptor)
      unlink(path)
      throw error
    }
    return (descriptor, path)
  }

  /// The absolute path of a program on PATH.
  static func program(named name: String) -> String? {
    (ProcessInfo.environment("PATH") ?? "/usr/bin:/bin").split(separator: ":").lazy
      .map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 && !isDirectory($0) }
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(CommandFailure) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw CommandFailure("\(path): \(String(cString: strerror(errno)))", exitCode: 1)
      }
      done += count
    }
  }
}
