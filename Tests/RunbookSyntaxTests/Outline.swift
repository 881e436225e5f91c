import RunbookDiagnostics
import RunbookSyntax

/// A page with the front matter of a runbook, so that mistakes are reported, and `body` below it.
func runbook(_ body: String) -> String { "---\nrunbook: 1\n---\n" + body }

/// All diagnostics of a page as people see them.
func diagnostics(of text: String) -> String {
  let file = SourceFile(path: "test.md", bytes: Array(text.utf8))
  return Document.parse(file).1.map { $0.rendered(in: file) }.joined(separator: "\n")
}

/// The mistakes of a page, a line each: place, what is found there, code and message.
func mistakes(of text: String) -> String {
  let file = SourceFile(path: "test.md", bytes: Array(text.utf8))
  return mistakes(Document.parse(file).1, of: file)
}

/// Mistakes, a line each: place, what is found there, code and message.
func mistakes(_ diagnostics: [Diagnostic], of file: SourceFile) -> String {
  diagnostics.map { diagnostic in
    let place = file.position(ofOffset: diagnostic.range.start)
    let found = file.text(of: diagnostic.range)
    return "\(place.line):\(place.column) \(found)| \(diagnostic.code.rawValue) \(diagnostic.message)"
  }.joined(separator: "\n")
}

/// The blocks of a page, a line each, with line and column of their ends.
func outline(of text: String) -> String {
  outline(of: Document.parse(SourceFile(path: "test.md", bytes: Array(text.utf8))).0)
}

/// The blocks of a document, a line each, with line and column of their ends; bodies follow their fences.
func outline(of document: Document) -> String {
  var lines: [String] = []
  for block in document.blocks {
    let start = document.file.position(ofOffset: block.range.start)
    let end = document.file.position(ofOffset: block.range.end)
    let place = "\(start.line):\(start.column)-\(end.line):\(end.column)"
    switch block {
    case .heading(let heading):
      lines.append(
        "\(place) h\(heading.level) '\(heading.text)'" + words(heading.attributes, heading.containers))
    case .paragraph(let paragraph):
      lines.append("\(place) text '\(paragraph.text)'" + words(nil, paragraph.containers))
    case .task(let task):
      let mark = task.isChecked ? "x" : " "
      let item = "\(task.item.list).\(task.item.index)"
      lines.append(
        "\(place) [\(mark)] \(item) '\(task.markdown)'" + words(task.attributes, task.containers))
    case .fence(let fence):
      var line = "\(place) fence \(fence.language?.text ?? "-")"
      if let foreign = fence.foreignAttributes { line += " \(foreign.form)" }
      line += words(fence.attributes, fence.containers)
      if !fence.isClosed { line += " unclosed" }
      if let lead = fence.leadText { line += " after '\(lead)'\(fence.isLeadShared ? " too" : "")" }
      lines.append(line)
      lines += fence.body.string.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
        "  | \($0)"
      }
    }
  }
  return lines.joined(separator: "\n")
}

private func words(_ attributes: Attributes?, _ containers: [Container]) -> String {
  var words: [String] = []
  if let attributes { words.append("{" + describe(attributes) + "}") }
  if !containers.isEmpty { words.append("in " + containers.map(describe).joined(separator: "/")) }
  return words.map { " " + $0 }.joined()
}

/// Attributes in the order of the source.
func describe(_ attributes: Attributes) -> String {
  let id = attributes.id.map { ["#\($0.text)"] } ?? []
  let classes = attributes.classes.map { ".\($0.text)" }
  return (id + classes + attributes.values.map { "\($0.name.text)=\(describe($0.value))" }).joined(
    separator: " ")
}

/// YAML in one line: quoted scalars in quotes, block scalars after `|`, implied ones after `!`.
func describe(_ node: YAMLNode) -> String {
  switch node.content {
  case .scalar(let scalar):
    switch scalar.style {
    case .plain: scalar.text
    case .quoted: "\"\(scalar.text)\""
    case .block: "|\(scalar.text)|"
    case .implied: "!\(scalar.text)"
    }
  case .sequence(let elements): "[" + elements.map(describe).joined(separator: ", ") + "]"
  case .mapping(let entries):
    "{" + entries.map { "\($0.key): \(describe($0.value))" }.joined(separator: ", ") + "}"
  }
}

private func describe(_ container: Container) -> String {
  switch container {
  case .quote: ">"
  case .item(let item): (item.isTask ? "task" : "") + (item.number.map { "\($0)" } ?? "-")
  }
}
