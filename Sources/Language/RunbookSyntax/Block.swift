public import RunbookDiagnostics

/// A part of a page that a runbook can be made of, in the order of the page.
public enum Block: Sendable, Hashable {
  /// `# Heading`.
  case heading(Heading)
  /// Running text.
  case paragraph(Paragraph)
  /// Code between fences.
  case fence(Fence)
  /// `- [ ] task`. Blocks inside of the item follow it.
  case task(TaskItem)

  /// Where it stands.
  public var range: SourceRange {
    switch self {
    case .heading(let heading): heading.range
    case .paragraph(let paragraph): paragraph.range
    case .fence(let fence): fence.range
    case .task(let task): task.range
    }
  }
}

/// A piece of source that is a name.
public struct SourceName: Sendable, Hashable {
  /// The name.
  public let text: String
  /// Where it stands; of `#id` and `.class` without the mark in front.
  public let range: SourceRange

  /// A name that stands at `range`.
  public init(_ text: String, range: SourceRange) {
    self.text = text
    self.range = range
  }
}

/// What a block stands in, from the page inwards.
public enum Container: Sendable, Hashable {
  /// `> …`
  case quote
  /// `- …` or `1. …`
  case item(ListItem)
}

/// An item of a list.
public struct ListItem: Sendable, Hashable {
  /// Number of the list in the page, from 0; items with the same number are siblings.
  public let list: Int
  /// Place in its list, from 0.
  public let index: Int
  /// What the page prints in front of it; `nil` in a list of bullets.
  public let number: Int?
  /// Whether it has a checkbox.
  public let isTask: Bool

  /// An item as the page shows it.
  public init(list: Int, index: Int, number: Int?, isTask: Bool) {
    self.list = list
    self.index = index
    self.number = number
    self.isTask = isTask
  }
}

extension Sequence<Container> {
  /// The number that the page prints in front of the innermost numbered item.
  public var itemNumber: Int? {
    var number: Int?
    for case .item(let item) in self where item.number != nil { number = item.number }
    return number
  }
}

/// A heading, in either of Markdown's forms.
public struct Heading: Sendable, Hashable {
  /// 1 to 6.
  public let level: Int
  /// The text without Markdown.
  public let text: String
  /// The heading, of the underlined form its text only.
  public let range: SourceRange
  /// From a comment at its end.
  public let attributes: Attributes?
  /// What it stands in; a heading inside a list or a quote opens no section of the page.
  public let containers: [Container]
}

/// Running text.
public struct Paragraph: Sendable, Hashable {
  /// The text without Markdown, line ends as blanks.
  public let text: String
  /// From its first to its last character.
  public let range: SourceRange
  /// What it stands in.
  public let containers: [Container]

  /// The number that the page prints in front of the innermost numbered item it stands in.
  public var itemNumber: Int? { containers.itemNumber }
}

/// A list item with a checkbox.
public struct TaskItem: Sendable, Hashable {
  /// The text of its first paragraph without Markdown and without the comment; may be empty.
  public let text: String
  /// The same as Markdown, so that links keep their targets; lines joined by LF.
  public let markdown: String
  /// Whether the page shows it checked.
  public let isChecked: Bool
  /// From its list mark to the end of its first paragraph.
  public let range: SourceRange
  /// Where its text stands, the comment included.
  public let textRange: SourceRange
  /// From a comment at its end.
  public let attributes: Attributes?
  /// The item itself; blocks inside of it have it as a container.
  public let item: ListItem
  /// What the item stands in, without the item itself.
  public let containers: [Container]

  /// The number that the page prints in front of it or of the innermost numbered item it stands in.
  public var itemNumber: Int? { item.number ?? containers.itemNumber }
}
