import RunbookDiagnostics

/// Reads what is inside of a paragraph, heading or table: the plain text, and where its comments stand.
///
/// The library's columns of inline nodes are wrong in many places, so comments are looked up in the source in the
/// order they come. One reader serves a whole page, so that its buffer is made once.
struct InlineReader {
  private let page: Page
  private var limit = 0
  private var cursor = 0
  private var buffer: [UInt8] = []
  /// Line ends inside of the text.
  private(set) var lineBreaks = 0
  /// The comment that nothing but blanks follows.
  private(set) var trailingComment: SourceRange?
  /// All other comments.
  private(set) var comments: [SourceRange] = []
  /// What begins like a comment and is text: it has no end in its paragraph, or holds `--`.
  private(set) var brokenComments: [SourceRange] = []

  init(_ page: Page) { self.page = page }

  /// Reads one block, and forgets the one before.
  ///
  /// - Parameters:
  ///   - start: Where the block begins.
  ///   - limit: An offset at or after its end.
  mutating func read(_ block: MarkdownNode, from start: Int, limit: Int) {
    self.limit = max(start, limit)
    cursor = start
    buffer.removeAll(keepingCapacity: true)
    lineBreaks = 0
    trailingComment = nil
    comments.removeAll()
    brokenComments.removeAll()
    var current = block.firstChild
    while let node = current {
      if let child = read(node) {
        current = child
        continue
      }
      current = node.next
      var above = node
      while current == nil, let parent = above.parent, parent != block {
        current = parent.next
        above = parent
      }
    }
  }

  /// The text without Markdown, blanks for line ends, without blanks at its end.
  var text: String {
    var end = buffer.count
    while end > 0, ASCII.isBlank(buffer[end - 1]) { end -= 1 }
    return String(decoding: buffer[..<end], as: UTF8.self)
  }

  /// - Returns: The first node inside of it.
  private mutating func read(_ node: MarkdownNode) -> MarkdownNode? {
    switch node.kind {
    case .text:
      let literal = node.literal
      if trailingComment != nil, !literal.allSatisfy(ASCII.isBlank) { flushComment() }
      locateBrokenComments(in: literal)
      buffer.append(contentsOf: literal)
    case .code:
      flushComment()
      let literal = node.literal
      skipCode(literal)
      buffer.append(contentsOf: literal)
    case .softBreak, .lineBreak:
      lineBreaks += 1
      buffer.append(ASCII.space)
    case .inlineHTML:
      let literal = node.literal
      flushComment()
      if literal.has("<!--", at: 0, before: literal.count) { trailingComment = locate(literal) }
    case .quote, .list, .item, .paragraph, .heading, .fence, .indentedCode, .html, .other:
      if node.firstChild == nil { flushComment() }
      return node.firstChild
    }
    return nil
  }

  private mutating func flushComment() {
    if let comment = trailingComment { comments.append(comment) }
    trailingComment = nil
  }

  /// A code span may hold the text of a comment that comes after it.
  private mutating func skipCode(_ literal: UnsafeBufferPointer<UInt8>) {
    guard literal.firstOffset(of: "<!--", in: 0..<literal.count) != nil else { return }
    let first = 0..<(literal.firstOffset(of: ASCII.lineFeed, in: 0..<literal.count) ?? literal.count)
    if !first.isEmpty, let found = page.parsedBytes.firstOffset(of: literal.slice(first), in: cursor..<limit)
    {
      cursor = found + first.count
    }
  }

  private mutating func locate(_ literal: UnsafeBufferPointer<UInt8>) -> SourceRange {
    let first = 0..<(literal.firstOffset(of: ASCII.lineFeed, in: 0..<literal.count) ?? literal.count)
    // A table takes backslashes out of its cells, so that the text is not found. Then it is the next comment.
    let reach = cursor..<min(limit, cursor + 4096)
    guard
      let start = page.parsedBytes.firstOffset(of: literal.slice(first), in: reach)
        ?? page.bytes.firstOffset(of: "<!--", in: cursor..<limit)
    else { return SourceRange(at: cursor) }
    let end = page.bytes.firstOffset(of: "-->", in: start..<limit).map { $0 + 3 } ?? limit
    cursor = end
    return SourceRange(start: start, end: end)
  }

  private mutating func locateBrokenComments(in literal: UnsafeBufferPointer<UInt8>) {
    var offset = 0
    while let found = literal.firstOffset(of: "<!--", in: offset..<literal.count) {
      offset = found + 4
      guard let start = page.bytes.firstOffset(of: "<!--", in: cursor..<limit) else { return }
      cursor = start + 4
      // One for a line is enough, and a backslash says that it is meant as text.
      if let last = brokenComments.last, start < last.end { continue }
      guard start == 0 || page.bytes[start - 1] != UInt8(ascii: "\\") else { continue }
      var end = start
      while end < limit, !ASCII.isLineEnd(page.bytes[end]) { end += 1 }
      if let closing = page.bytes.firstOffset(of: "-->", in: start + 4..<end) { end = closing + 3 }
      brokenComments.append(SourceRange(page.bytes.trimmed(start..<end)))
    }
  }
}
