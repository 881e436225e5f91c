import RunbookDiagnostics

/// The languages that views are written in, and how text becomes inert in them.
///
/// Works scalar by scalar, never by Character: a mark behind `<` or a prefix in front of it makes one Character
/// of both, which is not equal to `<` any more and is one for every reader of the result.
enum Markup {
  case html, markdown, mermaid, dot

  /// `text` on one line, where nothing of it means anything to this language or to a terminal.
  func escaped(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in inert(text).unicodeScalars {
      if let replacement = replacement(of: scalar) {
        result.append(contentsOf: replacement.unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return self == .markdown ? Self.withoutBlockMark(String(result)) : String(result)
  }

  /// Control characters spelled out; in the labels of a graph line ends are spaces.
  private func inert(_ text: String) -> String {
    switch self {
    case .html, .markdown: return TerminalText.inert(text)
    case .mermaid, .dot:
      var line = String.UnicodeScalarView()
      for scalar in text.unicodeScalars {
        line.append(scalar.properties.isWhitespace ? " " : scalar)
      }
      return TerminalText.inert(String(line))
    }
  }

  /// What stands for `scalar`; nil for itself.
  private func replacement(of scalar: Unicode.Scalar) -> String? {
    switch self {
    case .html:
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: nil
      }
    case .markdown: "\\`*_{}[]<>#|~!&".unicodeScalars.contains(scalar) ? "\\\(scalar)" : nil
    // Mermaid reads its own entities in a quoted label, by number or name (mermaid.js.org, "Entity codes").
    case .mermaid:
      switch scalar {
      case "\"": "#quot;"
      case "<": "#lt;"
      case ">": "#gt;"
      case "#", "&", "%", "`", "\\", ";": "#\(scalar.value);"
      default: nil
      }
    case .dot: scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : nil
    }
  }

  /// Takes from the beginning of a line what would begin a list or underline a heading.
  private static func withoutBlockMark(_ line: String) -> String {
    let scalars = line.unicodeScalars
    let digits = scalars.prefix { $0 >= "0" && $0 <= "9" }
    guard let mark = scalars[digits.endIndex...].first else { return line }
    guard digits.isEmpty ? "-+=".unicodeScalars.contains(mark) : mark == "." || mark == ")" else {
      return line
    }
    return String(digits) + "\\" + String(scalars[digits.endIndex...])
  }
}
