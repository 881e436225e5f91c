import RunbookFilters
import RunbookModel
import Testing

private func errors(_ filters: [String], variables: [String] = []) -> [(index: Int, message: String)] {
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
  #expect(found[0].message.hasPrefix("syntax error"))
}
