import Glibc

/// Files that a library opens by their names.
public enum NamedFile {
  /// What keeps `path` from being read to its end at once: a pipe or a device would hold its reader for ever. nil for
  /// a regular file, and where there is none: who opens it says so.
  public static func problem(_ path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: ""
      case S_IFDIR: "a directory"
      case S_IFIFO: "a pipe"
      case S_IFSOCK: "a socket"
      default: "a device"
      }
    return kind.isEmpty ? nil : "'\(path)' is \(kind), and a regular file is wanted"
  }
}
