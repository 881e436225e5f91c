import RunbookModel

/// Blobs that events name.
extension LogVerifier {
  private static let blobMark = Array("blob".utf8)

  mutating func checkBlobs(
    _ scan: EventLineScan, _ line: UnsafeRawBufferPointer
  ) throws(AuditFailure) {
    guard EventLineScan.contains(Self.blobMark, in: line, from: scan.dataStart) else { return }
    guard let data = try? JSONValue(parsing: line)["data"] else { return }
    var digests: [Digest] = []
    Self.collect(data, named: "", into: &digests)
    for digest in digests where !checkedBlobs.contains(digest) {
      do throws(AuditFailure) {
        guard let blobs else { throw .notFound("the store has no blobs") }
        try blobs.check(digest)
        summary.blobs += 1
      } catch {
        mismatch(error.reason, at: scan.sequence)
      }
      if checkedBlobs.count >= 4096 { checkedBlobs.removeAll(keepingCapacity: true) }
      checkedBlobs.insert(digest)
    }
  }

  private static func collect(_ value: JSONValue, named name: String, into digests: inout [Digest]) {
    switch value {
    case .null, .boolean, .number: return
    case .string(let text):
      if name == "blob" || name == "blobs" || name.hasSuffix("_blob") { digests.append(Digest(text)) }
    case .array(let values): for value in values { collect(value, named: name, into: &digests) }
    case .object(let members):
      for member in members { collect(member.value, named: member.name, into: &digests) }
    }
  }
}
