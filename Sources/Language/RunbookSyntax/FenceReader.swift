import RunbookDiagnostics

/// Reads one fence from the source: its opening line, its text, and whether it is closed.
struct FenceReader {
  private let page: Page
  private let node: MarkdownNode
  private let openingLine: Int
  private let run: Range<Int>
  private(set) var diagnostics: [Diagnostic] = []

  private var bytes: UnsafeBufferPointer<UInt8> { page.bytes }
  private var lineOfOpening: Range<Int> { run.lowerBound..<page.line(openingLine).upperBound }

  init(_ node: MarkdownNode, of page: Page) {
    self.page = page
    self.node = node
    openingLine = node.startLine
    let line = page.line(openingLine)
    let start = page.offset(line: openingLine, column: node.startColumn)
    var end = start
    while end < line.upperBound, page.bytes[end] == page.bytes[start] { end += 1 }
    run = start..<end
  }

  mutating func read(containers: [Container], leadText: String?, isLeadShared: Bool) -> Fence {
    let (text, lineCount) = readText()
    let info = bytes.trimmed(run.upperBound..<lineOfOpening.upperBound)
    let language = readLanguage(info)
    var (attributes, foreign) = readAttributes(info, after: language?.range.end ?? info.lowerBound)
    if bytes[run.lowerBound] == UInt8(ascii: "~"), attributes?.id != nil,
      let backtick = bytes.firstOffset(of: UInt8(ascii: "`"), in: info)
    {
      diagnostics.append(.backtickInFenceLine(at: SourceRange(backtick..<backtick + 1)))
    }

    var optionsEnd = 0
    let isStep = attributes?.id != nil
    if isStep {
      let options = OptionLines(text, mark: OptionLines.mark(of: language?.text))
      optionsEnd = options.end
      if !options.diagnostics.isEmpty { diagnostics += options.diagnostics }
      for value in options.values {
        guard let error = attributes?.add(value) else { continue }
        diagnostics.append(error)
        if attributes?.isFull == true { break }
      }
      checkBody(text, from: optionsEnd, language: language?.text)
    }
    checkForSteps(inside: text)

    let closing = closingLine(after: lineCount)
    let end: Int
    if let closing {
      end = bytes.trimmed(page.line(closing)).upperBound
    } else {
      end = lineCount == 0 ? lineOfOpening.upperBound : page.line(openingLine + lineCount).upperBound
      reportUnclosed(textLines: lineCount)
    }
    return Fence(
      range: SourceRange(run.lowerBound..<end), openingRange: SourceRange(bytes.trimmed(lineOfOpening)),
      infoRange: SourceRange(info), language: language,
      attributes: attributes, foreignAttributes: foreign, text: text, optionsEnd: optionsEnd,
      isClosed: closing != nil, containers: containers, leadText: leadText, isLeadShared: isLeadShared)
  }

  // MARK: The opening line

  private func readLanguage(_ info: Range<Int>) -> SourceName? {
    var end = info.lowerBound
    while end < info.upperBound, !ASCII.isBlank(bytes[end]), bytes[end] != UInt8(ascii: "{") { end += 1 }
    guard end > info.lowerBound else { return nil }
    return SourceName(bytes.text(info.lowerBound..<end), range: SourceRange(info.lowerBound..<end))
  }

  /// The braces that are an attribute list, or claim to be one with `{#`.
  private mutating func readAttributes(
    _ info: Range<Int>, after languageEnd: Int
  ) -> (Attributes?, ForeignAttributes?) {
    var start = languageEnd
    while let brace = bytes.firstOffset(of: UInt8(ascii: "{"), in: start..<info.upperBound) {
      start = brace + 1
      guard let first = firstByte(in: start..<info.upperBound) else { break }
      if first == UInt8(ascii: "\"") {
        return (nil, ForeignAttributes(form: .runme, range: SourceRange(brace..<info.upperBound)))
      }
      guard first == UInt8(ascii: "#") || first == UInt8(ascii: ".") || ASCII.isLetter(first) else {
        continue
      }
      var scanner = AttributeScanner(bytes, list: brace..<info.upperBound)
      let (attributes, end) = scanner.scan()
      let isClass = languageEnd == info.lowerBound && !attributes.classes.isEmpty
      let foreign = isClass ? ForeignAttributes(form: .pandocClass, range: attributes.range) : nil
      if scanner.hasID {
        if isClass { return (nil, foreign) }
        if !scanner.errors.isEmpty { diagnostics += scanner.errors }
        checkSurroundings(of: brace..<end, in: info, after: languageEnd)
        return (attributes, nil)
      }
      let isAlone = bytes.trimmed(end..<info.upperBound).isEmpty && bytes.trimmed(languageEnd..<brace).isEmpty
      if isAlone, scanner.errors.isEmpty { return (attributes, foreign) }
      start = max(start, bytes.claimedStep(in: start..<end) ?? end)
    }
    return (nil, nil)
  }

  private func firstByte(in range: Range<Int>) -> UInt8? {
    let rest = bytes.trimmed(range)
    return rest.isEmpty ? nil : bytes[rest.lowerBound]
  }

  /// Nothing beside the list: it would be ignored.
  private mutating func checkSurroundings(of list: Range<Int>, in info: Range<Int>, after languageEnd: Int) {
    if list.lowerBound == languageEnd, languageEnd > info.lowerBound {
      diagnostics.append(.missingBlank(at: SourceRange(at: list.lowerBound)))
    }
    reportIgnored(languageEnd..<list.lowerBound)
    reportIgnored(list.upperBound..<info.upperBound)
  }

