import Glibc

/// `checkpoints.log`: every checkpoint ever issued, each a signed note with a blank line behind it.
struct CheckpointLog: Sendable {
  /// Its name in the store.
  static let name = "checkpoints.log"

  private let file: Descriptor

  init(file: Descriptor) { self.file = file }

  /// Opens it for writing, and makes it if there is none.
  static func open(in store: Descriptor) throws(AuditFailure) -> CheckpointLog {
    guard let file = try Descriptor.open(name, in: store, O_RDWR | O_CREAT) else {
      throw .unavailable("'\(name)' vanished")
    }
    return CheckpointLog(file: file)
  }

  /// Bytes.
  func size() throws(AuditFailure) -> Int { Int(try file.status().st_size) }

  /// The last whole checkpoint, and where it ends; nil where there is none.
  ///
  /// - Throws: `.tampered` where the last whole record is no checkpoint.
  func last() throws(AuditFailure) -> (note: SignedNote, checkpoint: Checkpoint, end: Int)? {
    let size = try size()
    let start = max(0, size - 3 * Self.recordLimit)
    let bytes = try file.bytes(start..<size)
    let dash = Array("\u{2014} ".utf8)
    // A record ends with a blank line behind a signature; the blank line inside it stands before one.
    var ends: [Int] = []
    var line = 0
    var followsSignature = false
    for index in bytes.indices where bytes[index] == 0x0a {
      if index == line, followsSignature { ends.append(index + 1) }
      followsSignature = bytes[line..<index].starts(with: dash)
      line = index + 1
    }
    guard let end = ends.last else {
      guard start == 0 else { throw .tampered("'\(Self.name)' holds no checkpoint at its end") }
      return nil
    }
    let text = String(decoding: bytes[(ends.dropLast().last ?? 0)..<(end - 1)], as: UTF8.self)
    guard let note = SignedNote(text), let checkpoint = Checkpoint(note.text) else {
      throw .tampered("the last record of '\(Self.name)' is no checkpoint")
    }
    return (note, checkpoint, start + end)
  }

  /// The sizes of all checkpoints, in order.
  func sizes() throws(AuditFailure) -> [UInt64] {
    var reader = try CheckpointReader(file: file)
    var sizes: [UInt64] = []
    while let record = try reader.next() {
      if case .note(_, let checkpoint) = record, checkpoint.size >= sizes.last ?? 0 {
        sizes.append(checkpoint.size)
      }
    }
    return sizes
  }

  /// A checkpoint with its signatures is much shorter.
  static let recordLimit = 16_384

  /// Cuts off what is behind `end`: a record that was never finished, so that nobody has seen it.
  func cut(at end: Int) throws(AuditFailure) {
    guard ftruncate(file.rawValue, off_t(end)) == 0 else { throw .system(errno, "mend '\(Self.name)'") }
    try file.sync()
  }

  /// Adds a checkpoint behind `end`; durable when it returns.
  func append(_ note: SignedNote, at end: Int, device: JournalDevice) throws(AuditFailure) -> Int {
    let bytes = Array((note.description + "\n").utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Descriptor.retrying {
          device.write(file.rawValue, UnsafeRawBufferPointer(rebasing: buffer[written...]), end + written)
        }
      }
      guard count > 0 else {
        let failure = AuditFailure.system(count < 0 ? errno : ENOSPC, "write '\(Self.name)'")
        ftruncate(file.rawValue, off_t(end))
        throw failure
      }
      written += count
    }
    guard Descriptor.retrying({ device.sync(file.rawValue) }) == 0 else {
      throw .unavailable(AuditFailure.system(errno, "sync '\(Self.name)'").reason)
    }
    return end + bytes.count
  }
}
