import RunbookDiagnostics
import TestSupport
import Testing

@Suite struct RenderingTests {
  private func render(_ source: Marked, _ message: String = "wrong", notes: [String] = []) -> String {
    Diagnostic(.unknownStep, .error, message, at: source.range, notes: notes).rendered(in: source.file)
  }

  @Test func `underlines the range by character, not by byte`() {
    #expect(
      render(
        Marked("# Restore\nneeds é: »stop-ap«\n"), "no step is named 'stop-ap'",
        notes: ["did you mean 'stop-app'?"]) == """
          test.md:2:11: error: no step is named 'stop-ap' [RB0203]
           2 | needs é: stop-ap
             |          ^^^^^^^
             = note: did you mean 'stop-app'?
          """)
  }

  @Test func `wide characters take two columns, combining ones none`() {
    #expect(
      render(Marked("数据e\u{301}🚒👩‍🚒»库x«")) == """
        test.md:1:25: error: wrong [RB0203]
         1 | 数据e\u{301}🚒👩‍🚒库x
           |          ^^^
        """)
  }

  @Test func `tabs reach the next stop and carets stay under their text`() {
    #expect(
      render(Marked("\ta\t»b\tc«")) == """
        test.md:1:4: error: wrong [RB0203]
         1 |     a   b   c
           |         ^^^^^
        """)
  }

  @Test func `a range of several lines is underlined on its first line`() {
    #expect(
      render(Marked("x »one\r\ntwo« y")) == """
        test.md:1:3: error: wrong [RB0203]
         1 | x one
           |   ^^^
        """)
  }

  @Test func `an empty range has one caret, also at the end of the file`() {
    #expect(
      render(Marked("a\n»«")) == """
        test.md:2:1: error: wrong [RB0203]
         2 |
           | ^
        """)
  }

  @Test func `a long line is shown as a window around the range`() {
    let text = String(repeating: "0123456789", count: 30)
    #expect(
      render(Marked(text + "»here«" + text)) == """
        test.md:1:301: error: wrong [RB0203]
         1 | …678901234567890123456789here01234567890123456789012345678901234567890123456789012345678901234567…
           |                          ^^^^
        """)
    #expect(
      render(Marked(text + "»here«")) == """
        test.md:1:301: error: wrong [RB0203]
         1 | …89012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789here
           |                                                                                              ^^^^
        """)
    #expect(
      render(Marked("»here«" + text)) == """
        test.md:1:1: error: wrong [RB0203]
         1 | here01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901…
           | ^^^^
        """)
  }

  @Test func `a line of a megabyte costs no more than its window`() {
    let source = Marked(
      String(repeating: "é", count: 500_000) + "»x«" + String(repeating: "é", count: 500_000))
    let rendered = render(source)
    #expect(rendered.contains("éx"))
    #expect(rendered.utf8.count < 1000)
  }

  @Test func `what acts on a terminal is spelled out in source, path and message`() {
    let source = Marked("a\u{1B}[2J »\u{202E}b«\u{7F}", path: "x\u{1B}.md")
    #expect(
      render(source, "no '\u{9B}'\nat all") == """
        x<U+001B>.md:1:7: error: no '<U+009B>'<U+000A>at all [RB0203]
         1 | a<U+001B>[2J <U+202E>b<U+007F>
           |              ^^^^^^^^^
        """)
  }

  @Test func `bytes that are no UTF-8 are spelled out one by one`() {
    let file = SourceFile(path: "a.md", bytes: [0x61, 0xFF, 0xC3, 0x62])
    let diagnostic = Diagnostic(.invalidUTF8, .error, "wrong", at: SourceRange(start: 2, end: 3))
    #expect(
      diagnostic.rendered(in: file) == """
        a.md:1:3: error: wrong [RB0101]
         1 | a<FF><C3>b
           |      ^^^^
        """)
  }

  @Test func `line numbers of any width keep the bar straight, notes may have several lines`() {
    let source = Marked(String(repeating: "\n", count: 99) + "»x«")
    let diagnostic = Diagnostic(
      .unknownStep, .warning, "wrong", at: source.range, notes: ["first\nsecond", "third"])
    #expect(
      diagnostic.rendered(in: source.file) == """
        test.md:100:1: warning: wrong [RB0203]
         100 | x
             | ^
             = note: first
                     second
             = note: third
        """)
  }

  @Test func `colours add escape sequences and no other character`() {
    let source = Marked("a »b« c")
    let diagnostic = Diagnostic(.unknownStep, .error, "wrong", at: source.range, notes: ["look"])
    let colored = diagnostic.rendered(in: source.file, colored: true)
    #expect(colored.contains("\u{1B}[1;31merror:\u{1B}[0m"))
    var plain = ""
    var isInSequence = false
    for character in colored {
      if character == "\u{1B}" { isInSequence = true }
      if !isInSequence { plain.append(character) }
      if character == "m", isInSequence { isInSequence = false }
    }
    #expect(plain == diagnostic.rendered(in: source.file))
  }
}
