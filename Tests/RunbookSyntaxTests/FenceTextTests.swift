import RunbookDiagnostics
import RunbookSyntax
import Testing

@Suite struct FenceTextTests {
  private func fences(_ text: String) -> [Fence] {
    Document.parse(SourceFile(path: "test.md", bytes: Array(text.utf8))).0.blocks.compactMap {
      if case .fence(let fence) = $0 { fence } else { nil }
    }
  }

  @Test func `containers and the indentation of the fence are taken off, and nothing else`() {
    #expect(
      outline(
        of:
          "> 1. x\n>\n>    ~~~~ z\n>      a \n>\n>\t\tb\n>    ~~~\n>    ~~~~\n\n   ```\n     c\n d\n   ```\n")
          == """
          1:6-1:7 text 'x' in >/1
          3:6-8:10 fence z in >/1 after 'x'
            |   a 
            | 
            |    b
            | ~~~
          10:4-13:7 fence -
            |   c
            | d
          """)
  }

  @Test(arguments: ["\n", "\r\n", "\r"])
  func `every line end gives the same text, and places in its own file`(end: String) {
    let lines = [
      "- x", "", "  ```sh {#a}", "  #| if: true", "  b", "", "  c", "  ```", "", "```sql", "d", "```",
    ]
    let text = lines.joined(separator: end) + end
    let found = fences(text)
    #expect(found.map(\.text.string) == ["#| if: true\nb\n\nc\n", "d\n"])
    #expect(found.map(\.body.string) == ["b\n\nc\n", "d\n"])
    #expect(found.map(\.isClosed) == [true, true])
    let bytes = Array(text.utf8)
    for fence in found {
      for (offset, byte) in fence.body.bytes.enumerated() {
        let source = bytes[fence.body.sourceOffset(of: offset)]
        #expect(source == byte || byte == 10 && source == 13)
      }
    }
  }

  @Test func `a tab that a list uses up in part leaves blanks that stand for it`() throws {
    let fence = try #require(fences("- ```\n\tfoo\n  ```\n").first)
    #expect(fence.text.string == "  foo\n")
    #expect((0...6).map(fence.text.sourceOffset) == [6, 6, 7, 8, 9, 10, 11])
  }

  @Test func `a part of the text knows the range it stands in`() throws {
    let text = "> ```\n> ab\n> cd\n> ```\n"
    let fence = try #require(fences(text).first)
    #expect(fence.text.string == "ab\ncd\n")
    #expect(fence.text.sourceRange(of: 0..<2) == SourceRange(start: 8, end: 10))
    #expect(fence.text.sourceRange(of: 1..<4) == SourceRange(start: 9, end: 14))
    #expect(fence.text.sourceRange(of: 3..<3) == SourceRange(start: 13, end: 13))
    #expect(fence.text.sourceRange == SourceRange(start: 8, end: 16))
    let part = fence.text.slice(1..<5)
    #expect(part.string == "b\ncd")
    #expect(part.sourceOffset(of: 2) == 13)
    #expect(part.sourceOffset(of: 4) == 15)
  }

  @Test func `a fence is closed by its own kind, length and container only`() {
    #expect(
      diagnostics(
        of: runbook("````bash\n```\n~~~~\n````\n\n> ```sh\n> a\n```\nb\n```\n\n- ~~~ c\n  d\n~~~\n")) == """
          test.md:9:3: error: the fence is never closed [RB0104]
           9 | > ```sh
             |   ^^^^^
             = note: close it with a line '```'
             = note: the fence on line 11 stands outside of the list or quote: it opens another one
          test.md:15:3: error: the fence is never closed [RB0104]
           15 | - ~~~ c
              |   ^^^^^
              = note: close it with a line '~~~'
              = note: the fence on line 17 stands outside of the list or quote: it opens another one
          test.md:17:1: error: the fence is never closed [RB0104]
           17 | ~~~
              | ^^^
              = note: close it with a line '~~~'
          """)
  }

  @Test func `a fence without an end ends with the page`() throws {
    let fence = try #require(fences("```\na\nb").first)
    #expect(fence.text.string == "a\nb")
    #expect(!fence.isClosed)
    #expect(fence.range == SourceRange(start: 0, end: 7))
    #expect(fences("```").map(\.range) == [SourceRange(start: 0, end: 3)])
  }

  @Test func `the info string is as it was written`() throws {
    let text = "``` \tbash  a\\*b &amp; {1,3} \t\n```\n"
    let fence = try #require(fences(text).first)
    let file = SourceFile(path: "a", bytes: Array(text.utf8))
    #expect(file.text(of: fence.infoRange) == "bash  a\\*b &amp; {1,3}")
    #expect(fence.language?.text == "bash")
    #expect(fence.attributes == nil)
    #expect(file.text(of: fence.openingRange) == "``` \tbash  a\\*b &amp; {1,3}")
  }
}
