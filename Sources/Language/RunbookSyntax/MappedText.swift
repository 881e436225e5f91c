public import RunbookDiagnostics

/// Text taken out of a file, each byte of which still knows where it stood.
///
/// The text of a fence in a list or a quote is not contiguous in its file: the indentation and the marks of what
/// it stands in are left out, and line ends are LF whatever they were.
public struct MappedText: Sendable, Hashable {
  /// A piece of the text that is contiguous in the file.
  private struct Segment: Sendable, Hashable {
    /// Offset in the text.
    var offset: Int
    /// Offset in the file.
    var source: Int
    /// Whether all of it stands for one tab, which the enclosing list has used up in part.
    var isSplitTab = false

    /// The place in the file of the byte at `offset` of the text.
    func source(of offset: Int) -> Int { isSplitTab ? source : source + offset - self.offset }
  }

  /// The text. Valid UTF-8 wherever the file is.
  public private(set) var bytes: [UInt8]
  /// The first piece; of an empty text, where it stands. Most texts have no other.
  private var first: Segment
  private var others: [Segment] = []
  private var sourceEnd: Int

  /// An empty text that stands at `source`.
  public init(at source: Int) {
    bytes = []
    first = Segment(offset: 0, source: source)
    sourceEnd = source
  }

  /// The bytes of `range` as they are.
  ///
  /// - Precondition: `range` lies inside the file.
  public init(_ range: SourceRange, of file: SourceFile) {
    bytes = Array(file.bytes[range.offsets])
    first = Segment(offset: 0, source: range.start)
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
    guard offset < bytes.count else { return sourceEnd }
    let offset = max(offset, 0)
    return segment(segmentIndex(of: offset)).source(of: offset)
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
    slice.append(self, offsets)
    return slice
  }

  /// Adds bytes that stand in the file at `source` on.
  mutating func append(_ text: UnsafeBufferPointer<UInt8>, from source: Int) {
    guard !text.isEmpty else { return }
    if bytes.isEmpty || sourceEnd != source || (others.last ?? first).isSplitTab {
      begin(Segment(offset: bytes.count, source: source))
    }
    bytes.append(contentsOf: text)
    sourceEnd = source + text.count
  }

  /// Adds one byte that stands in the file at `source`, there possibly another one.
  mutating func append(_ byte: UInt8, from source: Int) {
    withUnsafePointer(to: byte) { append(UnsafeBufferPointer(start: $0, count: 1), from: source) }
  }

  /// Adds the part of `text` at `offsets`, which stands in the same file.
  mutating func append(_ text: MappedText, _ offsets: Range<Int>) {
    guard !offsets.isEmpty else { return }
    text.bytes.withUnsafeBufferPointer { bytes in
      var start = offsets.lowerBound
      var index = text.segmentIndex(of: start)
      while start < offsets.upperBound {
        let segment = text.segment(index)
        index += 1
        let next = index <= text.others.count ? text.segment(index).offset : bytes.count
        let end = min(next, offsets.upperBound)
        if segment.isSplitTab {
          append(blanks: end - start, ofTabAt: segment.source)
        } else {
          append(bytes.slice(start..<end), from: segment.source(of: start))
        }
        start = end
      }
    }
  }

  /// Adds the blanks that are left of the tab at `source`.
  mutating func append(blanks count: Int, ofTabAt source: Int) {
    guard count > 0 else { return }
    begin(Segment(offset: bytes.count, source: source, isSplitTab: true))
    bytes.append(contentsOf: repeatElement(ASCII.space, count: count))
    sourceEnd = source + 1
  }

  /// Reserves room for `count` bytes in all.
  mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

  private mutating func begin(_ segment: Segment) {
    if bytes.isEmpty { first = segment } else { others.append(segment) }
  }

  private func segment(_ index: Int) -> Segment { index == 0 ? first : others[index - 1] }

  /// The segment that holds the byte at `offset`. O(log segments).
  private func segmentIndex(of offset: Int) -> Int {
    var low = 0
    var high = others.count + 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if others[middle - 1].offset <= offset { low = middle } else { high = middle }
    }
    return low
  }
}
