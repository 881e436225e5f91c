import RunbookDiagnostics
import RunbookModel

/// A report as one HTML page without scripts, fonts, images or any other request.
struct HTMLReport {
  private let report: Report

  init(_ report: Report) { self.report = report }

  /// The page; valid HTML 5.
  var text: String {
    var rows = ""
    for fact in report.facts {
      rows += "<tr><th>\(escaped(fact.name))</th><td>\(escaped(fact.value))</td></tr>\n"
    }
    var course = ""
    for entry in report.entries {
      course += "<li><time>\(escaped(String(entry.time.dropFirst(11))))</time><div>\n"
      for line in entry.lines { course += "<p\(attribute(line.style))>\(escaped(line.text))</p>\n" }
      for output in entry.outputs {
        course += "<details><summary>\(escaped(output.caption))</summary>"
        course += "<pre>\(escapedLines(output.text))</pre></details>\n"
      }
      course += "</div></li>\n"
    }
    let page = report.page.map { "<h2>The page as it was</h2>\n<pre>\(escapedLines($0))</pre>\n" } ?? ""
    let warning = report.integrity.isSound ? "" : "<p class=\"bad\">\(escaped(report.integrity.text))</p>\n"
    let style = report.outcome.map { EventLines.style(of: $0) } ?? .caution
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
      <title>\(escaped(report.title))</title>
      <style>\(Self.style)</style>
      </head>
      <body>
      <h1>\(escaped(report.title))</h1>
      <p\(attribute(style))><strong>\(escaped(report.facts.first { $0.name == "Outcome" }?.value ?? ""))</strong></p>
      \(warning)<table>
      \(rows)</table>
      <h2>What happened</h2>
      <ol>
      \(course)</ol>
      \(page)</body>
      </html>

      """
  }

  /// Only what the page itself needs; it has no forms and no base.
  private static let policy =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"

  private static let style = """
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
      color: #1b1f24; background: #fff }
    table { border-collapse: collapse } th { text-align: left; padding-right: 1.5rem; vertical-align: top;
      font-weight: 600; white-space: nowrap } td { overflow-wrap: anywhere }
    ol { list-style: none; padding: 0 } li { display: flex; gap: 1rem; border-top: 1px solid #d9dee3; padding: .4rem 0 }
    time { color: #57606a; font-variant-numeric: tabular-nums; white-space: nowrap } li div { min-width: 0; flex: 1 }
    p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere } pre { background: #f4f6f8; padding: .75rem;
      overflow-x: auto; font-size: 14px } details { margin: .25rem 0 } summary { color: #57606a; overflow-wrap: anywhere }
    .good { color: #116329 } .bad { color: #a40e26; font-weight: 600 } .caution { color: #7d4e00 }
    .destructive { color: #6639ba; font-weight: 600 } .strong { font-weight: 600 } .faint { color: #57606a }
    .link { color: #0550ae; font-family: monospace }
    @media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117 } pre { background: #161b22 }
      li { border-color: #30363d } .good { color: #57d364 } .bad { color: #ff7b72 } .caution { color: #e3b341 }
      .destructive { color: #d2a8ff } .faint, time, summary { color: #9198a1 } .link { color: #79c0ff } }
    """

  private func attribute(_ style: Style?) -> String {
    guard let style else { return "" }
    return " class=\"\(style)\""
  }

  private func escapedLines(_ text: String) -> String {
    TerminalText.lines(of: text).map { escaped($0) }.joined(separator: "\n")
  }

  private func escaped(_ text: String) -> String { Markup.html.escaped(text) }
}
