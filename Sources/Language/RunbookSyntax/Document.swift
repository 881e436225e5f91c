public import RunbookDiagnostics

/// A Markdown page as a runbook sees it: front matter, headings, text, fences and task items with their places.
///
/// A document knows Markdown and the form of attributes. It does not know what a step is.
public struct Document: Sendable, Hashable {
  /// The page.
  public let file: SourceFile
  /// The lines of the front matter between its `---` lines; `nil` where the page has none.
  public let frontMatterRange: SourceRange?
  /// The front matter; `nil` where it is missing, empty or no YAML.
  public let frontMatter: YAMLNode?
  /// Whether the front matter says that the page is a runbook, in whatever version. Only then mistakes are
  /// reported, and otherwise those that keep it from being one: other pages are free to look as they like.
  public let isRunbook: Bool
  /// The blocks in the order of the page.
  public let blocks: [Block]

  /// Reads a page.
  ///
  /// Pure, and linear in the size of the page; safe to call from several tasks at once.
  ///
  /// - Returns: The document, as far as the page could be read, and all mistakes in the order of the page.
  public static func parse(_ file: SourceFile) -> (Document, [Diagnostic]) {
    var parser = DocumentParser(file)
    return parser.parse()
  }
  /// Reads the front matter of a page and none of its blocks: for lists of many pages.
  public static func parseFrontMatter(of file: SourceFile) -> (Document, [Diagnostic]) {
    var parser = DocumentParser(file)
    return parser.parse(readsBlocks: false)
  }
}
