import Glibc
import RunbookModel

/// Reads `checkpoints.log` record by record, in constant memory.
struct CheckpointReader {
  /// One record.
  enum Record {
    case note(SignedNote, Checkpoint)
    /// Something else: what is wrong with it.
    case damaged(String)
    /// A record without its end, at the end of the file.
    case unfinished
  }

  private let file: Descriptor
  private let size: Int
  private var offset = 0

  init(file: Descriptor) throws(AuditFailure) {
    self.file = file
    size = Int(try file.status().st_size)
  }

  /// The next record; nil behind the last one.
  mutating func next() throws(AuditFailure) -> Record? {
    guard offset < size else { return nil }
    let bytes = try file.bytes(offset..<min(size, offset + CheckpointLog.recordLimit))
    let dash = Array("\u{2014} ".utf8)
    var line = 0
    var followsSignature = false
    for index in bytes.indices where bytes[index] == 0x0a {
      if index == line, followsSignature {
        let place = offset
        offset += index + 1
        guard let text = String(validating: bytes[..<index], as: UTF8.self), let note = SignedNote(text),
          note.description == text, let checkpoint = Checkpoint(note.text)
        else { return .damaged("the record at byte \(place) of 'checkpoints.log' is no checkpoint") }
        return .note(note, checkpoint)
      }
      followsSignature = bytes[line..<index].starts(with: dash)
      line = index + 1
    }
    let place = offset
    defer { offset = size }
    guard size - place < CheckpointLog.recordLimit else {
      return .damaged("'checkpoints.log' holds no checkpoints from byte \(place) on")
    }
    return .unfinished
  }
}
