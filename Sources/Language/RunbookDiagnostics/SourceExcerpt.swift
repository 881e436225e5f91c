/// The part of one source line that is shown under a diagnostic, and where its carets go.
struct SourceExcerpt {
  /// The line, or a window of it between ellipses, ready for a terminal.
  let text: String
  /// Blanks in front of the carets.
  let indentation: String
  /// One caret for each column of the range, at least one.
  let carets: String

  /// Columns of source that are shown at most.
  private static let width = 96
  /// Columns that are kept in front of the range when a line is cut.
  private static let lead = 24
  /// Bytes looked at on either side of the start: enough for `width` columns of any script.
  private static let reach = 2048

  /// One character on the terminal.
  private struct Cell {
    var text: String
    var width: Int
    var bytes: Range<Int>
  }

  init(of range: SourceRange, line: SourceRange, in file: SourceFile) {
    let start = min(max(range.start, line.start), line.end)
    let end = max(start, min(range.end, line.end))
    let cells = Self.cells(around: start, in: line, of: file)
    let cutsBytesBefore = (cells.first?.bytes.lowerBound ?? line.start) > line.start
    let cutsBytesAfter = (cells.last?.bytes.upperBound ?? line.end) < line.end

    var first = 0
    var limit = cells.count
    let total = cells.reduce(0) { $0 + $1.width }
    if total > Self.width || cutsBytesBefore || cutsBytesAfter {
      let anchor = cells.firstIndex { $0.bytes.upperBound > start } ?? cells.count
      first = Self.index(before: anchor, in: cells, columns: Self.lead)
      limit = Self.index(after: first, in: cells, columns: Self.width)
      if limit == cells.count { first = Self.index(before: limit, in: cells, columns: Self.width) }
    }
    let shown = cells[first..<limit]
    let leading = first > 0 || cutsBytesBefore ? "…" : ""
    let trailing = limit < cells.count || cutsBytesAfter ? "…" : ""
    let before = shown.prefix { $0.bytes.upperBound <= start && $0.bytes.lowerBound < start }
    let under = shown.dropFirst(before.count).prefix { $0.bytes.lowerBound < end }
    let text = leading + shown.map(\.text).joined() + trailing
    self.text = TerminalText.trimmingTrailingBlanks(text)
    indentation = String(repeating: " ", count: leading.count + before.reduce(0) { $0 + $1.width })
    carets = String(repeating: "^", count: max(1, under.reduce(0) { $0 + $1.width }))
  }

  /// The first cell of at most `columns` columns in front of `limit`.
  private static func index(before limit: Int, in cells: [Cell], columns: Int) -> Int {
    var index = limit
    var used = 0
    while index > 0, used + cells[index - 1].width <= columns {
      index -= 1
      used += cells[index].width
    }
    return index
  }

  /// The cell after at most `columns` columns from `first` on.
  private static func index(after first: Int, in cells: [Cell], columns: Int) -> Int {
    var index = first
    var used = 0
    while index < cells.count, used + cells[index].width <= columns {
      used += cells[index].width
      index += 1
    }
    return index
  }

  private static func cells(around start: Int, in line: SourceRange, of file: SourceFile) -> [Cell] {
    var low = max(line.start, start - reach)
    var high = min(line.end, start + reach)
    // A window begins and ends between characters.
    while low > line.start, isContinuation(file.bytes[low]) { low -= 1 }
    while high < line.end, isContinuation(file.bytes[high]) { high += 1 }
    var cells: [Cell] = []
    var column = 0
    var offset = low
    for run in TerminalText.runs(of: file.bytes[low..<high]) {
      let width = run.isTab ? TerminalText.tabStop - column % TerminalText.tabStop : run.width
      let text = run.isTab ? String(repeating: " ", count: width) : run.text
      cells.append(Cell(text: text, width: width, bytes: offset..<offset + run.byteCount))
      column += width
      offset += run.byteCount
    }
    return cells
  }

  private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
