import RunbookDiagnostics

/// The option lines at the top of a fence: `#| key: value`, in SQL `--| key: value`.
struct OptionLines {
  /// Where they end in the text of the fence.
  let end: Int
  /// What they say.
  let values: [Attribute]
  /// Mistakes in them.
  let diagnostics: [Diagnostic]

  /// The mark of option lines in `language`: a comment there.
  static func mark(of language: String?) -> StaticString { language == "sql" ? "--|" : "#|" }

  /// The mark that other languages have.
  static func foreignMark(of language: String?) -> StaticString { language == "sql" ? "#|" : "--|" }

  /// Reads the lines at the top of `text` that begin with `mark`.
  init(_ text: MappedText, mark: StaticString) {
    var end = 0
    var values: [Attribute] = []
    var isPlain = true
    text.bytes.withUnsafeBufferPointer { bytes in
      while let line = Self.line(at: end, of: bytes, mark: mark) {
        if end == 0 { values.reserveCapacity(4) }
        end = line.next
        guard isPlain, values.count < Attributes.limit,
          let attribute = Self.plainAttribute(line, of: bytes, in: text),
          !values.contains(where: { $0.name.text == attribute.name.text })
        else {
          isPlain = false
          continue
        }
        values.append(attribute)
      }
    }
    self.end = end
    if isPlain {
      self.values = values
      diagnostics = []
    } else {
      (self.values, diagnostics) = Self.read(text, before: end, mark: mark)
    }
  }

  /// What libyaml says the lines are.
  private static func read(
    _ text: MappedText, before end: Int, mark: StaticString
  ) -> ([Attribute], [Diagnostic]) {
    var yaml = MappedText(at: text.sourceOffset(of: mark.utf8CodeUnitCount))
    text.bytes.withUnsafeBufferPointer { bytes in
      var offset = 0
      while offset < end, let line = line(at: offset, of: bytes, mark: mark) {
        yaml.append(text, line.content..<line.next)
        offset = line.next
      }
    }
    var (node, diagnostics) = YAMLReader.read(yaml)
    let entries = node?.entries
    if let node, entries == nil, node.scalar?.isNull != true {
      diagnostics.append(.malformedOptionLines(at: node.range))
    }
    let values = (entries ?? []).map {
      Attribute(name: SourceName($0.key, range: $0.keyRange), value: $0.value)
    }
    return (values, diagnostics)
  }

  /// One option line.
  private struct Line {
    /// Where the YAML begins, after the mark and one blank.
    var content: Int
    /// Where the line ends.
    var end: Int
    /// Where the next one begins.
    var next: Int
  }

  private static func line(
    at offset: Int, of bytes: UnsafeBufferPointer<UInt8>, mark: StaticString
  ) -> Line? {
    guard bytes.has(mark, at: offset, before: bytes.count) else { return nil }
    let end = bytes.firstOffset(of: ASCII.lineFeed, in: offset..<bytes.count) ?? bytes.count
    var content = offset + mark.utf8CodeUnitCount
    if content < end, ASCII.isBlank(bytes[content]) { content += 1 }
    return Line(content: content, end: end, next: min(end + 1, bytes.count))
  }

  // MARK: Without libyaml

  /// The attribute of a line that is a name and a plain scalar which YAML takes as it is written, if the next line
  /// is such a line too. Starting libyaml for a line or two takes longer than to parse the Markdown around them.
  ///
  /// - Returns: `nil` where libyaml has to say what the lines are.
  private static func plainAttribute(
    _ line: Line, of bytes: UnsafeBufferPointer<UInt8>, in text: MappedText
  ) -> Attribute? {
    guard let (name, value) = plainEntry(of: bytes, at: line.content..<line.end) else { return nil }
    // The line is contiguous in the file: nothing in it was taken out behind its mark.
    let shift = text.sourceOffset(of: line.content) - line.content
    let scalar = YAMLScalar(bytes.text(value), style: .plain, verbatimStart: value.lowerBound + shift)
    return Attribute(
      name: SourceName(bytes.text(name), range: SourceRange(name, shiftedBy: shift)),
      value: YAMLNode(.scalar(scalar), range: SourceRange(value, shiftedBy: shift)))
  }

  /// The name and the value of a line that is all printable ASCII, begins with a letter, and holds nothing that
  /// YAML gives a meaning: no indicator in front of the value, no `: ` and ` #` in it, no `:` at its end.
  private static func plainEntry(
    of bytes: UnsafeBufferPointer<UInt8>, at line: Range<Int>
  ) -> (name: Range<Int>, value: Range<Int>)? {
    var offset = line.lowerBound
    while offset < line.upperBound, ASCII.isName(bytes[offset]) { offset += 1 }
    let name = line.lowerBound..<offset
    // YAML looks for the `:` of a key 1024 characters ahead at most.
    guard !name.isEmpty, name.count < 128, ASCII.isLetter(bytes[name.lowerBound]),
      offset + 1 < line.upperBound,
      bytes[offset] == UInt8(ascii: ":"), bytes[offset + 1] == ASCII.space
    else { return nil }
    var start = offset + 1
    while start < line.upperBound, bytes[start] == ASCII.space { start += 1 }
    guard start < line.upperBound, canBegin(bytes[start]) else { return nil }
    var end = start
    var last = bytes[start]
    for offset in start..<line.upperBound {
      let byte = bytes[offset]
      guard byte >= 0x20, byte < 0x7F else { return nil }
      if byte == ASCII.space {
        if last == UInt8(ascii: ":") { return nil }
      } else {
        if byte == UInt8(ascii: "#"), last == ASCII.space { return nil }
        end = offset + 1
      }
      last = byte
    }
    return last == UInt8(ascii: ":") ? nil : (name, start..<end)
  }

  private static func canBegin(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "$"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "("), UInt8(ascii: "_"): true
    default: ASCII.isName(byte) && byte != UInt8(ascii: "-")
    }
  }
}

extension SourceRange {
  fileprivate init(_ offsets: Range<Int>, shiftedBy shift: Int) {
    self.init(start: offsets.lowerBound + shift, end: offsets.upperBound + shift)
  }
}
