import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `A recorded stream` {
  private let scratch: Scratch
  private let blobs: BlobStore

  init() throws {
    scratch = Scratch()
    blobs = try AuditStore.forTest(scratch.store).blobs
  }

  /// The record of `bytes` in chunks of the given sizes, repeated.
  private func record(
    _ bytes: [UInt8], chunks: [Int] = [4096], kept: Int = 4096
  ) throws -> OutputRecord {
    var recorder = try StreamRecorder(.standardOutput, keptBytes: kept)
    var offset = 0
    var index = 0
    while offset < bytes.count {
      let end = min(bytes.count, offset + chunks[index % chunks.count])
      bytes[offset..<end].withUnsafeBytes { recorder.add($0) }
      offset = end
      index += 1
    }
    return try recorder.record(in: blobs)
  }

  @Test func `that is short stays in the event`() throws {
    let record = try record(Array("größer\nals\n".utf8), chunks: [1])
    #expect(record.text == "größer\nals\n")
    #expect(record.blob == nil)
    #expect(!record.isTruncated)
    #expect(record.byteCount == 13)
    #expect(record.lineCount == 2)
    #expect(record.digest == (try Digest.sha256(Array("größer\nals\n".utf8))))
  }

  @Test func `that is empty has a digest and no blob`() throws {
    let record = try record([])
    #expect(record.text == "")
    #expect(record.blob == nil)
    #expect(record.digest == (try Digest.sha256([])))
  }

  @Test func `that is no text goes to a blob, however short`() throws {
    let record = try record([0xff, 0xfe, 0x00])
    #expect(record.text == nil)
    #expect(try blobs.bytes(of: #require(record.blob)) == [0xff, 0xfe, 0x00])
  }

  @Test(arguments: [4096, 4097, 8191, 8192])
  func `up to the limit is kept whole`(count: Int) throws {
    let bytes = (0..<count).map { UInt8(0x61 + $0 % 26) }
    let record = try record(bytes, chunks: [1000, 7, 300])
    #expect(!record.isTruncated)
    #expect(try record.text.map { Array($0.utf8) } ?? blobs.bytes(of: #require(record.blob)) == bytes)
    #expect((record.text != nil) == (count <= 4096))
    #expect(record.digest == (try Digest.sha256(bytes)))
  }

  @Test func `above the limit keeps its head and tail, whatever the chunks`() throws {
    var random = SplitMix(seed: 7)
    let bytes = (0..<50_000).map { _ in UInt8.random(in: 0x0a...0x7e, using: &random) }
    let digest = try Digest.sha256(bytes)
    let lines = bytes.count { $0 == 0x0a }
    for chunks in [[1], [4095], [4096], [4097], [50_000], [3, 9000, 4000, 1, 4096], [8192, 1]] {
      let record = try record(bytes, chunks: chunks)
      #expect(record.isTruncated)
      #expect(record.byteCount == 50_000)
      #expect(record.lineCount == lines)
      #expect(record.digest == digest)
      let kept = try blobs.bytes(of: #require(record.blob))
      #expect(kept == bytes[..<4096] + Array("\n[41808 bytes left out]\n".utf8) + bytes[(50_000 - 4096)...])
    }
  }

  @Test func `is cut between characters`() throws {
    for shift in 0..<4 {
      let bytes = [UInt8](repeating: 0x61, count: shift) + Array(String(repeating: "🙂", count: 5000).utf8)
      let kept = try blobs.bytes(of: #require(try record(bytes).blob))
      let text = try #require(String(validating: kept, as: UTF8.self), "shifted by \(shift)")
      let whole = 5000 - text.count { $0 == "🙂" }
      let missing = whole * 4 + (shift - text.prefix { $0 == "a" }.count)
      #expect(text.contains("\n[\(missing) bytes left out]\n"))
    }
  }

  @Test func `counts what nobody may see`() throws {
    let recorder = try StreamRecorder(.standardError)
    let record = try recorder.record(in: blobs, droppedBytes: 17)
    #expect(record.byteCount == 17)
    #expect(record.isTruncated)
    #expect(record.text == "")
  }

  @Test func `counts line feeds of any length and place`() {
    for count in [0, 1, 63, 64, 65, 127, 128, 16_320, 16_384, 20_000] {
      let bytes = (0..<count).map { UInt8($0 % 3 == 0 ? 0x0a : 0x20) }
      for start in 0..<min(3, count + 1) {
        let slice = Array(bytes[start...])
        #expect(slice.withBytes { LineFeeds.count(in: $0) } == slice.count { $0 == 0x0a })
      }
    }
  }
}

/// A generator with a fixed seed: the same numbers in every run (Steele, Lea and Flood, 2014).
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
