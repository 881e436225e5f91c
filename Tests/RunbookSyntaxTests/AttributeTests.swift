import RunbookDiagnostics
import RunbookSyntax
import TestSupport
import Testing

@Suite struct AttributeTests {
  private func fence(_ text: String) -> Fence? {
    guard case .fence(let fence)? = Document.parse(Marked(runbook(text)).file).0.blocks.first else {
      return nil
    }
    return fence
  }

  @Test(arguments: [
    ("{#a}", "#a"),
    ("{ #a .undo\ton=db  k=\"\" }", "#a .undo on=db k=\"\""),
    (
      #"{.undo #stop-db k="say \"hi\" \\ \d" l='a "b" \' m=.x==1}"#,
      #"#stop-db .undo k="say "hi" \ \d" l="a "b" \" m=.x==1"#
    ),
    ("{#a evidence on-failure=continue}", "#a evidence=!true on-failure=continue"),
    ("{#é k=ü}", "#é k=ü"),
    ("{k=v}", "k=v"),
    ("{.undo}", ".undo"),
  ])
  func `an attribute list is read as Pandoc would`(list: String, expected: String) {
    #expect(fence("```bash \(list)\n```\n")?.attributes.map(describe) == expected)
    #expect(diagnostics(of: runbook("```bash \(list)\n```\n")) == "")
  }

  @Test(arguments: [
    "{1,3}", "{}", "{ }", "{", "title=\"{x}\"", "{hl_lines=[1,2]} linenos", "{a",
    "{linenos=table,hl=[\"1-2\"]}", "}{",
  ])
  func `braces of other tools are no attributes and no mistake`(info: String) {
    #expect(fence("```js \(info)\n```\n")?.attributes == nil)
    #expect(fence("```js \(info)\n```\n")?.foreignAttributes == nil)
    #expect(diagnostics(of: runbook("```js \(info)\n```\n")) == "")
  }

  @Test(arguments: [
    ("``` »{.bash .numberLines}«", ForeignAttributes.Form.pandocClass),
    ("```»{.bash #a k=v}« ", .pandocClass),
    ("```sh »{ \"id\": \"01J\", \"interactive\": false }« ", .runme),
    ("```sh »{\"name\":\"x\"}«", .runme),
  ])
  func `the forms of runme and Pandoc are told apart`(line: String, form: ForeignAttributes.Form) {
    let source = Marked(runbook(line + "\n```\n"))
    guard case .fence(let fence)? = Document.parse(source.file).0.blocks.first else {
      Issue.record("no fence")
      return
    }
    #expect(fence.foreignAttributes?.form == form)
    #expect(fence.foreignAttributes?.range == source.range)
  }

