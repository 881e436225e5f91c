import RunbookAdapter

/// The head and the tail of a stream in bounded memory.
struct OutputCapture {
  private let headLimit: Int
  private let tailLimit: Int
  private var head: [UInt8] = []
  /// The last bytes after the head; once full, `oldest` is where they begin.
  private var ring: [UInt8] = []
  private var oldest = 0
  private var byteCount = 0

  /// Keeps a stream of up to `limit` bytes whole, else half of that from each end.
  init(limit: Int) {
    headLimit = (limit + 1) / 2
    tailLimit = limit / 2
  }

  /// Takes the next bytes.
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    byteCount += bytes.count
    let toHead = min(bytes.count, headLimit - head.count)
    if toHead > 0 { head.append(contentsOf: bytes[..<toHead]) }
    // Bytes that this very chunk would push out again are not copied.
    var rest = UnsafeRawBufferPointer(rebasing: bytes[max(toHead, bytes.count - tailLimit)...])
    let toGrow = min(rest.count, tailLimit - ring.count)
    if toGrow > 0 {
      ring.append(contentsOf: rest[..<toGrow])
      rest = UnsafeRawBufferPointer(rebasing: rest[toGrow...])
    }
    while !rest.isEmpty {
      let count = min(rest.count, ring.count - oldest)
      ring.withUnsafeMutableBytes {
        $0.baseAddress?.advanced(by: oldest).copyMemory(from: rest.baseAddress!, byteCount: count)
      }
      oldest = (oldest + count) % ring.count
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// What was kept.
  var stream: CapturedStream {
    let tail = Array(ring[oldest...] + ring[..<oldest])
    return byteCount > head.count + tail.count
      ? CapturedStream(head: head, tail: tail, byteCount: byteCount)
      : CapturedStream(head: head + tail, byteCount: byteCount)
  }
}
