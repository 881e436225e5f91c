/// A diagnostic with its positions looked up: what machines are given.
public struct DiagnosticRecord: Sendable, Hashable {
  /// The path of the source file.
  public var file: String
  /// First line, from 1.
  public var line: Int
  /// First column in UTF-8 bytes, from 1.
  public var column: Int
  /// Line of the end.
  public var endLine: Int
  /// Column after the last byte.
  public var endColumn: Int
  /// The code, as `RB0203`.
  public var code: String
  /// `error`, `warning` or `note`.
  public var severity: String
  /// The message.
  public var message: String
  /// What to do about it.
  public var notes: [String]

  /// A record of known positions; `Diagnostic.record(in:)` looks them up.
  public init(
    file: String, line: Int, column: Int, endLine: Int, endColumn: Int, code: String, severity: String,
    message: String, notes: [String]
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.endLine = endLine
    self.endColumn = endColumn
    self.code = code
    self.severity = severity
    self.message = message
    self.notes = notes
  }
}

extension Diagnostic {
  /// Itself with the path, lines and columns in `file`, the file it was found in.
  public func record(in file: SourceFile) -> DiagnosticRecord {
    let start = file.position(ofOffset: range.start)
    let end = file.position(ofOffset: range.end)
    return DiagnosticRecord(
      file: file.path, line: start.line, column: start.column, endLine: end.line, endColumn: end.column,
      code: code.rawValue, severity: severity.rawValue, message: message, notes: notes)
  }
}
