extension Diagnostic {
  /// The form people read: position, message and code, the line with carets under the range, the notes.
  ///
  /// Carets are aligned by the width of characters on a terminal. A range of several lines is underlined on its
  /// first one. Control and bidirectional characters of the source, the path and the texts are spelled out as
  /// `<U+001B>`, so that a file cannot disturb a terminal or look like another one.
  ///
  /// - Parameter colored: Whether to use ANSI colours.
  /// - Returns: Lines joined by LF, without a last line end.
  public func rendered(in file: SourceFile, colored: Bool = false) -> String {
    let ink = Ink(isColored: colored)
    let position = file.position(ofOffset: range.start)
    let number = String(position.line)
    let margin = String(repeating: " ", count: number.count + 1)
    let place = "\(TerminalText.inert(file.path)):\(position.line):\(position.column):"
    var lines = [
      ink.bold(place) + " " + ink.of(severity, "\(severity.rawValue):") + " "
        + ink.bold(TerminalText.inert(message)) + " [\(code.rawValue)]"
    ]
    let excerpt = SourceExcerpt(of: range, line: file.rangeOfLine(position.line), in: file)
    let source = excerpt.text.isEmpty ? "" : " " + excerpt.text
    lines.append(ink.dim(" \(number) |") + source)
    lines.append(ink.dim("\(margin) |") + " " + excerpt.indentation + ink.of(severity, excerpt.carets))
    for note in notes {
      let texts = note.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, text) in texts.enumerated() {
        let lead = index == 0 ? ink.dim("\(margin) =") + " " + ink.bold("note:") : "\(margin)        "
        lines.append(lead + " " + TerminalText.inert(text))
      }
    }
    return lines.joined(separator: "\n")
  }
}

/// ANSI colours, or none.
private struct Ink {
  let isColored: Bool

  func bold(_ text: String) -> String { wrap(text, "1") }
  func dim(_ text: String) -> String { wrap(text, "2") }

  func of(_ severity: Diagnostic.Severity, _ text: String) -> String {
    switch severity {
    case .error: wrap(text, "1;31")
    case .warning: wrap(text, "1;33")
    case .note: wrap(text, "1;36")
    }
  }

  private func wrap(_ text: String, _ style: String) -> String {
    isColored && !text.isEmpty ? "\u{1B}[\(style)m\(text)\u{1B}[0m" : text
  }
}
