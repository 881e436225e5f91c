import RunbookDiagnostics

/// Walks a page once and collects its blocks in order.
struct BlockReader {
  /// A list, item or quote that the walk is in; the first one is the page.
  private struct Frame {
    enum Kind {
      case page
      case quote
      case list(number: Int, start: Int?, count: Int)
      case item(ListItem)
    }

    var kind: Kind
    /// The nearest text in front in this frame, since its last heading.
    var leadText: String?
    /// Whether a fence stands behind that text already.
    var isLeadTaken = false
  }

  private let page: Page
  private var inline: InlineReader
  private var frames = [Frame(kind: .page)]
  private var listCount = 0
  private var cachedContainers: [Container]?
  /// The first paragraph of a task item is the task's text, not a paragraph.
  private var isAfterTaskMark = false
  private(set) var blocks: [Block] = []
  private(set) var diagnostics: [Diagnostic] = []

  private var bytes: UnsafeBufferPointer<UInt8> { page.bytes }

  init(_ page: Page) {
    self.page = page
    inline = InlineReader(page)
    blocks.reserveCapacity(page.lineLimit / 6)
  }

  /// Visits everything below `root`.
  mutating func read(_ root: MarkdownNode) {
    var current = root.firstChild
    while let node = current {
      if enter(node) {
        current = node.firstChild
        continue
      }
      var above = node
      while above.next == nil, let parent = above.parent, parent != root {
        frames.removeLast()
        cachedContainers = nil
        above = parent
      }
      current = above.next
    }
  }

  /// - Returns: Whether to go on with what is inside of the node.
  private mutating func enter(_ node: MarkdownNode) -> Bool {
    switch node.kind {
    case .quote: return push(.quote, for: node)
    case .list:
      listCount += 1
      return push(.list(number: listCount - 1, start: node.listStart, count: 0), for: node)
    case .item: return enterItem(node)
    case .heading: readHeading(node)
    case .paragraph: readParagraph(node)
    case .fence: readFence(node)
    case .indentedCode: checkIndentedCode(node)
    case .html: checkHTML(node)
    case .other: reportStrayComments(in: node)
    case .text, .code, .softBreak, .lineBreak, .inlineHTML: break
    }
    return false
  }

  private mutating func push(_ kind: Frame.Kind, for node: MarkdownNode) -> Bool {
    guard node.firstChild != nil else { return false }
    frames.append(Frame(kind: kind))
    cachedContainers = nil
    return true
  }

  // MARK: Blocks

  private mutating func enterItem(_ node: MarkdownNode) -> Bool {
    guard case .list(let list, let start, let index)? = frames.last?.kind else { return false }
    frames[frames.count - 1].kind = .list(number: list, start: start, count: index + 1)
    let isTask = node.isTask
    let item = ListItem(list: list, index: index, number: start.map { $0 &+ index }, isTask: isTask)
    var text: String?
    if isTask {
      text = readTask(node, item: item)
    } else {
      checkHiddenTask(node)
    }
    let isEntered = push(.item(item), for: node)
    if isEntered { frames[frames.count - 1].leadText = text }
    return isEntered
  }

  /// - Returns: The text of the task.
  private mutating func readTask(_ node: MarkdownNode, item: ListItem) -> String {
    let start = page.offset(line: node.startLine, column: node.startColumn)
    let isChecked = isChecked(from: start, before: page.line(node.startLine).upperBound)
    guard let first = node.firstChild, case .paragraph = first.kind else {
      let range = SourceRange(
        start: start, end: max(start, bytes.trimmed(page.line(node.startLine)).upperBound))
      blocks.append(
        .task(
          TaskItem(
            text: "", markdown: "", isChecked: isChecked, range: range,
            textRange: SourceRange(at: range.end),
            attributes: nil, item: item, containers: containers())))
      return ""
    }
    isAfterTaskMark = true
    let content = readContent(first)
    let attributes = content.comment?.attributes(reportingTo: &diagnostics)
    let markdownEnd = content.comment?.range.start ?? content.range.end
    checkHiddenCharacters(in: content.range, of: "a task item")
    blocks.append(
      .task(
        TaskItem(
          text: content.text,
          markdown: markdown(of: content.range.start..<markdownEnd, from: first.startLine),
          isChecked: isChecked,
          range: SourceRange(start: min(start, content.range.start), end: content.range.end),
          textRange: content.range, attributes: attributes, item: item, containers: containers())))
    return content.text
  }

