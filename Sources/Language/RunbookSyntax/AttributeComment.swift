import RunbookDiagnostics

/// A comment in the source, and whether it is meant as attributes.
struct AttributeComment {
  private let bytes: UnsafeBufferPointer<UInt8>
  let range: SourceRange
  private let content: Range<Int>

  /// - Parameter range: From `<!--` to `-->`, if there is one.
  init(_ range: SourceRange, in bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    self.range = range
    let start = min(range.start + 4, range.end)
    let end = bytes.has("-->", at: range.end - 3, before: range.end) ? max(start, range.end - 3) : range.end
    content = start..<end
  }

  /// Whether it begins like attributes: `#id`, `.flag`, `key=` or the flag of a task item.
  ///
  /// `#region` and `#endregion` are marks for editors.
  var looksLikeAttributes: Bool {
    var start = content.lowerBound
    while start < content.upperBound, ASCII.isBlankOrLineEnd(bytes[start]) { start += 1 }
    guard start < content.upperBound else { return false }
    let mark = bytes[start]
    if mark == UInt8(ascii: "#") || mark == UInt8(ascii: ".") { start += 1 }
    var end = start
    while end < content.upperBound, ASCII.isName(bytes[end]) { end += 1 }
    guard end > start else { return false }
    let isAtEnd = end == content.upperBound || ASCII.isBlankOrLineEnd(bytes[end])
    switch mark {
    case UInt8(ascii: "#"): return !["region", "endregion"].contains(bytes.text(start..<end))
    case UInt8(ascii: "."): return isAtEnd
    default: return isAtEnd ? bytes.text(start..<end) == "evidence" : bytes[end] == UInt8(ascii: "=")
    }
  }

  /// Whether it holds `key="…"` anywhere: at the end of a task item a forgotten `#` must not hide the rest.
  private var holdsQuotedValue: Bool {
    var start = content.lowerBound
    while let equals = bytes.firstOffset(of: UInt8(ascii: "="), in: start..<content.upperBound) {
      start = equals + 1
      guard equals > content.lowerBound, ASCII.isName(bytes[equals - 1]), start < content.upperBound else {
        continue
      }
      if bytes[start] == UInt8(ascii: "\"") || bytes[start] == UInt8(ascii: "'") { return true }
    }
    return false
  }

  /// The attributes at the end of a task item or heading; `nil` where it is only a comment.
  func attributes(reportingTo diagnostics: inout [Diagnostic]) -> Attributes? {
    guard looksLikeAttributes || holdsQuotedValue else { return nil }
    if bytes.slice(content).contains(where: ASCII.isLineEnd) {
      diagnostics.append(.attributeCommentOverLines(at: range))
      return nil
    }
    var scanner = AttributeScanner(bytes, content: content, ofComment: range)
    let (attributes, _) = scanner.scan()
    diagnostics += scanner.errors
    return attributes
  }
}
