public import RunbookDiagnostics

/// A fenced code block.
public struct Fence: Sendable, Hashable {
  /// From the opening fence to the end of the closing one.
  public let range: SourceRange
  /// The opening line from the fence on.
  public let openingRange: SourceRange
  /// What follows the opening fence, as it was written, without blanks around it; may be empty.
  public let infoRange: SourceRange
  /// The first word of the info string.
  public let language: SourceName?
  /// The attribute list of the info string and the option lines of the body. `nil` where the braces, if any, are
  /// no such list. A list with mistakes, which are reported, is here with what could be read of it.
  public let attributes: Attributes?
  /// Attributes in the form of another tool.
  public let foreignAttributes: ForeignAttributes?
  /// All lines between the fences, each with LF at its end.
  public let text: MappedText
  /// Where in `text` the option lines end: 0 where there are none.
  public let optionsEnd: Int
  /// Whether it has a closing fence; a fence without one ends with the page or with what it stands in.
  public let isClosed: Bool
  /// What it stands in.
  public let containers: [Container]
  /// The nearest text in front of it, in the same section, that can be its title.
  public let leadText: String?
  /// Whether a fence between them has that text in front of it as well.
  public let isLeadShared: Bool

  /// The lines below the option lines: the program, statement or request itself.
  public var body: MappedText { text.suffix(from: optionsEnd) }

  /// The number that the page prints in front of the innermost numbered item it stands in.
  public var itemNumber: Int? { containers.itemNumber }
}

/// Attributes that another tool would read.
public struct ForeignAttributes: Sendable, Hashable {
  /// Whose form it is.
  public enum Form: Sendable, Hashable {
    /// `{ "id": "…" }`, as runme writes.
    case runme
    /// `{.bash}`: the language is a class, as Pandoc reads.
    case pandocClass
  }

  /// Whose form it is.
  public let form: Form
  /// The braces and what is between them.
  public let range: SourceRange
}
