import Glibc

extension Journal {
  /// A store of a later version, with more files than this one knows, must not be written to.
  static func refuseUnknownFiles(in directory: Descriptor) throws(AuditFailure) {
    let raw = openat(directory.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard raw >= 0, let list = fdopendir(raw) else { throw .system(errno, "list the journal") }
    defer { closedir(list) }
    while let entry = readdir(list) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if name.hasSuffix(".jsonl"), name != Self.name {
        throw .unavailable("'journal/\(name)' was written by a later version of this program")
      }
    }
  }
}