  /// Whether the box of a task that begins at `start` is checked.
  ///
  /// The library's own answer is yes for any `[x]` in the line.
  private func isChecked(from start: Int, before end: Int) -> Bool {
    guard let box = bytes.firstOffset(of: UInt8(ascii: "["), in: start..<end), box + 1 < end else {
      return false
    }
    return bytes[box + 1] == UInt8(ascii: "x") || bytes[box + 1] == UInt8(ascii: "X")
  }

  private mutating func readHeading(_ node: MarkdownNode) {
    let content = readContent(node)
    let attributes = content.comment?.attributes(reportingTo: &diagnostics)
    setLead(nil)
    blocks.append(
      .heading(
        Heading(
          level: node.headingLevel, text: content.text, range: content.range, attributes: attributes,
          containers: containers())))
  }

  private mutating func readParagraph(_ node: MarkdownNode) {
    if isAfterTaskMark {
      isAfterTaskMark = false
      return
    }
    let content = readContent(node)
    if let comment = content.comment, comment.looksLikeAttributes {
      diagnostics.append(.strayAttributeComment(at: comment.range))
    }
    setLead(content.text)
    blocks.append(.paragraph(Paragraph(text: content.text, range: content.range, containers: containers())))
  }

  private mutating func readFence(_ node: MarkdownNode) {
    var reader = FenceReader(node, of: page)
    let (text, isTaken) = takeLead()
    let fence = reader.read(containers: containers(), leadText: text, isLeadShared: isTaken)
    if !reader.diagnostics.isEmpty { diagnostics += reader.diagnostics }
    if fence.attributes?.id != nil { checkHiddenCharacters(in: fence.range, of: "a step") }
    blocks.append(.fence(fence))
  }

  /// What a paragraph or heading holds.
  private struct Content {
    var text: String
    var range: SourceRange
    var comment: AttributeComment?
  }

  private mutating func readContent(_ node: MarkdownNode) -> Content {
    var line = node.startLine
    var column = node.startColumn
    if line == 0, let table = node.next {
      // The library loses the place of a paragraph right above a table, and gives it to the table.
      line = table.startLine
      column = table.startColumn
    }
    let start = page.offset(line: line, column: column)
    let limit = node.following.map { page.line(max($0.startLine, line + 1)).lowerBound } ?? bytes.count
    inline.read(node, from: start, limit: limit)
    for comment in inline.comments { reportIfStray(comment) }
    reportBrokenComments()
    let isParagraph = if case .paragraph = node.kind { true } else { false }
    let lastLine = max(line + inline.lineBreaks, isParagraph ? node.endLine : 0)
    let end = max(start, bytes.trimmed(page.line(lastLine)).upperBound)
    if isParagraph { checkParagraphLines(line...lastLine, from: start) }
    let comment = inline.trailingComment.map { AttributeComment($0, in: bytes) }
    return Content(text: inline.text, range: SourceRange(start: start, end: end), comment: comment)
  }

  private mutating func setLead(_ text: String?) {
    frames[frames.count - 1].leadText = text
    frames[frames.count - 1].isLeadTaken = false
  }

  /// The nearest text in front, in this frame or else in those around it, and whether a fence before had it too.
  private mutating func takeLead() -> (text: String?, isTaken: Bool) {
    for index in frames.indices.reversed() {
      guard let text = frames[index].leadText else { continue }
      defer { frames[index].isLeadTaken = true }
      return (text, frames[index].isLeadTaken)
    }
    return (nil, false)
  }

  private mutating func containers() -> [Container] {
    if let cachedContainers { return cachedContainers }
    let containers: [Container] = frames.compactMap { frame in
      switch frame.kind {
      case .page, .list: nil
      case .quote: .quote
      case .item(let item): .item(item)
      }
    }
    cachedContainers = containers
    return containers
  }

  /// The source of `range` with the indentation of its lines taken off.
  private func markdown(of range: Range<Int>, from firstLine: Int) -> String {
    var lines: [String] = []
    var number = firstLine
    while true {
      let line = page.line(number)
      guard line.lowerBound < range.upperBound else { break }
      let shown = bytes.trimmed(
        max(line.lowerBound, range.lowerBound)..<max(range.lowerBound, min(line.upperBound, range.upperBound))
      )
      lines.append(bytes.text(shown))
      number += 1
    }
    return lines.joined(separator: "\n")
  }

  // MARK: What would be ignored

