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
    let lines = text.bytes.withUnsafeBufferPointer { Self.lines(of: $0, mark: mark) }
    end = lines.last?.next ?? 0
    if let values = Self.plainValues(of: lines, in: text) {
      self.values = values
      diagnostics = []
      return
    }
    var yaml = MappedText(at: text.sourceOffset(of: lines[0].content))
    for line in lines { yaml.append(text.slice(line.content..<line.next)) }
    var (node, diagnostics) = YAMLReader.read(yaml)
    let entries = node?.entries
    if let node, entries == nil, node.scalar?.isNull != true {
      diagnostics.append(.malformedOptionLines(at: node.range))
    }
    values = (entries ?? []).map {
      Attribute(name: SourceName($0.key, range: $0.keyRange), value: $0.value)
    }
    self.diagnostics = diagnostics
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

  private static func lines(of bytes: UnsafeBufferPointer<UInt8>, mark: StaticString) -> [Line] {
    var lines: [Line] = []
    var offset = 0
    while offset < bytes.count, bytes.has(mark, at: offset, before: bytes.count) {
      let end = bytes.firstOffset(of: ASCII.lineFeed, in: offset..<bytes.count) ?? bytes.count
      var content = offset + mark.utf8CodeUnitCount
      if content < end, ASCII.isBlank(bytes[content]) { content += 1 }
      offset = min(end + 1, bytes.count)
      lines.append(Line(content: content, end: end, next: offset))
    }
    return lines
  }

  // MARK: Without libyaml

  /// The values, if each line is a name and a plain scalar that YAML takes as it is written. Starting libyaml
  /// for a line or two takes longer than to parse the Markdown around them.
  ///
  /// - Returns: `nil` where libyaml has to say what the lines are.
  private static func plainValues(of lines: [Line], in text: MappedText) -> [Attribute]? {
    var values: [Attribute] = []
    values.reserveCapacity(lines.count)
    for line in lines {
      let found: (name: Range<Int>, value: Range<Int>)? = text.bytes.withUnsafeBufferPointer {
        plainEntry(of: $0, at: line.content..<line.end)
      }
      guard let (name, value) = found else { return nil }
      // The line is contiguous in the file: nothing in it was taken out behind its mark.
      let shift = text.sourceOffset(of: line.content) - line.content
      let attribute = text.bytes.withUnsafeBufferPointer { bytes in
        let scalar = YAMLScalar(bytes.text(value), style: .plain, verbatimStart: value.lowerBound + shift)
        return Attribute(
          name: SourceName(bytes.text(name), range: SourceRange(name, shiftedBy: shift)),
          value: YAMLNode(.scalar(scalar), range: SourceRange(value, shiftedBy: shift)))
      }
      guard !values.contains(where: { $0.name.text == attribute.name.text }) else { return nil }
      values.append(attribute)
    }
    return values
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
