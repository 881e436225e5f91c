import RunbookDiagnostics
import RunbookSyntax
import TestSupport
import Testing

@Suite struct HiddenCharacterTests {
  private func check(_ text: String) -> (found: [SourceRange], expected: [SourceRange]) {
    let source = Marked(runbook(text))
    let found = Document.parse(source.file).1.filter { $0.code == .invisibleCharacter }
    return (found.map(\.range), source.ranges)
  }

  @Test(arguments: [
    "```sh {#a confirm=»\u{200B}«x}\necho »\u{202E}\u{2066}«x»\u{2069}«\n```\n",
    "> ```sh {#a}\n> »\u{1B}«[2J»\u{8}\u{8}«\n> ```\n",
    "- [ ] D»\u{AD}«one <!-- #x»\u{FEFF}« -->\n",
    "```sh {#a}\nx»\u{200D}«y»\u{FE0F}«z\t»\u{FE0F}«\n```\n",
    "```sh {#a}\n»\u{E0041}«a»\u{7F}«b»\u{85}«c»\u{3164}«\n```\n",
  ])
  func `control, bidirectional and invisible characters in a step or task are errors`(text: String) {
    let (found, expected) = check(text)
    #expect(found == expected)
    #expect(!expected.isEmpty)
  }

  @Test(arguments: [
    "```sh {#a}\necho '👩‍💻 ❤️ 1️⃣ ©️ می‌خواهم é \u{A0}'\t\n```\n",
    "```sh\n\u{202E}\n```\n",
    "Text \u{200F}and\u{AD} more\n",
    "# a\u{200B}\n",
    "- [ ] Größe prüfen 数据库\n",
  ])
  func `what languages and emoji need is allowed, and prose is free`(text: String) {
    #expect(check(text).found == [])
  }

  @Test func `the front matter is shown and run as well`() {
    let source = Marked("---\nrunbook: 1\ntitle: a»\u{202E}«b\n---\n")
    #expect(Document.parse(source.file).1.map(\.range) == source.ranges)
  }

  @Test func `the message names the character`() {
    #expect(
      diagnostics(of: runbook("- [ ] a\u{200B}\u{200B}\n")) == """
        test.md:4:8: error: invisible character U+200B (zero width space) and 1 more in a task item [RB0105]
         4 | - [ ] a<U+200B><U+200B>
           |        ^^^^^^^^^^^^^^^^
           = note: what is run and confirmed has to be what is seen: delete it, or write it as an escape
        """)
  }
}
