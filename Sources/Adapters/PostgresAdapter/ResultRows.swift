import RunbookModel

/// The rows of one result as the server wrote them, up to a limit; the rest is counted and dropped.
struct ResultRows {
  /// Unique names, in the order of the server.
  private(set) var columns: [String] = []
  /// Type of each column.
  private(set) var types: [UInt32] = []
  /// All rows there were.
  private(set) var rowCount = 0
  /// Rows that were kept: the first ones.
  private(set) var keptCount = 0
  /// The words of the command, for example `SELECT`.
  private(set) var command = ""
  /// Rows the command says it touched or found.
  private(set) var affectedRows: Int?

  private var bytes: [UInt8] = []
  private var cells: [Range<Int>?] = []
  private var weight = 0
  private let limit: Int

  /// Rows whose JSON is at most about `limit` bytes.
  init(limit: Int) { self.limit = limit }

  /// Whether rows were dropped.
  var isTruncated: Bool { keptCount < rowCount }

  /// Takes the next result of the statement: a row, or its end.
  mutating func take(_ result: borrowing PostgresResult) {
    if columns.isEmpty, result.columnCount > 0 {
      let described = (0..<result.columnCount).map { result.column($0) }
      columns = Self.unique(described.map(\.name))
      types = described.map(\.type)
    }
    for row in 0..<result.rowCount { take(row, of: result) }
    let words = result.command
    if !words.isEmpty {
      command = words
      affectedRows = result.affectedRows
    }
  }

  private mutating func take(_ row: Int, of result: borrowing PostgresResult) {
    rowCount += 1
    guard keptCount == rowCount - 1 else { return }
    let mark = (bytes.count, cells.count)
    for column in 0..<columns.count {
      let start = bytes.count
      let isNull = result.withValue(row: row, column: column) { value in
        if let value { bytes.append(contentsOf: value) }
        return value == nil
      }
      cells.append(isNull ? nil : start..<bytes.count)
      weight += bytes.count - start + columns[column].utf8.count + 6
      guard weight <= limit else {
        bytes.removeSubrange(mark.0...)
        cells.removeSubrange(mark.1...)
        return
      }
    }
    keptCount += 1
  }

  /// A value as the server wrote it; nil for NULL.
  func value(row: Int, column: Int) -> ArraySlice<UInt8>? {
    cells[row * columns.count + column].map { bytes[$0] }
  }

  /// `a, a, b` becomes `a, a_2, b`: an object has each name once.
  static func unique(_ names: [String]) -> [String] {
    var taken = Set(names)
    var seen: Set<String> = []
    return names.map { name in
      if seen.insert(name).inserted { return name }
      var number = 2
      while taken.contains("\(name)_\(number)") { number += 1 }
      let other = "\(name)_\(number)"
      taken.insert(other)
      seen.insert(other)
      return other
    }
  }

  /// The result's members.
  ///
  /// - Parameter arrays: Element types of array types that are not built in.
  func members(arrays: [UInt32: ArrayType]) -> [JSONValue.Member] {
    let decoders = types.map { ValueDecoder(type: $0, arrays: arrays) }
    let rows = (0..<keptCount).map { row in
      JSONValue.object(
        columns.indices.map { column in
          JSONValue.Member(
            columns[column], value(row: row, column: column).map(decoders[column].json) ?? .null)
        })
    }
    return [
      JSONValue.Member("columns", .array(columns.map { .string($0) })),
      JSONValue.Member("rows", .array(rows)),
      JSONValue.Member("row_count", .integer(affectedRows ?? rowCount)),
      JSONValue.Member("command", .string(command)),
      JSONValue.Member("truncated", .boolean(isTruncated)),
    ]
  }
}
