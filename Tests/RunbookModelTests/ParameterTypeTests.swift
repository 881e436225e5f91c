import RunbookModel
import Testing

@Suite struct ParameterTypeTests {
  private func type(
    _ kind: ParameterType.Kind, _ change: (inout ParameterType) -> Void = { _ in }
  ) -> ParameterType {
    var type = ParameterType(kind)
    change(&type)
    return type
  }

  @Test func `a pattern has to match the whole text, by characters`() throws {
    let name = type(.string) { $0.pattern = "[a-z][a-z0-9-]*|é." }
    #expect(try name.value(parsing: "db-1") == "db-1")
    #expect(try name.value(parsing: "éü") == "éü")
    for text in ["", "1db", "db\n", "db $(rm)", "xdb;", "é"] {
      #expect(throws: ParameterProblem.self) { try name.value(parsing: text) }
    }
  }

  @Test func `integers keep JSON's form and their limits`() throws {
    let count = type(.integer) {
      $0.minimum = "-1"
      $0.maximum = "5"
    }
    #expect(try count.value(parsing: "-1") == -1)
    #expect(try count.value(parsing: "5") == 5)
    for text in ["-2", "6", "010", "+1", "1.0", "0x1", " 1", "", "99999999999999999999"] {
      #expect(throws: ParameterProblem.self) { try count.value(parsing: text) }
    }
  }

  @Test func `numbers keep their text`() throws {
    #expect(try type(.number).value(parsing: "1.50") == .number("1.50"))
    #expect(throws: ParameterProblem.self) { try type(.number).value(parsing: "nan") }
    #expect(throws: ParameterProblem.self) { try type(.number).value(parsing: "1e999") }
  }

  @Test func `booleans are true or false and nothing else`() throws {
    #expect(try type(.boolean).value(parsing: "true") == true)
    #expect(throws: ParameterProblem("must be true or false")) {
      try type(.boolean).value(parsing: "yes")
    }
  }

  @Test func `a choice is one of its texts`() throws {
    let colour = type(.choice) { $0.choices = ["red", "green"] }
    #expect(try colour.value(parsing: "red") == "red")
    #expect(throws: ParameterProblem("must be one of 'red', 'green'")) {
      try colour.value(parsing: "blue")
    }
  }

  @Test func `a pattern that is none is named`() {
    #expect(TextPattern.problem(in: "[a-z]+") == nil)
    #expect(TextPattern.problem(in: "[a-z") != nil)
    #expect(!TextPattern.matches("a", "[a-z"))
  }
}