  private mutating func reportIgnored(_ range: Range<Int>) {
    let rest = bytes.trimmed(range)
    guard !rest.isEmpty else { return }
    diagnostics.append(.textAroundAttributes(bytes.text(rest), at: SourceRange(rest)))
  }

  // MARK: The text

  /// The lines between the fences. Markdown has taken the indentation and the marks of the containers off; what
  /// is left of each line is the end of a line of the source, and so its place is found.
  private func readText() -> (MappedText, lineCount: Int) {
    let literal = node.literal
    let start = page.nextLineStart(openingLine)
    var text = MappedText(at: start)
    text.reserve(literal.count)
    if start + literal.count <= bytes.count,
      page.parsedBytes.equals(literal, at: start..<start + literal.count)
    {
      text.append(bytes.slice(start..<start + literal.count), from: start)
      return (text, literal.lineFeedCount)
    }
    var lineCount = 0
    var offset = 0
    while offset < literal.count {
      let end = literal.firstOffset(of: ASCII.lineFeed, in: offset..<literal.count) ?? literal.count
      lineCount += 1
      append(literal.slice(offset..<end), line: page.line(openingLine + lineCount), to: &text)
      // The last line of a page may have no end, so that there is nothing for this one to stand for.
      let sourceEnd = page.nextLineStart(openingLine + lineCount)
      if sourceEnd > page.line(openingLine + lineCount).upperBound {
        text.append(ASCII.lineFeed, from: sourceEnd - 1)
      }
      offset = end + 1
    }
    return (text, lineCount)
  }

  /// Adds what Markdown left of `line`. A tab that a list has used up in part is the blanks that are left of it.
  private func append(_ rest: UnsafeBufferPointer<UInt8>, line: Range<Int>, to text: inout MappedText) {
    var blanks = 0
    while !hasSuffix(rest.slice(blanks..<rest.count), line: line) {
      guard rest[blanks] == ASCII.space else { return assertionFailure("Markdown changed a line of code") }
      blanks += 1
    }
    let start = line.upperBound - (rest.count - blanks)
    text.append(blanks: blanks, ofTabAt: max(line.lowerBound, start - 1))
    text.append(bytes.slice(start..<line.upperBound), from: start)
  }

  private func hasSuffix(_ suffix: UnsafeBufferPointer<UInt8>, line: Range<Int>) -> Bool {
    suffix.count <= line.count
      && page.parsedBytes.equals(suffix, at: line.upperBound - suffix.count..<line.upperBound)
  }

  // MARK: The end

  /// The line of the closing fence: the one after the text, unless that one begins something else.
  private func closingLine(after lineCount: Int) -> Int? {
    let number = openingLine + lineCount + 1
    guard number < page.lineLimit else { return nil }
    guard let closing = bytes.fenceRun(in: page.line(number)),
      bytes[closing.lowerBound] == bytes[run.lowerBound],
      closing.count >= run.count, bytes.trimmed(closing.upperBound..<page.line(number).upperBound).isEmpty,
      node.following?.startLine != number
    else { return nil }
    return number
  }

  private mutating func reportUnclosed(textLines: Int) {
    let number = openingLine + textLines + 1
    let isFence = number < page.lineLimit && bytes.fenceRun(in: page.line(number)) != nil
    diagnostics.append(
      .unclosedFence(
        bytes.text(run), at: SourceRange(bytes.trimmed(lineOfOpening)),
        outsideLine: isFence ? page.fileLine(number) : nil))
  }

  // MARK: What would be ignored

  /// A line that opens a step inside this fence: the fence was meant to end before.
  private mutating func checkForSteps(inside text: MappedText) {
    text.bytes.withUnsafeBufferPointer { body in
      guard body.firstOffset(of: UInt8(ascii: "{"), in: 0..<body.count) != nil else { return }
      body.forEachLine(from: 0) { line in
        guard let found = body.fenceRun(in: line), found.count >= run.count,
          body[found.lowerBound] == bytes[run.lowerBound], body.claimedStep(in: line) != nil
        else { return }
        let range = text.sourceRange(of: body.trimmed(line))
        diagnostics.append(.swallowedFence(openedOn: page.fileLine(openingLine), at: range))
      }
    }
  }

  /// Option lines that are not at the top, or have the mark of another language.
  private mutating func checkBody(_ text: MappedText, from start: Int, language: String?) {
    let mark = OptionLines.mark(of: language)
    let foreign = OptionLines.foreignMark(of: language)
    text.bytes.withUnsafeBufferPointer { body in
      guard body.firstOffset(of: UInt8(ascii: "|"), in: start..<body.count) != nil else { return }
      body.forEachLine(from: start) { line in
        let range = text.sourceRange(of: line)
        if isOptionLine(line, of: body, mark: mark) {
          diagnostics.append(.misplacedOptionLine(at: range))
        } else if line.lowerBound == start, isOptionLine(line, of: body, mark: foreign) {
          diagnostics.append(.foreignOptionLine(found: "\(foreign)", expected: "\(mark)", at: range))
        }
      }
    }
  }

  private func isOptionLine(
    _ line: Range<Int>, of body: UnsafeBufferPointer<UInt8>, mark: StaticString
  ) -> Bool {
    guard body.has(mark, at: line.lowerBound, before: line.upperBound) else { return false }
    var end = line.lowerBound + mark.utf8CodeUnitCount
    while end < line.upperBound, ASCII.isBlank(body[end]) { end += 1 }
    let start = end
    while end < line.upperBound, ASCII.isName(body[end]) { end += 1 }
    return end > start && end < line.upperBound && body[end] == UInt8(ascii: ":")
  }
}
