import Glibc
import RunbookDiagnostics
import RunbookModel

/// Diagnostics for people and for programs.
enum DiagnosticsView {
  /// Every diagnostic with its line and caret, an empty line between two.
  static func text(_ diagnostics: [Diagnostic], in file: SourceFile, colored: Bool) -> String {
    diagnostics.map { $0.rendered(in: file, colored: colored) }.joined(separator: "\n\n")
      + (diagnostics.isEmpty ? "" : "\n")
  }

  /// The machine form.
  static func json(_ diagnostics: [Diagnostic], in file: SourceFile) -> [JSONValue] {
    diagnostics.map { diagnostic in
      let record = diagnostic.record(in: file)
      return [
        "file": .string(record.file), "line": .integer(record.line), "column": .integer(record.column),
        "end_line": .integer(record.endLine), "end_column": .integer(record.endColumn),
        "code": .string(record.code), "severity": .string(record.severity),
        "message": .string(record.message),
        "notes": .array(record.notes.map { .string($0) }),
      ]
    }
  }

  /// Whether one of them is an error.
  static func haveError(_ diagnostics: [Diagnostic]) -> Bool {
    diagnostics.contains { $0.severity == .error }
  }
}
