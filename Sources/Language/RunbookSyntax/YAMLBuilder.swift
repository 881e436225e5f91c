import CYAML
import RunbookDiagnostics

/// Builds the nodes of one document from libyaml's events.
struct YAMLBuilder {
  /// A sequence or mapping that is still open.
  private struct Frame {
    var start: Int
    var elements: [YAMLNode] = []
    var entries: [YAMLEntry] = []
    var keys: Set<String> = []
    var isMapping: Bool
    var key = PendingKey.none
  }

  /// What a mapping waits for.
  private enum PendingKey {
    /// A key.
    case none
    /// The value of this key.
    case some(String, SourceRange)
    /// The value of a key that was refused.
    case refused
  }

  private let text: MappedText
  private var offsets: CharacterOffsets
  private var diagnostics: [Diagnostic] = []
  private var frames: [Frame] = []
  private var root: YAMLNode?
  private var documents = 0
  private var nodes = 0

  init(_ text: MappedText) {
    self.text = text
    offsets = CharacterOffsets(text.bytes)
  }

  /// Reads the text once.
  mutating func build() -> (YAMLNode?, [Diagnostic]) {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else { preconditionFailure("no memory for a YAML parser") }
    defer { yaml_parser_delete(&parser) }
    text.bytes.withUnsafeBufferPointer { bytes in
      yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
      yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
      var event = yaml_event_t()
      while true {
        guard yaml_parser_parse(&parser, &event) == 1 else {
          diagnostics.append(syntaxError(of: parser))
          root = nil
          return
        }
        defer { yaml_event_delete(&event) }
        guard event.type != YAML_STREAM_END_EVENT, take(event) else { return }
      }
    }
    return (root, diagnostics)
  }

  /// - Returns: Whether to go on.
  private mutating func take(_ event: yaml_event_t) -> Bool {
    switch event.type {
    case YAML_DOCUMENT_START_EVENT: return startDocument(event)
    case YAML_ALIAS_EVENT:
      let range = range(of: event)
      report(.yamlAnchor, "a YAML alias, which runbooks do not have", at: range, "write the value out")
      return insert(YAMLNode(.scalar(YAMLScalar("", style: .quoted)), range: range), isValid: false)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      refuse(anchor: scalar.anchor, tag: scalar.tag, at: range(of: event))
      return insert(
        node(
          of: event, value: UnsafeBufferPointer(start: scalar.value, count: scalar.length),
          style: scalar.style),
        isValid: true)
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      refuse(anchor: start.anchor, tag: start.tag, at: SourceRange(at: sourceOffset(event.start_mark)))
      return open(at: event.start_mark, isMapping: false)
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      refuse(anchor: start.anchor, tag: start.tag, at: SourceRange(at: sourceOffset(event.start_mark)))
      return open(at: event.start_mark, isMapping: true)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return close(at: event.end_mark)
    default: return true
    }
  }

  private mutating func startDocument(_ event: yaml_event_t) -> Bool {
    let range = range(of: event)
    documents += 1
    guard documents == 1 else {
      report(.yamlMultipleDocuments, "a second YAML document where one is expected", at: range)
      return false
    }
    let start = event.data.document_start
    if start.version_directive != nil || start.tag_directives.start != start.tag_directives.end {
      report(.yamlMultipleDocuments, "a YAML directive, which runbooks do not have", at: range)
    }
    return true
  }

  private mutating func open(at mark: yaml_mark_t, isMapping: Bool) -> Bool {
    let start = offsets.byte(ofCharacter: mark.index)
    guard frames.count < YAMLReader.maximumDepth else {
      report(
        .yamlTooLarge, "YAML nested more than \(YAMLReader.maximumDepth) levels deep",
        at: SourceRange(at: text.sourceOffset(of: start)))
      root = nil
      return false
    }
    frames.append(Frame(start: start, isMapping: isMapping))
    return true
  }

  private mutating func close(at mark: yaml_mark_t) -> Bool {
    guard let frame = frames.popLast() else { return false }
    // A block collection ends where the next token begins: leave out the blank lines in between.
    var end = max(frame.start, offsets.byte(ofCharacter: mark.index))
    while end > frame.start, ASCII.isBlankOrLineEnd(text.bytes[end - 1]) { end -= 1 }
    let range = text.sourceRange(of: frame.start..<end)
    let content: YAMLNode.Content = frame.isMapping ? .mapping(frame.entries) : .sequence(frame.elements)
    return insert(YAMLNode(content, range: range), isValid: true)
  }

  /// Gives a finished node to what it stands in.
  ///
  /// - Parameter isValid: Whether it can be a key.
  private mutating func insert(_ node: YAMLNode, isValid: Bool) -> Bool {
    nodes += 1
    guard nodes <= YAMLReader.maximumNodes else {
      report(.yamlTooLarge, "more than \(YAMLReader.maximumNodes) YAML values", at: node.range)
      root = nil
      return false
    }
    guard let last = frames.indices.last else {
      root = node
      return true
    }
    guard frames[last].isMapping else {
      frames[last].elements.append(node)
      return true
    }
    switch frames[last].key {
    case .none:
      frames[last].key = isValid ? key(from: node, of: last) : .refused
    case .some(let key, let range):
      frames[last].entries.append(YAMLEntry(key: key, keyRange: range, value: node))
      frames[last].key = .none
    case .refused:
      frames[last].key = .none
    }
    return true
  }

