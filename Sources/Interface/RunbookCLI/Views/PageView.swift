import RunbookDiagnostics
import RunbookSyntax

/// A page for the terminal: its own lines, with headings, steps and tasks made visible.
///
/// Nothing is left out or moved, so that what is read is what is run; front matter and comments are faint.
struct PageView {
  let document: Document
  let screen: Screen

  /// The page's lines in order, control characters spelled out.
  var text: String {
    let file = document.file
    var styles: [Int: Style] = [:]
    func mark(_ range: SourceRange, _ style: Style) {
      let first = file.position(ofOffset: range.start).line
      let last = file.position(ofOffset: max(range.start, range.end - 1)).line
      for line in first...max(first, last) { styles[line] = style }
    }
    if let range = document.frontMatterRange {
      let end = file.position(ofOffset: range.end).line
      for line in 1...max(1, end) { styles[line] = .faint }
    }
    for block in document.blocks {
      switch block {
      case .heading(let heading): mark(heading.range, .strong)
      case .task(let task): mark(task.range, .caution)
      case .paragraph: break
      case .fence(let fence):
        let isStep = fence.attributes?.id != nil
        mark(fence.range, isStep ? .link : .faint)
        mark(fence.openingRange, isStep ? .good : .faint)
      }
    }
    var lines: [String] = []
    for number in 1...max(1, file.lineStarts.count) {
      let line = TerminalText.inert(file.line(number))
      lines.append(styles[number].map { screen.styled(line, $0) } ?? line)
    }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n") + "\n"
  }
}
