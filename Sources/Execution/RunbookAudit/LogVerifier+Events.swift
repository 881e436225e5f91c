/// Whether what is chained and signed can be read as events at all.
extension LogVerifier {
  /// Reads an event as every other command does, unless one like it was read already.
  mutating func checkReading(
    _ scan: EventLineScan, _ line: UnsafeRawBufferPointer, _ shape: JSONShape
  ) {
    guard shape.isOdd || !readable.contains(shape.value) else { return }
    var reason: String?
    var isBlobMissing = false
    do throws(AuditFailure) {
      let event = try StoredEvent(line: line) { (digest) throws(AuditFailure) in
        guard let bytes = try? blobs?.bytes(of: digest) else {
          // That is a finding of its own.
          isBlobMissing = true
          throw .notFound("the blob is missing")
        }
        return bytes
      }
      if case .unreadable(let text) = event.content { reason = text }
    } catch { reason = error.reason }
    if isBlobMissing { return }
    if let reason {
      if unreadable.count == 0 { unreadable = (0, scan.sequence, reason) }
      unreadable.count += 1
    } else if !shape.isOdd {
      if readable.count >= 1 << 16 { readable.removeAll(keepingCapacity: true) }
      readable.insert(shape.value)
    }
  }
}
