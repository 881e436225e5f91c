public import RunbookDiagnostics

/// Text taken out of a file, each byte of which still knows where it stood.
///
/// The text of a fence in a list or a quote is not contiguous in its file: the indentation and the marks of what
/// it stands in are left out, and line ends are LF whatever they were.
public struct MappedText: Sendable, Hashable {
  /// A piece of the text that is contiguous in the file.
  struct Segment: Sendable, Hashable {
    /// Offset in the text.
    var offset: Int
    /// Offset in the file.
    var source: Int
    /// Whether all of it stands for one tab, which the enclosing list has used up in part.
    var isSplitTab: Bool
  }

  /// The text. Valid UTF-8 wherever the file is.
  public private(set) var bytes: [UInt8]
  private var segments: [Segment]
  private var sourceEnd: Int

  /// An empty text that stands at `source`.
  public init(at source: Int) {
    bytes = []
    segments = []
    sourceEnd = source
  }

  /// The bytes of `range` as they are.
  ///
  /// - Precondition: `range` lies inside the file.
  public init(_ range: SourceRange, of file: SourceFile) {
    bytes = Array(file.bytes[range.offsets])
    segments = range.isEmpty ? [] : [Segment(offset: 0, source: range.start, isSplitTab: false)]
    sourceEnd = range.end
  }

  /// The whole of `file`, without its byte order mark.
  public init(_ file: SourceFile) {
    let start = file.bytes.starts(with: SourceFile.byteOrderMark) ? SourceFile.byteOrderMark.count : 0
    self.init(SourceRange(start: start, end: file.bytes.count), of: file)
  }

  /// Number of bytes.
  public var count: Int { bytes.count }

  /// Whether there is no byte.
  public var isEmpty: Bool { bytes.isEmpty }

  /// The text as a string; bytes that are no UTF-8 are U+FFFD, after which offsets no longer agree.
  public var string: String { String(decoding: bytes, as: UTF8.self) }

  /// The place in the file of the byte at `offset`; of the end of the text, the place after its last byte.
  ///
  /// The file holds the same byte there, except where a lone CR ended a line (LF here), and where a list used
  /// up a part of a tab (blanks here).
  public func sourceOffset(of offset: Int) -> Int {
    guard offset < bytes.count, !segments.isEmpty else { return sourceEnd }
    let segment = segments[segmentIndex(of: offset)]
    return segment.isSplitTab ? segment.source : segment.source + offset - segment.offset
  }

  /// The segment that holds the byte at `offset`. O(log segments).
  private func segmentIndex(of offset: Int) -> Int {
    var low = 0
    var high = segments.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if segments[middle].offset <= offset { low = middle } else { high = middle }
    }
    return low
  }

  /// The place in the file of the bytes at `offsets`; between its ends the file may hold more than the text.
  public func sourceRange(of offsets: Range<Int>) -> SourceRange {
    let start = sourceOffset(of: offsets.lowerBound)
    guard !offsets.isEmpty else { return SourceRange(at: start) }
    return SourceRange(start: start, end: max(start, sourceOffset(of: offsets.upperBound - 1) + 1))
  }

  /// The place in the file of the whole text.
  public var sourceRange: SourceRange { sourceRange(of: 0..<bytes.count) }

  /// The part from `offset` on.
  ///
  /// - Precondition: `offset` is in `0...count`.
  public func suffix(from offset: Int) -> MappedText { slice(offset..<bytes.count) }

  /// The part at `offsets`.
  ///
  /// - Precondition: `offsets` lies in `0..<count`.
  public func slice(_ offsets: Range<Int>) -> MappedText {
    if offsets == 0..<bytes.count { return self }
    var slice = MappedText(at: sourceOffset(of: offsets.lowerBound))
    guard !offsets.isEmpty else { return slice }
    slice.bytes = Array(bytes[offsets])
    for index in segmentIndex(of: offsets.lowerBound)..<segments.count {
      let segment = segments[index]
      guard segment.offset < offsets.upperBound else { break }
      let start = max(segment.offset, offsets.lowerBound)
      let source = segment.isSplitTab ? segment.source : segment.source + start - segment.offset
      slice.segments.append(
        Segment(offset: start - offsets.lowerBound, source: source, isSplitTab: segment.isSplitTab))
    }
    slice.sourceEnd = sourceOffset(of: offsets.upperBound - 1) + 1
    return slice
  }

  /// Adds bytes that stand in the file at `source` on.
  mutating func append(_ text: UnsafeBufferPointer<UInt8>, from source: Int) {
    guard !text.isEmpty else { return }
    if segments.last?.isSplitTab != false || sourceEnd != source {
      segments.append(Segment(offset: bytes.count, source: source, isSplitTab: false))
    }
    bytes.append(contentsOf: text)
    sourceEnd = source + text.count
  }

  /// Adds one byte that stands in the file at `source`, there possibly another one.
  mutating func append(_ byte: UInt8, from source: Int) {
    withUnsafePointer(to: byte) { append(UnsafeBufferPointer(start: $0, count: 1), from: source) }
  }

  /// Adds `text`, which stands in the same file.
  mutating func append(_ text: MappedText) {
    text.bytes.withUnsafeBufferPointer { bytes in
      for (index, segment) in text.segments.enumerated() {
        let end = index + 1 < text.segments.count ? text.segments[index + 1].offset : bytes.count
        if segment.isSplitTab {
          append(blanks: end - segment.offset, ofTabAt: segment.source)
        } else {
          append(UnsafeBufferPointer(rebasing: bytes[segment.offset..<end]), from: segment.source)
        }
      }
    }
  }

  /// Adds the blanks that are left of the tab at `source`.
  mutating func append(blanks count: Int, ofTabAt source: Int) {
    guard count > 0 else { return }
    segments.append(Segment(offset: bytes.count, source: source, isSplitTab: true))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: count))
    sourceEnd = source + 1
  }

  /// Reserves room for `count` bytes in all.
  mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }
}
