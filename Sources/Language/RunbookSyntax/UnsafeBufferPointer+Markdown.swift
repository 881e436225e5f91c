import Glibc

extension UnsafeBufferPointer<UInt8> {
  /// Three or more fence marks at the beginning of `line`, behind blanks and `>`.
  func fenceRun(in line: Range<Int>) -> Range<Int>? {
    var start = line.lowerBound
    while start < line.upperBound, ASCII.isBlank(self[start]) || self[start] == UInt8(ascii: ">") {
      start += 1
    }
    guard start + 2 < line.upperBound, ASCII.isFence(self[start]) else { return nil }
    var end = start + 1
    while end < line.upperBound, self[end] == self[start] { end += 1 }
    return end - start >= 3 ? start..<end : nil
  }

  /// Where in `line` the brace of what marks a step, `{#id`, is.
  func claimedStep(in line: Range<Int>) -> Int? {
    var start = line.lowerBound
    while let brace = firstOffset(of: UInt8(ascii: "{"), in: start..<line.upperBound) {
      var next = brace + 1
      while next < line.upperBound, ASCII.isBlank(self[next]) { next += 1 }
      if next + 1 < line.upperBound, self[next] == UInt8(ascii: "#"), ASCII.isName(self[next + 1]) {
        return brace
      }
      start = brace + 1
    }
    return nil
  }

  /// Calls `visit` with each line that ends with LF, and with what follows the last LF if that is not empty.
  func forEachLine(from start: Int, _ visit: (Range<Int>) -> Void) {
    var offset = start
    while offset < count {
      let end = firstOffset(of: ASCII.lineFeed, in: offset..<count) ?? count
      visit(offset..<end)
      offset = end + 1
    }
  }

  /// Number of line feeds.
  var lineFeedCount: Int {
    var found = 0
    for byte in self where byte == ASCII.lineFeed { found &+= 1 }
    return found
  }

  /// Whether the bytes at `range` are `others`.
  func equals(_ others: UnsafeBufferPointer<UInt8>, at range: Range<Int>) -> Bool {
    guard range.count == others.count else { return false }
    guard let left = baseAddress, let right = others.baseAddress, !range.isEmpty else { return true }
    return memcmp(left + range.lowerBound, right, others.count) == 0
  }
}
