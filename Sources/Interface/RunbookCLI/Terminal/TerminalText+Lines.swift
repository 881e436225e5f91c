import RunbookDiagnostics

extension TerminalText {
  /// The lines of a text, without their ends: LF, or CRLF as terminals and Windows write it.
  ///
  /// By scalars, because a Character holds both bytes of a CRLF and equals neither.
  static func lines(of text: String) -> [String] {
    text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      String(line.last == "\r" ? line.dropLast() : line)
    }
  }

  /// Every line of `text` made inert, with `indent` in front.
  static func inertLines(_ text: String, indent: String) -> String {
    lines(of: text).map { indent + inert($0) }.joined(separator: "\n")
  }
}
