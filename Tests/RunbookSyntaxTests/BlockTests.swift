import RunbookDiagnostics
import RunbookSyntax
import Testing

@Suite struct BlockTests {
  @Test func `a runbook is its headings, texts, tasks and fences in order`() {
    let page = """
      ---
      runbook: 1
      title: Postgres unavailable
      ---
      # Postgres unavailable

      ## See what is wrong

      1. Is the API unready?

         ```http {#ready-before on=api on-failure=continue}
         GET /ready
         ```

      2. Does the database answer?

         ```sql {#select-one on=db timeout=5s}
         --| expect: .row_count == 1
         SELECT 1
         ```

      ## Restore it <!-- if="$select_one.status == \\"failed\\"" -->

      - [ ] The provider's `console` shows no [incident](https://status.example). <!-- #console evidence -->

      2. Start it.

         ```compose {#start-db timeout=2m}
         #| confirm: Start ${service}?
         up -d ${service}
         ```

         ```compose {#stop-db .undo}
         stop ${service}
         ```
      """
    #expect(
      outline(of: page) == """
        5:1-5:23 h1 'Postgres unavailable'
        7:1-7:21 h2 'See what is wrong'
        9:4-9:23 text 'Is the API unready?' in 1
        11:4-13:7 fence http {#ready-before on=api on-failure=continue} in 1 after 'Is the API unready?'
          | GET /ready
        15:4-15:29 text 'Does the database answer?' in 2
        17:4-20:7 fence sql {#select-one on=db timeout=5s expect=.row_count == 1} in 2 after 'Does the database answer?'
          | SELECT 1
        22:1-22:61 h2 'Restore it' {if="$select_one.status == "failed""}
        24:1-24:103 [ ] 1.0 'The provider's `console` shows no [incident](https://status.example).' {#console evidence=!true}
        26:4-26:13 text 'Start it.' in 2
        28:4-31:7 fence compose {#start-db timeout=2m confirm=Start ${service}?} in 2 after 'Start it.'
          | up -d ${service}
        33:4-35:7 fence compose {#stop-db .undo} in 2 after 'Start it.' too
          | stop ${service}
        """)
    #expect(diagnostics(of: page) == "")
  }

  @Test func `a page without front matter is a page, and nothing in it is a mistake`() {
    let page = "# Notes\n\n```bash {#x on=}\nls\n```\n\n<!-- #y -->\n\n> - [ ] z\n\n```\nunclosed\n"
    let (document, found) = Document.parse(SourceFile(path: "notes.md", bytes: Array(page.utf8)))
    #expect(found == [])
    #expect(!document.isRunbook)
    #expect(document.frontMatter == nil)
    #expect(document.frontMatterRange == nil)
  }

  @Test func `numbers are the ones the page prints, whatever was written`() {
    #expect(
      outline(of: "3. a\n3. b\n   - c\n     1) d\n\n10. e\n\n* f\n") == """
        1:4-1:5 text 'a' in 3
        2:4-2:5 text 'b' in 4
        3:6-3:7 text 'c' in 4/-
        4:9-4:10 text 'd' in 4/-/1
        6:5-6:6 text 'e' in 5
        8:3-8:4 text 'f' in -
        """)
  }

  @Test func `items of one list are siblings, a change of the mark begins another list`() {
    #expect(
      outline(of: "- [ ] a\n- [x] b\n  - [X] c\n- d\n\n* [ ] e\n") == """
        1:1-1:8 [ ] 0.0 'a'
        2:1-2:8 [x] 0.1 'b'
        3:3-3:10 [x] 1.0 'c' in task-
        4:3-4:4 text 'd' in -
        6:1-6:8 [ ] 2.0 'e'
        """)
  }

  @Test(arguments: [
    ("- [ ] replace [X] by the name", false), ("- [ ] a `[x]` in code", false), ("1. [ ] see [x][y]", false),
    ("- [x] done [ ]", true), ("- [X] done", true),
  ])
  func `a task is checked by its own box and by no other in its line`(line: String, isChecked: Bool) throws {
    let page = "---\nrunbook: 1\ntitle: T\n---\n\(line)\n"
    let (document, _) = Document.parse(SourceFile(path: "test.md", bytes: Array(page.utf8)))
    let task = try #require(
      document.blocks.compactMap { block in if case .task(let task) = block { task } else { nil } }.first)
    #expect(task.isChecked == isChecked)
  }

  @Test func `blocks inside of a task follow it`() {
    #expect(
      outline(of: "1. [ ] Fail over\n\n   Then:\n\n   ```bash {#a}\n   b\n   ```\n2. [ ] Tell them\n") == """
        1:1-1:17 [ ] 0.0 'Fail over'
        3:4-3:9 text 'Then:' in task1
        5:4-7:7 fence bash {#a} in task1 after 'Then:'
          | b
        8:1-8:17 [ ] 0.1 'Tell them'
        """)
  }

  @Test func `a task may have several lines, or no text at all`() {
    #expect(
      outline(of: "- [ ] one *two*\n  three <!-- #x -->\n- [ ] \n- [ ] <!-- #y -->\n") == """
        1:1-2:20 [ ] 0.0 'one *two*
        three' {#x}
        3:1-3:6 [ ] 0.1 ''
        4:1-4:18 [ ] 0.2 '' {#y}
        """)
    guard
      case .task(let task) = Document.parse(
        SourceFile(path: "a.md", bytes: Array("- [ ] one *two*\n  three <!-- #x -->\n".utf8))
      ).0.blocks[0]
    else {
      Issue.record("no task")
      return
    }
    #expect(task.text == "one two three")
  }

  @Test func `text loses its Markdown and keeps its words`() {
    #expect(
      outline(of: "A **b** `c` [d](e) <kbd>f</kbd> &amp; \\* ![g](h)\nnext\\\nline\n") == """
        1:1-3:5 text 'A b c d f & * g next line'
        """)
  }

  @Test func `headings come in both forms`() {
    #expect(
      outline(of: "### a ###\nb `c`\nd\n===\ne\n---\n> # f\n") == """
        1:1-1:10 h3 'a'
        2:1-3:2 h1 'b c d'
        5:1-5:2 h2 'e'
        7:3-7:6 h1 'f' in >
        """)
  }

  @Test func `a paragraph right above a table keeps its place`() {
    #expect(
      outline(of: "a\nb\n| c | d |\n|---|---|\n| e | f |\n\n```\n```\n") == """
        1:1-2:2 text 'a b'
        7:1-8:4 fence - after 'a b'
        """)
  }

  @Test func `the text in front of a fence is in its own section and as near as can be`() {
    #expect(
      outline(of: "Run:\n- ```a\n  ```\n- b\n  > ```c\n  > ```\n\n# d\n```e\n```\n") == """
        1:1-1:5 text 'Run:'
        2:3-3:6 fence a in - after 'Run:'
        4:3-4:4 text 'b' in -
        5:5-6:8 fence c in -/> after 'b'
        8:1-8:4 h1 'd'
        9:1-10:4 fence e
        """)
  }
}
