import RunbookDiagnostics

/// The YAML between two lines `---` at the beginning of a page.
struct FrontMatter {
  /// Front matter of a runbook that is none because of its place.
  enum Mishap {
    /// The line that opens it.
    case unclosed(SourceRange)
    /// The line that would open it, were it the first one.
    case misplaced(SourceRange)
  }

  /// The lines between the marks; `nil` where there is no front matter.
  private(set) var range: SourceRange?
  /// The value, if there is one.
  private(set) var node: YAMLNode?
  /// Mistakes in the YAML.
  private(set) var diagnostics: [Diagnostic] = []
  /// Whether it has the key `runbook`, or would have it, were it YAML.
  private(set) var isRunbook = false
  /// Why a page that was meant to be a runbook has no front matter.
  private(set) var mishap: Mishap?
  /// Where Markdown begins.
  private(set) var contentStart: Int
  /// Number of lines in front of the Markdown.
  private(set) var lineCount = 0

  init(_ file: SourceFile) {
    contentStart = file.bytes.starts(with: SourceFile.byteOrderMark) ? SourceFile.byteOrderMark.count : 0
    var opening = 1
    while opening < file.lineStarts.count, Self.isBlank(line(opening, of: file), in: file) { opening += 1 }
    guard isMark(opening, of: file) else { return }
    guard let closing = (opening + 1..<file.lineStarts.count + 1).first(where: { isMark($0, of: file) })
    else {
      if Self.hasRunbookKey(opening + 1..<file.lineStarts.count + 1, of: file) {
        mishap = .unclosed(line(opening, of: file))
      }
      return
    }
    let lines = opening + 1..<closing
    guard opening == 1 else {
      if Self.hasRunbookKey(lines, of: file) { mishap = .misplaced(line(opening, of: file)) }
      return
    }
    let found = SourceRange(start: file.lineStarts[1], end: file.lineStarts[closing - 1])
    range = found
    lineCount = closing
    contentStart = closing < file.lineStarts.count ? file.lineStarts[closing] : file.bytes.count
    (node, diagnostics) = YAMLReader.read(MappedText(found, of: file))
    if let entries = node?.entries {
      isRunbook = entries.contains { $0.key == "runbook" }
    } else {
      isRunbook = Self.hasRunbookKey(lines, of: file)
    }
  }

  /// A line without its end and, in the first one, without the byte order mark.
  private func line(_ number: Int, of file: SourceFile) -> SourceRange {
    let range = file.rangeOfLine(number)
    guard number == 1, file.bytes.starts(with: SourceFile.byteOrderMark) else { return range }
    return SourceRange(start: SourceFile.byteOrderMark.count, end: range.end)
  }

  private func isMark(_ number: Int, of file: SourceFile) -> Bool {
    let bytes = file.bytes[line(number, of: file).offsets]
    return bytes.starts(with: "---".utf8) && bytes.dropFirst(3).allSatisfy(ASCII.isBlank)
  }

  private static func isBlank(_ range: SourceRange, in file: SourceFile) -> Bool {
    file.bytes[range.offsets].allSatisfy(ASCII.isBlank)
  }

  private static func hasRunbookKey(_ lines: Range<Int>, of file: SourceFile) -> Bool {
    lines.contains { file.bytes[file.rangeOfLine($0).offsets].starts(with: "runbook:".utf8) }
  }
}
