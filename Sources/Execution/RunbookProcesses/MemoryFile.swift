import CProcess
import Glibc
import RunbookAdapter
import RunbookModel

/// A file without a name, in memory only; wiped before it is closed where it holds secrets.
final class MemoryFile {
  private let file: Descriptor
  private let holdsSecrets: Bool

  /// Input or body of a child: readable from its beginning, never to change again.
  init(_ bytes: [UInt8], name: String) throws(StepFailure) {
    let file = try Self.open(name, mode: 0o444)
    let number = file.number
    let error = bytes.withUnsafeBytes { Self.write($0, to: number) }
    guard error == 0 else { throw .cannotStart("a process", errno: error) }
    guard rb_seal_file(number) == 0 else { throw .cannotStart("a process", errno: errno) }
    self.file = file
    holdsSecrets = false
  }

  /// The parts one after the other, with mode 0600, because tools refuse a password file that others may
  /// read.
  init(_ requested: TargetEnvironment.PrivateFile, secrets: any SecretSource) throws(StepFailure) {
    let file = try Self.open("runbook-private", mode: 0o600)
    let number = file.number
    let escaped = Array(requested.escapedCharacters.utf8)
    for part in requested.parts {
      let error =
        switch part {
        case .plain(let value): Array(value.plainText.utf8).withUnsafeBytes { Self.write($0, to: number) }
        case .secret(let reference):
          try secrets.withBytes(of: reference) { Self.write($0, escaping: escaped, to: number) }
        }
      guard error == 0 else { throw .cannotStart("a process", errno: error) }
    }
    self.file = file
    holdsSecrets = true
  }

  deinit { if holdsSecrets { rb_wipe_file(file.number) } }

  /// For passing on.
  var descriptor: Int32 { file.number }

  /// Where other processes of this user find it as long as it is open here.
  var path: String { "/proc/\(getpid())/fd/\(file.number)" }

  private static func open(_ name: String, mode: mode_t) throws(StepFailure) -> Descriptor {
    let number = rb_memory_file(name, mode)
    guard number >= 0 else { throw .cannotStart("a process", errno: errno) }
    return Descriptor(number)
  }

  /// Writes all of `bytes` at the file's position; returns 0 or the error number.
  static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32) -> Int32 {
    var rest = bytes
    while !rest.isEmpty {
      let count = Glibc.write(file, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return errno }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return 0
  }

  /// Writes with a backslash before each of `escaped`, without a second copy of the bytes anywhere.
  private static func write(
    _ bytes: UnsafeRawBufferPointer, escaping escaped: [UInt8], to file: Int32
  ) -> Int32 {
    var start = 0
    for index in bytes.indices where escaped.contains(bytes[index]) {
      var error = write(UnsafeRawBufferPointer(rebasing: bytes[start..<index]), to: file)
      if error == 0 { error = [UInt8(ascii: "\\")].withUnsafeBytes { write($0, to: file) } }
      guard error == 0 else { return error }
      start = index
    }
    return write(UnsafeRawBufferPointer(rebasing: bytes[start...]), to: file)
  }
}
