import RunbookDiagnostics
import RunbookSyntax
import Testing

@Suite struct CommentTests {
  @Test func `attributes stand at the end of a task or a heading`() {
    let page = runbook(
      """
      # A <!-- if="$a.b == 1" -->
      B <!-- plain --> <!-- if='$c' -->
      ---
      - [ ] D `<!-- #d -->` <!-- #d evidence if="x" -->
      - [ ] E <!-- forgotten-mark if="x" -->
      - [ ] F <!-- only a remark -->
      - [ ] G <!-- note --> <!-- #g -->

      ## G <!-- omit in toc -->
      ## H <!-- #region -->
      """)
    #expect(
      outline(of: page) == """
        4:1-4:28 h1 'A' {if="$a.b == 1"}
        5:1-5:34 h2 'B' {if="$c"}
        7:1-7:50 [ ] 0.0 'D `<!-- #d -->`' {#d evidence=!true if="x"}
        8:1-8:39 [ ] 0.1 'E' {forgotten-mark=!true if="x"}
        9:1-9:31 [ ] 0.2 'F'
        10:1-10:34 [ ] 0.3 'G <!-- note -->' {#g}
        12:1-12:26 h2 'G'
        13:1-13:22 h2 'H'
        """)
    #expect(diagnostics(of: page) == "")
  }

  @Test func `attributes in other places are errors`() {
    let stray = "RB0304 this comment looks like attributes, but belongs to nothing"
    let page = runbook(
      """
      Text <!-- #a --> goes `<!-- #x -->` on. <!-- if="b" -->

      <!-- #c evidence -->

      - [ ] D <!-- #d --> and more
      - [ ] E

        F <!-- .g -->
      - H <!-- #h -->

      <div>
      <!-- evidence -->
      </div>

      | a <!-- #i --> |
      |---|
      | b |
      """)
    #expect(
      mistakes(of: page) == """
        4:6 <!-- #a -->| \(stray)
        4:41 <!-- if="b" -->| \(stray)
        6:1 <!-- #c evidence -->| \(stray)
        8:9 <!-- #d -->| \(stray)
        11:5 <!-- .g -->| \(stray)
        12:5 <!-- #h -->| \(stray)
        15:1 <!-- evidence -->| \(stray)
        18:5 <!-- #i -->| \(stray)
        """)
    #expect(
      diagnostics(of: runbook("<!-- #a -->\n")) == """
        test.md:4:1: error: this comment looks like attributes, but belongs to nothing [RB0304]
         4 | <!-- #a -->
           | ^^^^^^^^^^^
           = note: attributes stand at the end of a task item or of a heading, on the same line
        """)
  }

  @Test func `attributes that are no comment in Markdown are errors`() {
    let page = runbook(
      """
      - [ ] A <!-- #a if="$x == \\"--force\\"" -->
      - [ ] B <!-- #b
        evidence -->

      # C <!-- #c
      if="d" -->

      E \\<!-- #e and `<!-- #f` and <!-- remark

      | g <!-- #g |
      |---|
      """)
    #expect(
      mistakes(of: page) == """
        4:9 <!-- #a if="$x == \\"--force\\"" -->| RB0301 these attributes are text for Markdown, no comment
        5:9 <!-- #b
          evidence -->| RB0301 attributes in a comment have to stand on one line
        8:5 <!-- #c| RB0301 these attributes are text for Markdown, no comment
        13:5 <!-- #g || RB0301 these attributes are text for Markdown, no comment
        """)
  }

  @Test(arguments: [
    "<!-- markdownlint-disable MD013 -->", "<!-- prettier-ignore -->", "<!-- #region a -->",
    "<!-- #endregion -->",
    "<!-- TODO: #12 is open -->", "<!-- a == b -->", "<!---->", "<!-- -->", "<!-- .slide: class=\"x\" -->",
    "<!-- `if=x` -->", "<!-- vale Style.Rule = NO -->",
  ])
  func `a remark is no attribute`(comment: String) {
    #expect(diagnostics(of: runbook(comment + "\n\na " + comment + "\n\n# b " + comment + "\n")) == "")
  }

  @Test func `a comment may hide a step on purpose`() {
    #expect(diagnostics(of: runbook("<!--\n```sh {#a}\nb\n```\n-->\n")) == "")
    #expect(outline(of: runbook("<!--\n```sh {#a}\nb\n```\n-->\n")) == "")
  }
}
