import Glibc
import RunbookDiagnostics
import RunbookModel

/// The files of this repository.
enum Repository {
  /// Its root, from this file's own place.
  static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

  /// The bytes of a file, by its path from the root.
  static func bytes(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path.hasPrefix("/") ? path : root + "/" + path, "rb") else {
      throw Missing(path: path)
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return bytes
  }

  /// A JSON file.
  static func json(_ path: String) throws -> JSONValue { try JSONValue(parsing: bytes(path)) }

  /// A file as a page or an environment.
  static func source(_ path: String) throws -> SourceFile { SourceFile(path: path, bytes: try bytes(path)) }

  /// Names of the files in a folder that end in `suffix`, sorted, without it.
  static func names(in folder: String, suffix: String) throws -> [String] {
    guard let directory = opendir(root + "/" + folder) else { throw Missing(path: folder) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(suffix) { names.append(String(name.dropLast(suffix.count))) }
    }
    return names.sorted()
  }

  /// Writes a file.
  static func write(_ text: String, to path: String) throws {
    guard let file = fopen(path.hasPrefix("/") ? path : root + "/" + path, "wb") else {
      throw Missing(path: path)
    }
    defer { fclose(file) }
    fputs(text, file)
  }

  /// A file or folder that should be there.
  struct Missing: Error {
    let path: String
  }
}
