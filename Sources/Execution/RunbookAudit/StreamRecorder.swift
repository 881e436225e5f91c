import Glibc
public import RunbookModel

/// Keeps of one stream of a step what the log wants: digest of everything, head and tail of the text.
///
/// Takes bytes after the masker. Its memory does not grow with the stream: at most twice `keptBytes`.
public struct StreamRecorder: ~Copyable, Sendable {
  /// Text up to this stays in the event (bytes of UTF-8).
  public static let inlineLimit = EventPacking.textLimit

  private let stream: OutputStream
  private let keptBytes: Int
  private var hash: SHA256
  private var head: [UInt8] = []
  /// A ring as soon as it is full; `oldest` is where it begins then.
  private var tail: [UInt8] = []
  private var oldest = 0
  private var byteCount = 0
  private var lineCount = 0

  /// A recorder of nothing yet.
  ///
  /// - Parameter keptBytes: How much of the beginning is kept, and how much of the end.
  /// - Throws: `.unavailable` without libcrypto.
  public init(_ stream: OutputStream, keptBytes: Int = 1 << 20) throws(AuditFailure) {
    precondition(keptBytes >= Self.inlineLimit, "what fits an event must be kept")
    self.stream = stream
    self.keptBytes = keptBytes
    hash = try SHA256()
  }

  /// Takes the next bytes.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    hash.update(bytes)
    byteCount += bytes.count
    lineCount += LineFeeds.count(in: bytes)
    let room = min(keptBytes - head.count, bytes.count)
    head.append(contentsOf: bytes[..<room])
    if room < bytes.count { keepTail(UnsafeRawBufferPointer(rebasing: bytes[room...])) }
  }

  /// Ends the stream.
  ///
  /// - Parameters:
  ///   - blobs: Takes what is kept where it does not fit the event; durable when this returns.
  ///   - written: Bytes and line feeds the step wrote, before masking; nil: what was added.
  ///   - droppedBytes: Bytes among them that nobody may see, because what should be masked in them is not known.
  public consuming func record(
    in blobs: BlobStore, written: (bytes: Int, lines: Int)? = nil, droppedBytes: Int = 0
  ) throws(AuditFailure) -> OutputRecord {
    let digest = hash.finish().digest
    var record = OutputRecord(
      stream: stream, byteCount: written?.bytes ?? byteCount + droppedBytes,
      lineCount: written?.lines ?? lineCount, digest: digest, text: nil, blob: nil,
      isTruncated: droppedBytes > 0)
    var kept = head
    if byteCount > keptBytes {
      var end = Array(tail[oldest...]) + tail[..<oldest]
      if byteCount > 2 * keptBytes {
        record.isTruncated = true
        kept.removeLast(ScalarBoundary.incompleteEnd(of: kept))
        end.removeFirst(ScalarBoundary.incompleteStart(of: end))
        kept += "\n[\(byteCount - kept.count - end.count) bytes left out]\n".utf8
      }
      kept += end
    }
    if byteCount <= Self.inlineLimit, let text = String(validating: kept, as: UTF8.self) {
      record.text = text
    } else if !kept.isEmpty {
      record.blob = try blobs.put(kept)
    }
    return record
  }

  private mutating func keepTail(_ bytes: UnsafeRawBufferPointer) {
    if bytes.count >= keptBytes {
      tail = Array(bytes.suffix(keptBytes))
      oldest = 0
      return
    }
    let growth = min(keptBytes - tail.count, bytes.count)
    tail.append(contentsOf: bytes[..<growth])
    var rest = UnsafeRawBufferPointer(rebasing: bytes[growth...])
    while !rest.isEmpty {
      let count = min(rest.count, keptBytes - oldest)
      tail.withUnsafeMutableBytes { $0[oldest...].copyBytes(from: rest[..<count]) }
      oldest = (oldest + count) % keptBytes
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }
}

/// Where text may be cut (RFC 3629).
enum ScalarBoundary {
  /// Bytes at the end that begin a scalar and do not finish it.
  static func incompleteEnd(of bytes: [UInt8]) -> Int {
    for length in 1...4 where length <= bytes.count {
      let byte = bytes[bytes.count - length]
      if byte & 0xc0 == 0x80 { continue }
      let wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
      return wanted > length ? length : 0
    }
    return 0
  }

  /// Bytes at the beginning that continue a scalar which began before.
  static func incompleteStart(of bytes: [UInt8]) -> Int { bytes.prefix(3).prefix { $0 & 0xc0 == 0x80 }.count }
}

/// Counts line feeds at the speed of memory.
public enum LineFeeds {
  /// Line feeds among `bytes`.
  public static func count(in bytes: UnsafeRawBufferPointer) -> Int {
    typealias Block = SIMD32<UInt8>
    let blockSize = MemoryLayout<Block>.size
    let feed = Block(repeating: 0x0a)
    var total = 0
    var offset = 0
    while offset + blockSize <= bytes.count {
      // A lane counts to 255 at most before the lanes are added up.
      var lanes = Block.zero
      let end = min(offset + 255 * blockSize, bytes.count - blockSize + 1)
      while offset < end {
        let isFeed = bytes.loadUnaligned(fromByteOffset: offset, as: Block.self) .== feed
        // A lane that holds is all ones, which is -1. Selecting lanes instead is 50 times as slow.
        lanes &-= unsafeBitCast(isFeed, to: Block.self)
        offset += blockSize
      }
      for index in 0..<blockSize { total += Int(lanes[index]) }
    }
    while offset < bytes.count {
      if bytes[offset] == 0x0a { total += 1 }
      offset += 1
    }
    return total
  }
}
