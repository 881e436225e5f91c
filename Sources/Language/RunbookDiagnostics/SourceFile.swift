import Glibc

/// The bytes of one file, and where its lines begin.
///
/// A line ends with LF, CRLF or a lone CR, as in CommonMark. The bytes are what was read: they may be no
/// valid UTF-8 and may begin with a byte order mark.
public struct SourceFile: Sendable, Hashable {
  /// The UTF-8 byte order mark, which editors on Windows put in front of a file.
  public static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// The path as the user knows it; shown in messages, never opened.
  public let path: String
  /// The file, unchanged.
  public let bytes: [UInt8]
  /// Offset of the first byte of each line, ascending, beginning with 0. A file that ends with a line end
  /// has an empty last line.
  public let lineStarts: [Int]

  /// Finds the lines in one pass over `bytes`.
  public init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
    self.lineStarts = Self.lineStarts(of: bytes)
  }

  /// The line and column of the byte at `offset`; an offset past the end counts as the end. O(log lines).
  public func position(ofOffset offset: Int) -> SourcePosition {
    let offset = min(max(offset, 0), bytes.count)
    let index = lineIndex(ofOffset: offset)
    return SourcePosition(line: index + 1, column: offset - lineStarts[index] + 1)
  }

  /// The text of `range`, invalid UTF-8 replaced by U+FFFD. The part of the range outside the file is left out.
  public func text(of range: SourceRange) -> String {
    String(decoding: bytes[range.offsets.clamped(to: bytes.indices)], as: UTF8.self)
  }

  /// The text of the line numbered from 1, without its line end; empty where there is no such line.
  public func line(_ number: Int) -> String {
    text(of: rangeOfLine(number))
  }

  /// The bytes of the line numbered from 1, without its line end; empty where there is no such line.
  public func rangeOfLine(_ number: Int) -> SourceRange {
    guard number >= 1, number <= lineStarts.count else { return SourceRange(at: bytes.count) }
    let start = lineStarts[number - 1]
    guard number < lineStarts.count else { return SourceRange(start: start, end: bytes.count) }
    var end = lineStarts[number] - 1
    if bytes[end] == UInt8(ascii: "\n"), end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return SourceRange(start: start, end: end)
  }

  private func lineIndex(ofOffset offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  private static func lineStarts(of bytes: [UInt8]) -> [Int] {
    bytes.withUnsafeBufferPointer { bytes in
      var starts = [0]
      starts.reserveCapacity(bytes.count / 24 + 1)
      guard let base = bytes.baseAddress else { return starts }
      // Hardly any file holds a CR, and then the C library finds the lines fastest.
      guard memchr(base, 0x0D, bytes.count) != nil else {
        var offset = 0
        while offset < bytes.count, let found = memchr(base + offset, 0x0A, bytes.count - offset) {
          offset = UnsafeRawPointer(found) - UnsafeRawPointer(base) + 1
          starts.append(offset)
        }
        return starts
      }
      var index = 0
      while index < bytes.count {
        let byte = bytes[index]
        index += 1
        if byte == UInt8(ascii: "\n") {
          starts.append(index)
        } else if byte == UInt8(ascii: "\r") {
          if index < bytes.count, bytes[index] == UInt8(ascii: "\n") { index += 1 }
          starts.append(index)
        }
      }
      return starts
    }
  }
}
