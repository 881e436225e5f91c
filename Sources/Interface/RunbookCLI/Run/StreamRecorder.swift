import RunbookAudit
import RunbookModel

/// What is kept of one masked stream: digest and counts of all of it, its head and its tail.
struct StreamRecorder: ~Copyable {
  /// Bytes of the head, and as many of the tail, that are stored.
  private static let limit = 256 << 10
  /// Text up to this stays in the event (UTF-8 bytes).
  private static let inlineLimit = 4096

  private let stream: OutputStream
  private var hash: SHA256
  private var head: [UInt8] = []
  /// A ring once it is full; `tailStart` is its oldest byte.
  private var tail: [UInt8] = []
  private var tailStart = 0
  private var byteCount = 0
  private var lineCount = 0

  init(_ stream: OutputStream) throws(AuditFailure) {
    self.stream = stream
    hash = try SHA256()
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    hash.update(bytes)
    byteCount += bytes.count
    for byte in bytes where byte == 0x0a { lineCount += 1 }
    let room = min(Self.limit - head.count, bytes.count)
    if room > 0 { head += bytes[..<room] }
    keepTail(UnsafeRawBufferPointer(rebasing: bytes[max(0, room)...]))
  }

  /// The record, with the kept bytes stored where they do not fit the event.
  ///
  /// - Parameter dropped: Bytes nobody may see.
  consuming func record(dropped: Int, in blobs: BlobStore) throws(AuditFailure) -> OutputRecord {
    let missing = byteCount - head.count - tail.count
    var kept = head
    if missing > 0 { kept += Array("\n… \(missing) bytes are left out here …\n".utf8) }
    kept += tail[tailStart...] + tail[..<tailStart]
    let digest = hash.finish().digest
    let fits = missing == 0 && kept.count <= Self.inlineLimit
    return OutputRecord(
      stream: stream, byteCount: byteCount + dropped, lineCount: lineCount, digest: digest,
      text: fits ? String(decoding: kept, as: UTF8.self) : nil, blob: fits ? nil : try blobs.put(kept),
      isTruncated: missing > 0 || dropped > 0)
  }

  private mutating func keepTail(_ bytes: UnsafeRawBufferPointer) {
    guard !bytes.isEmpty else { return }
    let limit = Self.limit
    if bytes.count >= limit {
      tail = Array(bytes[(bytes.count - limit)...])
      tailStart = 0
      return
    }
    let growth = min(limit - tail.count, bytes.count)
    if growth > 0 { tail += bytes[..<growth] }
    for byte in bytes[growth...] {
      tail[tailStart] = byte
      tailStart = tailStart + 1 == limit ? 0 : tailStart + 1
    }
  }
}