  @Test func `names and values know where they stand, in lists and quotes too`() {
    let source = Marked(
      runbook(
        "> 1. é\n>\n>    ```bash »{#»a-b« .»undo« »on«=»db« »k«=»\"x y\"« »l«=»'z'«}«\n>    #| »if«: »$a == 1«\n"
          + ">    #| »m«: »[»\"b\"«, »c«]«\n>    ls\n>    ```\n"))
    guard case .fence(let fence)? = Document.parse(source.file).0.blocks.last, let list = fence.attributes
    else {
      Issue.record("no attributes")
      return
    }
    var found = [list.range]
    found += list.id.map { [$0.range] } ?? []
    found += list.classes.map(\.range)
    for value in list.values {
      found += [value.name.range, value.value.range]
      found += value.value.elements?.map(\.range) ?? []
    }
    #expect(found == source.ranges)
    #expect(
      list.values[1].value.range(ofText: 2..<3)
        == SourceRange(at: list.values[1].value.range.start + 3).widened)
    #expect(source.file.text(of: list.values[3].value.range(ofText: 1..<2)) == "a")
  }

  @Test func `a value with escapes has one range, the whole of it`() throws {
    let list = try #require(fence(#"```bash {#a k="x\"y"}"# + "\n```\n")?.attributes)
    let value = try #require(list["k"]).value
    #expect(value.text == #"x"y"#)
    #expect(value.range(ofText: 0..<1) == value.range)
  }

  @Test func `every mistake of a list is reported at its place, and the rest is read`() {
    let page = runbook("```bash{#a on=x y= z=“q” #b k=1 k=2 a,b , -c f=\"g\"h #\"i\" j=${k} l} m\n```\n")
    #expect(fence(String(page.dropFirst(19)))?.attributes.map(describe) == "#a on=x k=1 f=\"g\"")
    #expect(
      mistakes(of: page) == """
        4:8 | RB0301 a blank is missing between the language and '{'
        4:17 y| RB0301 'y=' without a value
        4:22 “q”| RB0301 the value of 'z' needs quotes
        4:30 #b| RB0301 a second id 'b' besides 'a'
        4:37 k| RB0305 the attribute 'k' is here for the second time
        4:41 a,b| RB0301 'a,b' is no attribute
        4:45 ,| RB0301 a comma in an attribute list
        4:47 -c| RB0301 '-c' is no attribute
        4:55 h| RB0301 'h' right after the value of 'f'
        4:57 #"i"| RB0301 '#"i"' is no id or flag
        4:64 ${k| RB0301 the value of 'j' needs quotes
        4:69 l} m| RB0301 'l} m' beside the attribute list would be ignored
        """)
  }

  @Test(arguments: [
    ("~~~sh {#a k=\"»`«\"}", "a backtick in a fence line"),
    ("```sh {#a k=\"»`«\"}", "a backtick in a fence line"),
    ("```sh »{#a k=v«", "the attribute list is not closed"),
    ("```sh {#a k=»\"«v}", "the quotes around the value of 'k' are not closed"),
    ("```sh »title=x« {#a}", "'title=x' beside the attribute list would be ignored"),
    ("```sh {#a} »x«", "'x' beside the attribute list would be ignored"),
    ("```sh »title=\"{x\"« {#a}", "'title=\"{x\"' beside the attribute list would be ignored"),
    ("```sh »title={x}« {.undo #a}", "'title={x}' beside the attribute list would be ignored"),
    ("```sh»«{#a}", "a blank is missing between the language and '{'"),
  ])
  func `a mistake around the list is reported at its place`(line: String, message: String) {
    let source = Marked(runbook(line + "\n~~~\n"))
    let found = Document.parse(source.file).1.filter { $0.code != .unclosedFence }
    #expect(found.map(\.message) == [message])
    #expect(found.map(\.range) == [source.range])
  }

  @Test func `more attributes than anyone writes are not read`() {
    let names = (0..<500).map { "k\($0)" }
    let list = "```sh {#a " + names.map { $0 + "=v" }.joined(separator: " ") + "}\n```\n"
    let lines = "```sh {#a}\n" + names.map { "#| \($0): v\n" }.joined() + "```\n"
    for text in [list, lines] {
      #expect(fence(text)?.attributes?.values.count == 128)
      #expect(mistakes(of: runbook(text)).hasSuffix(" k128| RB0301 more than 128 attributes"))
    }
  }

  @Test func `an attribute may be in the list or in an option line, not in both`() {
    #expect(
      diagnostics(of: runbook("```sh {#a on=b}\n#| if: c\n#| on: d\n#| if: e\nf\n```\n")) == """
        test.md:6:4: error: the attribute 'on' is here for the second time [RB0305]
         6 | #| on: d
           |    ^^
           = note: keep one of them
        test.md:7:4: error: the key 'if' is here for the second time [RB0113]
         7 | #| if: e
           |    ^^
           = note: keep one of them
        """)
  }
}

extension SourceRange {
  /// One byte more.
  fileprivate var widened: SourceRange { SourceRange(start: start, end: end + 1) }
}
