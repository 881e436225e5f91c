/// A half-open range of UTF-8 byte offsets into the bytes of one source file.
public struct SourceRange: Sendable, Hashable {
  /// Offset of the first byte, from 0.
  public var start: Int
  /// Offset after the last byte, never below `start`.
  public var end: Int

  /// The beginning of a file, for what concerns the file as a whole.
  public static let startOfFile = SourceRange(start: 0, end: 0)

  /// - Precondition: `start <= end`.
  public init(start: Int, end: Int) {
    precondition(start <= end, "a source range ends before it starts")
    self.start = start
    self.end = end
  }

  /// The same offsets as a Swift range.
  public init(_ offsets: Range<Int>) {
    self.init(start: offsets.lowerBound, end: offsets.upperBound)
  }

  /// The empty range in front of the byte at `offset`.
  public init(at offset: Int) {
    self.init(start: offset, end: offset)
  }

  /// The offsets as a Swift range, to slice bytes with.
  public var offsets: Range<Int> { start..<end }

  /// Number of bytes.
  public var count: Int { end - start }

  /// Whether it holds no byte; such a range still has a position.
  public var isEmpty: Bool { start == end }
}