  private mutating func key(from node: YAMLNode, of frame: Int) -> PendingKey {
    guard let scalar = node.scalar else {
      report(.yamlKey, "a YAML key that is no plain name", at: node.range)
      return .refused
    }
    guard frames[frame].keys.insert(scalar.text).inserted else {
      report(
        .yamlDuplicateKey, "the key '\(scalar.text)' is here for the second time", at: node.range,
        "keep one of them")
      return .refused
    }
    return .some(scalar.text, node.range)
  }

  private mutating func node(
    of event: yaml_event_t, value: UnsafeBufferPointer<UInt8>, style written: yaml_scalar_style_t
  ) -> YAMLNode {
    let start = offsets.byte(ofCharacter: event.start_mark.index)
    var end = max(start, offsets.byte(ofCharacter: event.end_mark.index))
    let style: YAMLScalar.Style
    var first = start
    switch written {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE:
      style = .quoted
      first += 1
    case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE:
      style = .block
      while end > start, ASCII.isBlankOrLineEnd(text.bytes[end - 1]) { end -= 1 }
    default: style = .plain
    }
    let verbatimStart = verbatimSource(of: value, at: first)
    let content = YAMLScalar(
      String(decoding: value, as: UTF8.self), style: style, verbatimStart: verbatimStart)
    return YAMLNode(.scalar(content), range: text.sourceRange(of: start..<end))
  }

  /// Where the file holds exactly `value`, if the text does at `start`.
  private func verbatimSource(of value: UnsafeBufferPointer<UInt8>, at start: Int) -> Int? {
    guard start + value.count <= text.count, text.bytes[start..<start + value.count].elementsEqual(value)
    else { return nil }
    let range = text.sourceRange(of: start..<start + value.count)
    return range.count == value.count ? range.start : nil
  }

  private mutating func refuse(
    anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?, at range: SourceRange
  ) {
    if let anchor {
      report(
        .yamlAnchor, "a YAML anchor '&\(String(cString: anchor))', which runbooks do not have", at: range,
        "write the value where it is needed")
    }
    if let tag {
      let name = String(cString: tag)
      let standard = "tag:yaml.org,2002:"
      let written = name.hasPrefix(standard) ? "!!" + name.dropFirst(standard.count) : name
      report(
        .yamlTag, "a YAML tag '\(written)', which runbooks do not have", at: range,
        "quote the value if it is text")
    }
  }

  private mutating func syntaxError(of parser: yaml_parser_t) -> Diagnostic {
    var problem = parser.problem.map { String(cString: $0) } ?? "unknown error"
    let context = parser.context.map { String(cString: $0) }
    let isReader = parser.error == YAML_READER_ERROR
    var offset = isReader ? parser.problem_offset : offsets.byte(ofCharacter: parser.problem_mark.index)
    offset = min(offset, text.count)
    if offset < text.count, text.bytes[offset] == ASCII.tab {
      problem = "a tab; YAML indents with blanks"
    } else if context != nil, text.bytes[offset...].allSatisfy(ASCII.isBlankOrLineEnd) {
      // What is missing at the end is missing to what began before.
      offset = offsets.byte(ofCharacter: parser.context_mark.index)
    }
    return Diagnostic(
      .yamlSyntax, .error, "no valid YAML: \(problem)", at: SourceRange(at: text.sourceOffset(of: offset)),
      notes: context.map { [$0] } ?? [])
  }

  private mutating func report(
    _ code: Diagnostic.Code, _ message: String, at range: SourceRange, _ note: String? = nil
  ) {
    diagnostics.append(Diagnostic(code, .error, message, at: range, notes: note.map { [$0] } ?? []))
  }

  private mutating func range(of event: yaml_event_t) -> SourceRange {
    let start = offsets.byte(ofCharacter: event.start_mark.index)
    let end = offsets.byte(ofCharacter: event.end_mark.index)
    return text.sourceRange(of: start..<max(start, end))
  }

  private mutating func sourceOffset(_ mark: yaml_mark_t) -> Int {
    text.sourceOffset(of: offsets.byte(ofCharacter: mark.index))
  }
}

/// libyaml's marks count characters; this finds the bytes.
private struct CharacterOffsets {
  private let bytes: [UInt8]
  private let isASCII: Bool
  private var character = 0
  private var byte = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    isASCII = bytes.withUnsafeBufferPointer { ASCII.prefixCount(of: $0, from: 0) } == bytes.count
  }

  /// The offset of a character. Steps from the one asked for last: marks are near each other.
  mutating func byte(ofCharacter index: Int) -> Int {
    if isASCII { return min(index, bytes.count) }
    while character < index, byte < bytes.count {
      byte += 1
      while byte < bytes.count, bytes[byte] & 0xC0 == 0x80 { byte += 1 }
      character += 1
    }
    while character > index, byte > 0 {
      byte -= 1
      while byte > 0, bytes[byte] & 0xC0 == 0x80 { byte -= 1 }
      character -= 1
    }
    return byte
  }
}
