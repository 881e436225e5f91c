import RunbookModel

/// Finds the event that changes the key, among those at the journal's end.
struct RotationSearch {
  /// The journal.
  let file: Descriptor
  /// Bytes of its complete lines.
  let size: Int
  /// The number of its last event.
  let last: UInt64

  /// The event that changes the key from `old` to `next`, and where its line ends, its line feed included.
  ///
  /// - Parameter signed: Events that are signed for; the last one of them counts too, because the checkpoint over it
  ///   may have been signed before the new key was put in its place.
  func change(
    from old: VerifierKey, to next: VerifierKey, behind signed: UInt64
  ) throws(AuditFailure) -> (sequence: UInt64, end: Int)? {
    let change = LogEvent.keyRotated(from: old.description, key: next.description)
    var sequence = signed > 0 ? signed - 1 : 0
    var offset = try JournalSearch(file: file, size: size).offset(of: sequence, last: last)
    while offset < size {
      let bytes = try file.bytes(offset..<min(size, offset + 1 << 20))
      guard let end = bytes.lastIndex(of: 0x0a) else {
        throw .tampered("the line of event \(sequence) is too long")
      }
      for line in bytes[..<end].split(separator: 0x0a, omittingEmptySubsequences: false) {
        offset += line.count + 1
        if try Self.says(change, line) { return (sequence, offset) }
        sequence += 1
      }
    }
    return nil
  }

  private static func says(_ change: LogEvent, _ line: ArraySlice<UInt8>) throws(AuditFailure) -> Bool {
    let isChange = line.withUnsafeBytes { EventLineScan($0)?.isOf(type: "key.rotated") ?? false }
    guard isChange else { return false }
    let event = try StoredEvent(line: line) { (_) throws(AuditFailure) in
      throw .notFound("blobs are not needed here")
    }
    return event.content == .log(change)
  }
}
