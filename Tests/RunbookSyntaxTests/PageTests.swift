import RunbookDiagnostics
import RunbookSyntax
import TestSupport
import Testing

@Suite struct PageTests {
  private func parse(_ bytes: [UInt8]) -> (Document, [Diagnostic]) {
    Document.parse(SourceFile(path: "test.md", bytes: bytes))
  }

  @Test func `front matter is YAML with places in the page`() {
    let source = Marked("---\r\nrunbook: »1«\r\ntitle: »'é'«\r\ntags: [»x«]\r\n--- \t\r\n# a\r\n")
    let (document, found) = Document.parse(source.file)
    #expect(found == [])
    #expect(document.isRunbook)
    #expect(document.frontMatter.map(describe) == "{runbook: 1, title: \"é\", tags: [x]}")
    let node = document.frontMatter
    #expect(
      [node?["runbook"]?.range, node?["title"]?.range, node?["tags"]?.elements?.first?.range] == source.ranges
    )
    #expect(document.frontMatterRange.map(source.file.text) == "runbook: 1\r\ntitle: 'é'\r\ntags: [x]\r\n")
    #expect(outline(of: document) == "6:1-6:4 h1 'a'")
  }

  @Test func `a byte order mark does not hide the front matter or shift the first line`() {
    let source = Marked("\u{FEFF}---\nrunbook: 1\n---\n```sh {#»a«}\n```\n")
    let (document, found) = Document.parse(source.file)
    #expect(found == [])
    #expect(document.isRunbook)
    guard case .fence(let fence)? = document.blocks.first else {
      Issue.record("no fence")
      return
    }
    #expect(fence.attributes?.id?.range == source.range)
    #expect(outline(of: "\u{FEFF}# a\n") == "1:4-1:7 h1 'a'")
  }

  @Test(arguments: [
    "", "---", "---\n", "---\n---", "---\n---\n", "---\na\n", "\n---\na: b\n---\n", "--- x\n---\n", "----\n",
  ])
  func `what is no front matter of a runbook is a page`(text: String) {
    let (document, found) = parse(Array(text.utf8))
    #expect(!document.isRunbook)
    #expect(found == [])
  }

  @Test func `front matter of a runbook in the wrong place or without an end is an error`() {
    #expect(
      diagnostics(of: "\n\n---\nrunbook: 1\n---\n# a\n") == """
        test.md:3:1: error: front matter has to begin in the first line [RB0108]
         3 | ---
           | ^^^
           = note: here it is text: the page is no runbook
        """)
    #expect(
      diagnostics(of: "---\nrunbook: 1\ntitle: a\n# a\n") == """
        test.md:1:1: error: the front matter is never closed [RB0106]
         1 | ---
           | ^^^
           = note: it ends with a line '---'
        """)
  }

  @Test func `a runbook whose front matter is no YAML is still a runbook`() {
    let page = "---\nrunbook: 1\ntitle: [a\n---\n```\n"
    #expect(parse(Array(page.utf8)).0.isRunbook)
    #expect(
      mistakes(of: page) == """
        3:8 | RB0110 no valid YAML: did not find expected ',' or ']'
        5:1 ```| RB0104 the fence is never closed
        """)
  }

  @Test func `bytes that are no text are errors at their place`() {
    let head = Array("---\nrunbook: 1\n---\n# é ".utf8)
    let file = SourceFile(path: "test.md", bytes: head + [0x00, 0xFF, 0x0A])
    #expect(
      Document.parse(file).1.map { $0.rendered(in: file) }.joined(separator: "\n") == """
        test.md:4:6: error: a NUL byte [RB0102]
         4 | # é <U+0000><FF>
           |     ^^^^^^^^
           = note: Markdown and shells end or replace text there
        test.md:4:7: error: the byte 0xFF is no valid UTF-8 [RB0101]
         4 | # é <U+0000><FF>
           |             ^^^^
           = note: save the file as UTF-8
        """)
    #expect(parse(head + [0xC3]).1.map(\.range) == [SourceRange(start: 24, end: 25)])
    #expect(parse(head + [0xED, 0xA0, 0x80]).1.map(\.code) == [.invalidUTF8])
    #expect(parse([0xFF, 0xFE, 0x2D, 0x00]).1.map(\.message) == ["the file is UTF-16, UTF-8 is expected"])
  }

  @Test func `the text of a fence keeps its bytes whatever they are`() {
    let (document, _) = parse(Array("---\nrunbook: 1\n---\n> ```sh {#a}\n> x".utf8) + [0x00, 0xFF, 0x0A])
    guard case .fence(let fence)? = document.blocks.first else {
      Issue.record("no fence")
      return
    }
    #expect(fence.body.bytes == [0x78, 0x00, 0xFF, 0x0A])
  }

  @Test func `a runbook that lost its line ends is named for what it is`() {
    let page = "--- runbook: 1 --- # A ```sh {#a} ls ``` and more"
    #expect(
      diagnostics(of: page) == """
        test.md:1:1: error: the whole file is one line, with fences inside of it [RB0103]
         1 | --- runbook: 1 --- # A ```sh {#a} ls ``` and more
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           = note: its line ends were lost: fences, headings and front matter each need lines of their own
        """)
    #expect(diagnostics(of: page + "\r\n").hasPrefix("test.md:1:1: error: the whole file is one line"))
    #expect(diagnostics(of: "Use ```a``` or ```b```.") == "")
  }

  @Test func `a file too large to be a runbook is not read`() {
    let bytes = [UInt8](repeating: 0x61, count: 8 * 1_048_576 + 1)
    #expect(parse(bytes).1.map(\.message) == ["the file is larger than 8 MiB, too large for a runbook"])
    #expect(parse(bytes).0.blocks == [])
  }

  @Test func `all mistakes come at once, in the order of the page`() {
    let page = runbook("```sh {#a k=}\nb\u{202E}\n```\n\n<!-- #c -->\n\n```sh {#d}\n")
    #expect(
      mistakes(of: page) == """
        4:11 k| RB0301 'k=' without a value
        5:2 \u{202E}| RB0105 invisible character U+202E (text direction) in a step
        8:1 <!-- #c -->| RB0304 this comment looks like attributes, but belongs to nothing
        10:1 ```sh {#d}| RB0104 the fence is never closed
        """)
  }
}