  private mutating func reportIfStray(_ comment: SourceRange) {
    if AttributeComment(comment, in: bytes).looksLikeAttributes {
      diagnostics.append(.strayAttributeComment(at: comment))
    }
  }

  private mutating func reportBrokenComments() {
    for range in inline.brokenComments where AttributeComment(range, in: bytes).looksLikeAttributes {
      diagnostics.append(.brokenAttributeComment(at: range))
    }
  }

  private mutating func reportStrayComments(in node: MarkdownNode) {
    let start = page.offset(line: node.startLine, column: node.startColumn)
    let limit = node.following.map { page.line($0.startLine).lowerBound } ?? bytes.count
    inline.read(node, from: start, limit: limit)
    for comment in inline.comments + [inline.trailingComment].compactMap(\.self) { reportIfStray(comment) }
    reportBrokenComments()
  }

  /// A line of running text that was meant to open a step.
  private mutating func checkParagraphLines(_ lines: ClosedRange<Int>, from start: Int) {
    for number in lines {
      let whole = page.line(number)
      let line = min(max(whole.lowerBound, start), whole.upperBound)..<whole.upperBound
      guard let run = bytes.fenceRun(in: line), bytes.claimedStep(in: line) != nil else { continue }
      if let backtick = bytes.firstOffset(of: UInt8(ascii: "`"), in: run.upperBound..<line.upperBound) {
        diagnostics.append(.backtickInFenceLine(at: SourceRange(backtick..<backtick + 1)))
      } else {
        diagnostics.append(
          .hiddenFence(
            "in Markdown no fence can begin here",
            at: SourceRange(bytes.trimmed(run.lowerBound..<line.upperBound)),
            fix: "give it a line of its own, with a blank line before it"))
      }
    }
  }

  private mutating func checkIndentedCode(_ node: MarkdownNode) {
    for line in lines(of: node) {
      guard let run = bytes.fenceRun(in: line), bytes.claimedStep(in: line) != nil else { continue }
      diagnostics.append(
        .hiddenFence(
          "it is indented so far that it is shown as code",
          at: SourceRange(bytes.trimmed(run.lowerBound..<line.upperBound)),
          fix: "indent it as the text of the list item it belongs to"))
    }
  }

  private mutating func checkHTML(_ node: MarkdownNode) {
    let lines = lines(of: node)
    guard let first = lines.first, let last = lines.last else { return }
    var offset = first.lowerBound
    while let start = bytes.firstOffset(of: "<!--", in: offset..<last.upperBound) {
      let end =
        bytes.firstOffset(of: "-->", in: start + 4..<last.upperBound).map { $0 + 3 } ?? last.upperBound
      reportIfStray(SourceRange(start..<end))
      offset = end
    }
    // Inside of a comment a step is hidden on purpose.
    let begin = page.offset(line: node.startLine, column: node.startColumn)
    guard !bytes.has("<!--", at: begin, before: last.upperBound) else { return }
    for line in lines {
      guard let run = bytes.fenceRun(in: line), bytes.claimedStep(in: line) != nil else { continue }
      diagnostics.append(
        .hiddenFence(
          "it stands in HTML", at: SourceRange(bytes.trimmed(run.lowerBound..<line.upperBound)),
          fix: "a blank line before it ends the HTML"))
    }
  }

  /// The lines of a block whose text the library keeps.
  private func lines(of node: MarkdownNode) -> [Range<Int>] {
    let count = node.literal.lineFeedCount
    return (node.startLine..<node.startLine + count).map(page.line)
  }

  /// An item whose text begins with a checkbox that GitHub's Markdown does not take for one.
  private mutating func checkHiddenTask(_ node: MarkdownNode) {
    guard let first = node.firstChild, case .paragraph = first.kind else { return }
    let start = page.offset(line: first.startLine, column: first.startColumn)
    let end = page.line(first.startLine).upperBound
    guard start + 2 < end, bytes[start] == UInt8(ascii: "["), bytes[start + 2] == UInt8(ascii: "]"),
      [UInt8(ascii: " "), UInt8(ascii: "x"), UInt8(ascii: "X")].contains(bytes[start + 1]),
      start + 3 == end || ASCII.isBlank(bytes[start + 3])
    else { return }
    diagnostics.append(.hiddenTask(at: SourceRange(bytes.trimmed(start..<end))))
  }

  private mutating func checkHiddenCharacters(in range: SourceRange, of place: String) {
    let found = HiddenCharacters.diagnostics(in: range, of: bytes, place: place)
    if !found.isEmpty { diagnostics += found }
  }
}
