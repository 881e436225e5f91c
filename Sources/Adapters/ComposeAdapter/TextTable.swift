/// Rows in aligned columns, two spaces apart.
struct TextTable {
  private var rows: [[String]]

  /// A table with its column titles.
  init(_ titles: [String]) { rows = [titles] }

  /// Adds a row with as many cells as there are titles.
  mutating func add(_ cells: [String]) { rows.append(cells) }

  /// The rows, each a line; no space at the ends.
  var text: String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell
        if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
