import RunbookFilters
import RunbookModel
import Testing

private func errors(
  _ filters: [String], variables: [String] = []
) -> [(index: Int, message: String, range: Range<Int>?)] {
  FilterCheck().errors(in: filters.map { Filter($0) }, variables: filters.map { _ in variables })
}

@Test func `right filters have no errors`() {
  #expect(errors([".a == 1", "$x | length > 2", ". as {a: $b} | $b"], variables: ["x"]).isEmpty)
}

@Test func `each wrong filter is named among many right ones`() {
  var filters = (0..<300).map { ".a == \($0)" }
  filters[7] = ".a =="
  filters[130] = "$unknown"
  filters[299] = "nosuch(1)"
  let found = errors(filters)
  #expect(found.map(\.index) == [7, 130, 299])
  #expect(found.map(\.message)[1...] == ["$unknown is not defined", "nosuch/1 is not defined"])
  #expect(found[0].message == "syntax error, it ends too early")
}

@Test(arguments: [
  (".exit = = 0", "unexpected '='", 8..<9), (".a ==", "it ends too early", 4..<5),
  (".a .b c", "unexpected 'c'", 6..<7), ("{a: 1,, b: 2}", "unexpected ','", 6..<7),
  ("$x | length > > 2 and $x", "unexpected '>'", 14..<15), ("if .a then 1", "it ends too early", 11..<12),
  ("[.[] | select(.x = )]", "unexpected ')'", 19..<20),
  (".a as $x", "it ends too early, expected '|'", 6..<8),
  ("\"\\(.a b)\" | length", "unexpected 'b'", 6..<7),
])
func `a syntax error is told by its place in the filter, and as of that text alone`(
  filter: String, message: String, range: Range<Int>
) throws {
  let found = try #require(errors([".fine", filter, "$x"], variables: ["x"]).first)
  #expect(found.index == 1)
  #expect(found.message == "syntax error, \(message)")
  #expect(found.range == range)
}
