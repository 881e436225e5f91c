import RunbookDiagnostics

/// Reads an attribute list, `{#id .class key=value name key="quoted" key='quoted'}` or the same in a comment, from
/// the source bytes.
///
/// In double quotes `\"` and `\\` are a quote and a backslash; any other backslash, and all in single quotes, is
/// itself, so that patterns can be written as they are. A mistake is reported and the scan goes on after it.
struct AttributeScanner {
  /// What ends the list.
  private enum Closer {
    /// `}`
    case brace
    /// The end of the bytes: what is in front of `-->`.
    case end
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private let closer: Closer
  private let limit: Int
  private let whole: SourceRange
  private var offset: Int
  private var attributes: Attributes
  private(set) var errors: [Diagnostic] = []
  /// Whether something in it looks like `#id`, the mark of a step or task.
  private(set) var hasID = false
  private var hasOpenQuote = false

  /// Scans a list in braces.
  ///
  /// - Parameter list: From the opening brace to the end of its line.
  init(_ bytes: UnsafeBufferPointer<UInt8>, list: Range<Int>) {
    self.init(bytes, content: list.lowerBound + 1..<list.upperBound, whole: SourceRange(list), closer: .brace)
  }

  /// Scans a list in a comment.
  ///
  /// - Parameter content: What stands between `<!--` and `-->`.
  init(_ bytes: UnsafeBufferPointer<UInt8>, content: Range<Int>, ofComment comment: SourceRange) {
    self.init(bytes, content: content, whole: comment, closer: .end)
  }

  private init(
    _ bytes: UnsafeBufferPointer<UInt8>, content: Range<Int>, whole: SourceRange, closer: Closer
  ) {
    self.bytes = bytes
    self.closer = closer
    self.whole = whole
    offset = content.lowerBound
    limit = content.upperBound
    attributes = Attributes(range: whole)
  }

  /// Reads the list.
  ///
  /// - Returns: The attributes, and the offset after the closing brace.
  mutating func scan() -> (Attributes, end: Int) {
    while true {
      while offset < limit, ASCII.isBlank(bytes[offset]) { offset += 1 }
      guard offset < limit else { break }
      if isCloser(bytes[offset]) {
        attributes.range = SourceRange(start: whole.start, end: offset + 1)
        return (attributes, offset + 1)
      }
      scanToken()
    }
    if closer == .brace, !hasOpenQuote {
      fail("the attribute list is not closed", at: whole, "it ends with '}' on the same line")
    }
    return (attributes, offset)
  }

  private func isCloser(_ byte: UInt8) -> Bool { closer == .brace && byte == UInt8(ascii: "}") }

  private func isTokenEnd(_ offset: Int) -> Bool {
    offset >= limit || ASCII.isBlank(bytes[offset]) || isCloser(bytes[offset])
  }

  private mutating func scanToken() {
    let start = offset
    switch bytes[start] {
    case UInt8(ascii: "#"):
      hasID = true
      guard let name = scanMarkedName(after: start) else { return }
      if let id = attributes.id {
        fail("a second id '\(name.text)' besides '\(id.text)'", at: SourceRange(start: start, end: offset))
      } else {
        attributes.id = name
      }
    case UInt8(ascii: "."):
      guard let name = scanMarkedName(after: start) else { return }
      if !attributes.hasClass(name.text) { attributes.classes.append(name) }
    case let byte where ASCII.isLetter(byte) || byte == UInt8(ascii: "_"):
      scanAttribute()
    case UInt8(ascii: ","):
      offset += 1
      fail(
        "a comma in an attribute list", at: SourceRange(start: start, end: offset),
        "blanks separate attributes")
    default:
      skipToken()
      let found = bytes.text(start..<offset)
      fail(
        "'\(found)' is no attribute", at: SourceRange(start: start, end: offset),
        "attributes are #id, .flag, key=value or key=\"a value with blanks\"")
    }
  }

  /// The name after `#` or `.`.
  private mutating func scanMarkedName(after start: Int) -> SourceName? {
    offset = start + 1
    while !isTokenEnd(offset), !isUnquotable(bytes[offset]) { offset += 1 }
    let nameRange = start + 1..<offset
    guard !nameRange.isEmpty, isTokenEnd(offset) else {
      skipToken()
      let found = bytes.text(start..<offset)
      fail("'\(found)' is no id or flag", at: SourceRange(start: start, end: offset))
      return nil
    }
    return SourceName(bytes.text(nameRange), range: SourceRange(nameRange))
  }

