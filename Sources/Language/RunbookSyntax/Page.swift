import RunbookDiagnostics

/// The bytes of a page by lines, while it is being parsed: pointers only, so that it costs nothing to pass on.
struct Page {
  let bytes: UnsafeBufferPointer<UInt8>
  /// The same with another control character for each NUL: the bytes that Markdown is given, since it would
  /// replace a NUL by three bytes.
  let parsedBytes: UnsafeBufferPointer<UInt8>
  private let lineStarts: UnsafeBufferPointer<Int>
  private let content: Int
  private let firstLine: Int

  /// - Parameter content: Where Markdown begins: after the byte order mark and the front matter, at the
  ///   beginning of the line with the index `firstLine`.
  init(
    bytes: UnsafeBufferPointer<UInt8>, parsedBytes: UnsafeBufferPointer<UInt8>,
    lineStarts: UnsafeBufferPointer<Int>,
    content: Int, firstLine: Int
  ) {
    self.bytes = bytes
    self.parsedBytes = parsedBytes
    self.lineStarts = lineStarts
    self.content = content
    self.firstLine = firstLine
  }

  /// The number of the line in the file, from 1, of a line of the Markdown, from 1.
  func fileLine(_ line: Int) -> Int { firstLine + line }

  /// The bytes of a line of the Markdown, from 1, without its end; empty at the end of the page past the last line.
  func line(_ number: Int) -> Range<Int> {
    let index = firstLine + number - 1
    guard number > 0, index < lineStarts.count else { return bytes.count..<bytes.count }
    let start = number == 1 ? content : lineStarts[index]
    guard index + 1 < lineStarts.count else { return start..<bytes.count }
    var end = lineStarts[index + 1] - 1
    if bytes[end] == ASCII.lineFeed, end > start, bytes[end - 1] == ASCII.carriageReturn { end -= 1 }
    return start..<end
  }

  /// The line of the Markdown, from 1, that comes after the end of the page.
  var lineLimit: Int { lineStarts.count - firstLine + 1 }

  /// Where the line after `line` begins, or the page ends.
  func nextLineStart(_ line: Int) -> Int {
    line + 1 < lineLimit ? self.line(line + 1).lowerBound : bytes.count
  }

  /// The place of a node; inside of its line whatever the library says.
  func offset(line: Int, column: Int) -> Int {
    let range = self.line(line)
    return min(max(range.lowerBound, range.lowerBound + column - 1), range.upperBound)
  }
}
