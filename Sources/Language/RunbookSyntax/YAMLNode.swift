public import RunbookDiagnostics

/// A YAML value and where it stands.
///
/// Scalars stay the text that was written: what `on`, `010` or `2026-11-20` mean is for the schema to say.
public struct YAMLNode: Sendable, Hashable {
  /// What the value is.
  public enum Content: Sendable, Hashable {
    /// Text.
    case scalar(YAMLScalar)
    /// A list.
    case sequence([YAMLNode])
    /// Keys and values in the order of the source; no key is there twice.
    case mapping([YAMLEntry])
  }

  /// What the value is.
  public let content: Content
  /// From its first byte to its last one, quotes and brackets included.
  public let range: SourceRange

  /// A value that stands at `range`.
  public init(_ content: Content, range: SourceRange) {
    self.content = content
    self.range = range
  }

  /// The scalar, if it is one.
  public var scalar: YAMLScalar? {
    guard case .scalar(let scalar) = content else { return nil }
    return scalar
  }

  /// The text of the scalar, if it is one.
  public var text: String? { scalar?.text }

  /// The elements, if it is a sequence.
  public var elements: [YAMLNode]? {
    guard case .sequence(let elements) = content else { return nil }
    return elements
  }

  /// The keys and values, if it is a mapping.
  public var entries: [YAMLEntry]? {
    guard case .mapping(let entries) = content else { return nil }
    return entries
  }

  /// The value of `key`, if it is a mapping that has it.
  public subscript(key: String) -> YAMLNode? {
    entries?.first { $0.key == key }?.value
  }

  /// Where a part of a scalar's text stands: exactly, if the text was written without escapes and on one line,
  /// else the whole of it.
  ///
  /// - Parameter offsets: UTF-8 offsets into the scalar's text.
  public func range(ofText offsets: Range<Int>) -> SourceRange {
    guard let start = scalar?.verbatimStart else { return range }
    return SourceRange(start: start + offsets.lowerBound, end: start + offsets.upperBound)
  }
}

/// The text of a YAML scalar and how it was written.
public struct YAMLScalar: Sendable, Hashable {
  /// How a scalar was written.
  public enum Style: Sendable, Hashable {
    /// Without quotes; the only style in which `true`, `1` or nothing can be more than text.
    case plain
    /// In single or double quotes.
    case quoted
    /// After `|` or `>`.
    case block
    /// Not at all: a bare attribute name stands for `true`.
    case implied
  }

  /// The text without quotes, escapes resolved.
  public let text: String
  /// How it was written.
  public let style: Style
  /// Offset in the file of the first byte of `text`, if the file holds exactly `text` there.
  public let verbatimStart: Int?

  /// A scalar as it was written.
  public init(_ text: String, style: Style, verbatimStart: Int? = nil) {
    self.text = text
    self.style = style
    self.verbatimStart = verbatimStart
  }

  /// Whether it is what YAML calls null: nothing, `~` or `null` without quotes.
  public var isNull: Bool {
    style == .plain && ["", "~", "null", "Null", "NULL"].contains(text)
  }
}

/// A key of a YAML mapping and its value.
public struct YAMLEntry: Sendable, Hashable {
  /// The key.
  public let key: String
  /// Where the key stands, quotes included.
  public let keyRange: SourceRange
  /// The value; a null scalar where none was written.
  public let value: YAMLNode

  /// A key at `keyRange` with its value.
  public init(key: String, keyRange: SourceRange, value: YAMLNode) {
    self.key = key
    self.keyRange = keyRange
    self.value = value
  }
}
