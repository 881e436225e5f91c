import RunbookDiagnostics
import TestSupport
import Testing

@Suite struct DiagnosticTests {
  @Test func `a record has both ends of the range as lines and columns`() {
    let source = Marked("a\nb »c\nd« e")
    let diagnostic = Diagnostic(.unknownStep, .error, "wrong", at: source.range, notes: ["look"])
    #expect(
      diagnostic.record(in: source.file)
        == DiagnosticRecord(
          file: "test.md", line: 2, column: 3, endLine: 3, endColumn: 2, code: "RB0203", severity: "error",
          message: "wrong", notes: ["look"]))
  }

  @Test func `the order of the source does not depend on the order of the checks`() {
    let diagnostics = [(4, 5), (0, 9), (4, 4), (0, 2)].map { start, end in
      Diagnostic(.unknownStep, .error, "wrong", at: SourceRange(start: start, end: end))
    }
    let expected = [diagnostics[3], diagnostics[1], diagnostics[2], diagnostics[0]]
    #expect(diagnostics.inSourceOrder() == expected)
    #expect(diagnostics.reversed().inSourceOrder() == expected)
  }

  @Test func `only errors keep a file from being used`() {
    let warning = Diagnostic(.unknownStep, .warning, "odd", at: .startOfFile)
    let error = Diagnostic(.unknownStep, .error, "wrong", at: .startOfFile)
    #expect([warning].hasErrors == false)
    #expect([warning, error].hasErrors)
  }

  @Test func `codes are RB and four digits, in ascending order of the list`() {
    let codes = Diagnostic.Code.allCases.map(\.rawValue)
    #expect(codes == codes.sorted())
    for code in codes {
      #expect(code.utf8.count == 6 && code.hasPrefix("RB") && code.dropFirst(2).allSatisfy(\.isNumber))
    }
  }
}