  private mutating func scanAttribute() {
    let start = offset
    while offset < limit, ASCII.isName(bytes[offset]) { offset += 1 }
    let name = SourceName(bytes.text(start..<offset), range: SourceRange(start..<offset))
    if isTokenEnd(offset) {
      let value = YAMLNode(.scalar(YAMLScalar("true", style: .implied)), range: name.range)
      return add(Attribute(name: name, value: value))
    }
    guard bytes[offset] == UInt8(ascii: "=") else {
      skipToken()
      let found = bytes.text(start..<offset)
      return fail("'\(found)' is no attribute", at: SourceRange(start..<offset), "write key=value")
    }
    offset += 1
    guard let value = scanValue(of: name) else { return }
    add(Attribute(name: name, value: value))
    if !isTokenEnd(offset) {
      let rest = offset
      skipToken()
      let found = bytes.text(rest..<offset)
      fail(
        "'\(found)' right after the value of '\(name.text)'", at: SourceRange(rest..<offset),
        "a blank is missing")
    }
  }

  private mutating func scanValue(of name: SourceName) -> YAMLNode? {
    let start = offset
    if offset < limit, bytes[offset] == UInt8(ascii: "\"") || bytes[offset] == UInt8(ascii: "'") {
      return scanQuotedValue(of: name)
    }
    while !isTokenEnd(offset), !isUnquotable(bytes[offset]) { offset += 1 }
    let range = start..<offset
    guard isTokenEnd(offset) else {
      skipToken()
      let isTypographic =
        bytes.has("\u{201C}", at: start, before: limit) || bytes.has("\u{2018}", at: start, before: limit)
      fail(
        "the value of '\(name.text)' needs quotes", at: SourceRange(start..<offset),
        isTypographic ? "typographic quotes are none: write \" or '" : "write \(name.text)=\"…\"")
      return nil
    }
    guard !range.isEmpty else {
      fail(
        "'\(name.text)=' without a value", at: name.range,
        "no blank may follow '='; an empty value is \(name.text)=\"\"")
      return nil
    }
    let scalar = YAMLScalar(bytes.text(range), style: .plain, verbatimStart: start)
    return YAMLNode(.scalar(scalar), range: SourceRange(range))
  }

  private mutating func scanQuotedValue(of name: SourceName) -> YAMLNode? {
    let start = offset
    let quote = bytes[start]
    let isEscaping = quote == UInt8(ascii: "\"")
    var value: [UInt8]?
    offset += 1
    while offset < limit, bytes[offset] != quote {
      var byte = bytes[offset]
      if isEscaping, byte == UInt8(ascii: "\\"), offset + 1 < limit,
        bytes[offset + 1] == quote || bytes[offset + 1] == byte
      {
        if value == nil { value = Array(bytes[start + 1..<offset]) }
        offset += 1
        byte = bytes[offset]
      }
      value?.append(byte)
      offset += 1
    }
    guard offset < limit else {
      hasOpenQuote = true
      fail(
        "the quotes around the value of '\(name.text)' are not closed", at: SourceRange(start..<start + 1),
        "an attribute list is one line; a long value can be an option line of the body")
      return nil
    }
    offset += 1
    let text = value.map { String(decoding: $0, as: UTF8.self) } ?? bytes.text(start + 1..<offset - 1)
    let scalar = YAMLScalar(text, style: .quoted, verbatimStart: value == nil ? start + 1 : nil)
    return YAMLNode(.scalar(scalar), range: SourceRange(start..<offset))
  }

  private mutating func add(_ attribute: Attribute) {
    guard let error = attributes.add(attribute) else { return }
    errors.append(error)
    if attributes.isFull { offset = limit }
  }

  /// What a value or a name cannot hold without quotes: it would end or open something.
  private func isUnquotable(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "}"): true
    // The first byte of typographic quotes and dashes.
    case 0xE2: true
    default: false
    }
  }

  /// Goes on to the next blank or to the closing brace.
  private mutating func skipToken() {
    while !isTokenEnd(offset) { offset += 1 }
  }

  private mutating func fail(_ message: String, at range: SourceRange, _ note: String? = nil) {
    errors.append(
      Diagnostic(.malformedAttributes, .error, message, at: range, notes: note.map { [$0] } ?? []))
  }
}
