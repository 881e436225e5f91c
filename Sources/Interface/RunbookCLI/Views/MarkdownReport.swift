import RunbookDiagnostics
import RunbookModel

/// A report as GitHub Flavored Markdown, to be pasted into a post-mortem.
struct MarkdownReport {
  private let report: Report

  init(_ report: Report) { self.report = report }

  /// The text.
  var text: String {
    var lines = ["# \(escaped(report.title))", ""]
    if !report.integrity.isSound { lines += ["**\(escaped(report.integrity.text))**", ""] }
    lines += ["| | |", "|---|---|"]
    for fact in report.facts { lines.append("| \(escaped(fact.name)) | \(escaped(fact.value)) |") }
    lines += ["", "## What happened", ""]
    for entry in report.entries {
      for (index, line) in entry.lines.enumerated() where line.program == nil {
        let text = escaped(String(line.text.drop { $0 == " " }))
        lines.append(index == 0 ? "- `\(entry.time.dropFirst(11))` \(text)" : "  \(text)")
      }
      let program = entry.lines.compactMap(\.program)
      if !program.isEmpty { lines += [""] + fenced(program, indent: "  ") + [""] }
      for output in entry.outputs {
        if entry.lines.isEmpty { lines.append("- `\(entry.time.dropFirst(11))`") }
        lines +=
          ["", "  \(escaped(output.caption))", ""] + fenced(TerminalText.lines(of: output.text), indent: "  ")
          + [""]
      }
    }
    if let page = report.page {
      lines += ["", "## The page as it was", ""] + fenced(TerminalText.lines(of: page), indent: "")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A fence longer than any run of backticks in the text.
  private func fenced(_ lines: [String], indent: String) -> [String] {
    let content = lines.map { TerminalText.inert($0) }
    var longest = 2
    for line in content {
      var run = 0
      for byte in line.utf8 {
        run = byte == UInt8(ascii: "`") ? run + 1 : 0
        longest = max(longest, run)
      }
    }
    let fence = String(repeating: "`", count: longest + 1)
    return ([fence + "text"] + content + [fence]).map { indent + $0 }
  }

  private func escaped(_ text: String) -> String { Markup.markdown.escaped(text) }
}
