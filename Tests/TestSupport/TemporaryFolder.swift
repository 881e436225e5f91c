import Glibc

/// A folder of a test's own, which goes with its owner.
public final class TemporaryFolder: Sendable {
  /// Its absolute path, without links in it.
  public let path: String

  /// Makes one in `/tmp`, where paths are short enough for sockets.
  public init() {
    var template = Array("/tmp/runbook-test-XXXXXX".utf8CString)  // mkdtemp(3) replaces six X
    path = mkdtemp(&template).map { String(cString: $0) } ?? ""
    precondition(!path.isEmpty, "no temporary folder can be made: \(String(cString: strerror(errno)))")
  }

  deinit { removeTree(path) }
}

/// Deletes a folder and all below it, without following links.
public func removeTree(_ folder: String) {
  for entry in entries(of: folder) {
    if entry.isFolder { removeTree(entry.path) } else { unlink(entry.path) }
  }
  rmdir(folder)
}

/// The files below a folder; links are among them and not followed.
public func filesBelow(_ folder: String) -> [String] {
  entries(of: folder).flatMap { $0.isFolder ? filesBelow($0.path) : [$0.path] }
}

/// A whole file; empty where it cannot be read. Its size need not be known, as in /proc.
public func fileBytes(_ path: String) -> [UInt8] {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return [] }
  defer { close(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(file, &buffer, buffer.count)
    guard count > 0 else { return bytes }
    bytes += buffer[..<count]
  }
}

/// What is in a folder; nothing where it cannot be read.
public func entries(of folder: String) -> [(path: String, isFolder: Bool)] {
  guard let directory = opendir(folder) else { return [] }
  defer { closedir(directory) }
  var entries: [(path: String, isFolder: Bool)] = []
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    guard name != ".", name != ".." else { continue }
    entries.append((folder + "/" + name, entry.pointee.d_type == UInt8(DT_DIR)))
  }
  return entries
}
