import RunbookDiagnostics
import RunbookSyntax
import TestSupport
import Testing

@Suite struct OptionLineTests {
  private func attributes(_ lines: String, language: String = "sh") -> String? {
    let page = runbook("```\(language) {#a}\n\(lines)\nbody\n```\n")
    guard case .fence(let fence)? = Document.parse(Marked(page).file).0.blocks.first else { return nil }
    return fence.attributes.map(describe).map { "\($0) | \(fence.body.string)" }
  }

  @Test(arguments: [
    ("#| if: $a.b == \"c\"", "#a if=$a.b == \"c\" | body\n"),
    ("#|if: x  ", "#a if=x | body\n"),
    ("#| expect: >-\n#|   .a\n#|   and .b\n#| on: db", "#a expect=|.a and .b| on=db | body\n"),
    (
      "#| outputs:\n#|   a: .x\n#|   b: {filter: '.y', secret: true}",
      "#a outputs={a: .x, b: {filter: \".y\", secret: true}} | body\n"
    ),
    ("#| env: [A, \"B\"]\n#|\n#| # a comment\n#| cwd: /", "#a env=[A, \"B\"] cwd=/ | body\n"),
    ("#| mask:", "#a mask= | body\n"),
    ("#|", "#a | body\n"),
    ("# | if: x", "#a | # | if: x\nbody\n"),
  ])
  func `option lines are YAML and no part of the body`(lines: String, expected: String) {
    #expect(attributes(lines) == expected)
    #expect(diagnostics(of: runbook("```sh {#a}\n\(lines)\nbody\n```\n")) == "")
  }

  @Test func `in SQL they begin with a comment of SQL`() {
    #expect(
      attributes("--| if: x\n--| mask: [.a]\n-- | y", language: "sql") == "#a if=x mask=[.a] | -- | y\nbody\n"
    )
    #expect(
      diagnostics(of: runbook("```sql {#a}\n#| if: x\nSELECT 1\n```\n")) == """
        test.md:5:1: error: option lines of this language begin with '--|', not '#|' [RB0412]
         5 | #| if: x
           | ^^^^^^^^
        """)
  }

  @Test func `an option line that would be ignored is an error`() {
    #expect(
      diagnostics(of: runbook("```sh {#a}\n#| if: x\n\n#| confirm: y\n#| no option\necho '#| if: x'\n```\n"))
        == """
        test.md:7:1: error: an option line inside of the body [RB0412]
         7 | #| confirm: y
           | ^^^^^^^^^^^^^
           = note: option lines are the first lines of a fence; here it would be ignored
        """)
  }

  @Test func `a fence that is no step has no option lines`() {
    let page = runbook("```sh\n#| if: [\n```\n")
    guard case .fence(let fence)? = Document.parse(Marked(page).file).0.blocks.first else {
      Issue.record("no fence")
      return
    }
    #expect(fence.body.string == "#| if: [\n")
    #expect(diagnostics(of: page) == "")
  }

  @Test func `mistakes in option lines are found in lists and with CRLF`() {
    let page = runbook("1. x\n\n   ```sh {#a}\n   #| if: [a\n   #| on: b\n   ```\n")
      .split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
    #expect(
      diagnostics(of: page) == """
        test.md:8:9: error: no valid YAML: did not find expected ',' or ']' [RB0110]
         8 |    #| on: b
           |         ^
           = note: while parsing a flow sequence
        """)
    #expect(
      mistakes(of: runbook("```sh {#a}\n#| - x\n```\n")) == "5:4 - x| RB0413 option lines are 'name: value'")
  }

  /// What is read without libyaml has to be what libyaml would have said.
  @Test func `plain lines mean the same as in libyaml`() {
    var random = SplitMix64(seed: 7)
    let pieces = [
      "a", "if", "on", "key-1", ":", ": ", " ", "  ", "$x", ".b", "/", "(", ")", "[", "]", "{", "}", "\"",
      "'", "#",
      " #", "|", ">", "-", "- ", "?", "&", "*", "!", "%", "@", "`", ",", ", ", "~", "null", "1", "0x1f", "=",
      "==", "\\",
      "\t", "é", "\u{85}", "<<", "+", ";", "\u{7F}",
    ]
    var plain = 0
    for _ in 0..<600 {
      var lines: [String] = []
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        var line =
          Bool.random(using: &random)
          ? ["if: ", "on: ", "x:", "k-1: "].randomElement(using: &random) ?? "" : ""
        for _ in 0..<Int.random(in: 0...6, using: &random) {
          line += pieces.randomElement(using: &random) ?? ""
        }
        lines.append(line)
      }
      let page = runbook("```sh {#a}\n" + lines.map { "#| \($0)\n" }.joined() + "\n```\n")
      let (document, found) = Document.parse(Marked(page).file)
      guard case .fence(let fence)? = document.blocks.first, let attributes = fence.attributes else {
        Issue.record("no attributes: \(page)")
        continue
      }
      let (node, errors) = YAMLReader.read(MappedText(Marked(lines.joined(separator: "\n") + "\n").file))
      let expected = node?.entries?.map { "\($0.key)=\(describe($0.value))" } ?? []
      #expect(attributes.values.map { "\($0.name.text)=\(describe($0.value))" } == expected, "\(lines)")
      #expect(errors.isEmpty || found.hasErrors, "\(lines)")
      for value in attributes.values {
        #expect(document.file.text(of: value.name.range).contains(value.name.text), "\(lines)")
        if let scalar = value.value.scalar, let start = scalar.verbatimStart {
          #expect(
            document.file.text(of: SourceRange(start: start, end: start + scalar.text.utf8.count))
              == scalar.text)
        }
      }
      if found.isEmpty, !attributes.values.isEmpty { plain += 1 }
    }
    // Enough of them are no mistakes, or the comparison would say little.
    #expect(plain > 60)
  }
}
