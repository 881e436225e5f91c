import CPQ

/// One result of libpq; it is freed when the value goes out of scope.
struct PostgresResult: ~Copyable {
  private let pq: cpq_functions
  private let handle: OpaquePointer

  init(pq: cpq_functions, handle: OpaquePointer) {
    self.pq = pq
    self.handle = handle
  }

  deinit { pq.clear(handle) }

  private func field(_ code: Unicode.Scalar) -> String? {
    pq.resultErrorField(handle, Int32(code.value)).map { String(cString: $0) }
  }

  /// The refusal it is, else nil.
  var error: ServerError? {
    let status = pq.resultStatus(handle)
    guard status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE else { return nil }
    // The letters are `PG_DIAG_…` of postgres_ext.h, character macros that Swift does not import.
    return ServerError(
      state: field("C") ?? "", message: field("M") ?? "the server's answer makes no sense",
      detail: field("D"),
      hint: field("H"), position: field("P").flatMap { Int($0) })
  }

  var rowCount: Int { Int(pq.ntuples(handle)) }
  var columnCount: Int { Int(pq.nfields(handle)) }

  /// Name and type of a column.
  func column(_ index: Int) -> (name: String, type: UInt32) {
    (pq.fname(handle, Int32(index)).map { String(cString: $0) } ?? "", pq.ftype(handle, Int32(index)))
  }

  /// Calls `body` with a value's bytes; nil for NULL.
  func withValue<R>(row: Int, column: Int, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
    guard pq.getisnull(handle, Int32(row), Int32(column)) == 0,
      let bytes = pq.getvalue(handle, Int32(row), Int32(column))
    else { return body(nil) }
    return body(
      UnsafeRawBufferPointer(start: bytes, count: Int(pq.getlength(handle, Int32(row), Int32(column)))))
  }

  /// A value as text; nil for NULL.
  func text(row: Int, column: Int) -> String? {
    withValue(row: row, column: column) { $0.map { String(decoding: $0, as: UTF8.self) } }
  }

  /// The command's words without its counts: `INSERT`, `CREATE TABLE`; empty for a row alone.
  var command: String {
    let tag = pq.cmdStatus(handle).map { String(cString: $0) } ?? ""
    return tag.split(separator: " ").filter { Int($0) == nil }.joined(separator: " ")
  }

  /// Rows the command touched or found; nil where it counts none.
  var affectedRows: Int? { pq.cmdTuples(handle).flatMap { Int(String(cString: $0)) } }
}
