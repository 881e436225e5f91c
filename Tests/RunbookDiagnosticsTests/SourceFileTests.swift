import RunbookDiagnostics
import TestSupport
import Testing

@Suite struct SourceFileTests {
  @Test(arguments: [
    ("", [0]), ("a", [0]), ("a\nb", [0, 2]), ("a\r\nb", [0, 3]), ("a\rb", [0, 2]), ("a\r\n\r\n", [0, 3, 5]),
    ("\r\r\n\n", [0, 1, 3, 4]),
  ])
  func `a line ends with LF, CRLF or a lone CR`(text: String, starts: [Int]) {
    #expect(SourceFile(path: "a", bytes: Array(text.utf8)).lineStarts == starts)
  }

  @Test func `columns count bytes from 1`() {
    let source = Marked("é: x\r\nab»«\r\n")
    #expect(source.file.position(ofOffset: 0) == SourcePosition(line: 1, column: 1))
    #expect(source.file.position(ofOffset: 2) == SourcePosition(line: 1, column: 3))
    #expect(source.file.position(ofOffset: source.range.start) == SourcePosition(line: 2, column: 3))
    #expect(source.file.position(ofOffset: 11) == SourcePosition(line: 3, column: 1))
  }

  @Test func `an offset outside the file counts as its nearest end`() {
    let file = SourceFile(path: "a", bytes: Array("ab\nc".utf8))
    #expect(file.position(ofOffset: -3) == SourcePosition(line: 1, column: 1))
    #expect(file.position(ofOffset: 99) == SourcePosition(line: 2, column: 2))
    #expect(file.text(of: SourceRange(start: 3, end: 99)) == "c")
  }

  @Test func `a line is given without its end`() {
    let file = SourceFile(path: "a", bytes: Array("one\r\ntwo\rthree\nfour".utf8))
    #expect((0...5).map(file.line) == ["", "one", "two", "three", "four", ""])
  }

  @Test func `every offset agrees with a count from the beginning`() {
    let bytes = Array("a\n\r\n\ré\r\r\nb\n\n".utf8)
    let file = SourceFile(path: "a", bytes: bytes)
    var line = 1
    var column = 1
    for offset in bytes.indices {
      #expect(file.position(ofOffset: offset) == SourcePosition(line: line, column: column))
      let isEnd =
        bytes[offset] == 10 || bytes[offset] == 13 && (offset + 1 == bytes.count || bytes[offset + 1] != 10)
      (line, column) = isEnd ? (line + 1, 1) : (line, column + 1)
    }
  }
}
