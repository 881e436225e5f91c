import RunbookDiagnostics

/// Rows as people read them: aligned columns, or one line a value where the columns would be too wide.
struct ResultTable {
  /// Columns of a terminal an aligned table may take.
  static let maximumWidth = 120
  /// Columns of a terminal one value may take; the rest is in the result.
  static let maximumValueWidth = 2000

  private struct Cell {
    var text: String
    var width: Int
  }

  private let headers: [Cell]
  private let isNumeric: [Bool]
  private let rows: [[Cell]]
  private let footer: String

  /// A table of what was kept.
  init(_ rows: ResultRows) {
    headers = rows.columns.map { Self.cell(Array($0.utf8)[...]) }
    isNumeric = rows.types.map { ValueDecoder(type: $0).isNumeric }
    self.rows = (0..<rows.keptCount).map { row in
      rows.columns.indices.map { column in
        rows.value(row: row, column: column).map(Self.cell) ?? Cell(text: "NULL", width: 4)
      }
    }
    let count = rows.rowCount
    if rows.columns.isEmpty {
      footer = rows.affectedRows.map { "\(rows.command) \($0)" } ?? rows.command
    } else if rows.isTruncated {
      footer = "(the first \(rows.keptCount) of \(count) rows; the others are too large to keep)"
    } else {
      footer = count == 1 ? "(1 row)" : "(\(count) rows)"
    }
  }

  /// A value on one line, with everything that acts on a terminal spelled out.
  private static func cell(_ bytes: ArraySlice<UInt8>) -> Cell {
    var text = ""
    var width = 0
    // Four bytes a column at most: what is cut off anyway need not be looked at.
    for run in TerminalText.runs(of: bytes.prefix(maximumValueWidth * 4)) {
      let isLineEnd = run.text == "<U+000A>"
      width += isLineEnd ? 1 : run.width
      guard width <= maximumValueWidth else { break }
      text += isLineEnd ? "↵" : run.text
    }
    if width > maximumValueWidth || bytes.count > maximumValueWidth * 4 {
      text += "… (\(bytes.count) bytes)"
      width = text.count
    }
    return Cell(text: text, width: width)
  }

  /// All of it, each line with its line feed.
  var text: String {
    guard !headers.isEmpty else { return footer + "\n" }
    let widths = headers.indices.map { column in
      rows.reduce(headers[column].width) { max($0, $1[column].width) }
    }
    let isAligned = widths.reduce(0, +) + 3 * widths.count <= Self.maximumWidth || rows.isEmpty
    return (isAligned ? aligned(widths) : expanded()) + footer + "\n"
  }

  private func aligned(_ widths: [Int]) -> String {
    func line(_ cells: [Cell], isHeader: Bool) -> String {
      let parts = cells.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - cells[column].width)
        return isNumeric[column] && !isHeader
          ? " \(padding)\(cells[column].text) " : " \(cells[column].text)\(padding) "
      }
      var text = parts.joined(separator: "|")
      while text.last == " " { text.removeLast() }
      return text + "\n"
    }
    let rule = widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "+")
    return line(headers, isHeader: true) + rule + "\n"
      + rows.map { line($0, isHeader: false) }.joined()
  }

  private func expanded() -> String {
    let width = headers.reduce(0) { max($0, $1.width) }
    return rows.enumerated().map { index, row in
      "-[ row \(index + 1) ]-\n"
        + zip(headers, row).map { header, cell in
          "\(header.text)\(String(repeating: " ", count: width - header.width)) | \(cell.text)\n"
        }.joined()
    }.joined()
  }
}
