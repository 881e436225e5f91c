import RunbookModel
import TestSupport
import Testing

@Suite struct PlanJSONTests {
  @Test func `a plan with everything in it survives the round trip`() throws {
    let plan = Plan.everything
    let text = plan.json.text
    #expect(try Plan(json: JSONValue(parsing: text)) == plan)
  }

  @Test func `equal plans have equal bytes`() throws {
    let again = try Plan(json: JSONValue(parsing: Plan.everything.json.prettyText))
    #expect(again.json.utf8 == Plan.everything.json.utf8)
  }

  @Test func `secrets are references, never text`() {
    let plan = Plan.everything
    #expect(
      plan.json["parameters"]?.text
        == #"{"service":"db; $(rm)","token":{"secret":"env:TOKEN","name":"token"}}"#)
  }

  @Test func `a member that is not known is refused with its place`() throws {
    var members = try #require(Plan.everything.json.members)
    members.append(.init("extra", 1))
    #expect(throws: PlanFormatError(path: "", message: "unknown member 'extra'")) {
      try Plan(json: .object(members))
    }
  }

  @Test func `a wrong member is refused with its place`() throws {
    let text = Plan.everything.json.text.replacing("\"effect\":\"write\"", with: "\"effect\":\"wrote\"")
    #expect(throws: PlanFormatError(path: "steps[0].effect", message: "'wrote' is none of the known words")) {
      try Plan(json: JSONValue(parsing: text))
    }
  }

  @Test func `two steps of one id are refused`() throws {
    let text = Plan.everything.json.text.replacing("\"id\":\"count\"", with: "\"id\":\"restart\"")
    #expect(throws: PlanFormatError(path: "steps[1].id", message: "'restart' is the id of two steps")) {
      try Plan(json: JSONValue(parsing: text))
    }
  }

  @Test func `another version is refused`() throws {
    let text = Plan.everything.json.text.replacing("{\"plan\":1,", with: "{\"plan\":2,")
    #expect(throws: PlanFormatError(path: "plan", message: "this program reads version 1, not 2")) {
      try Plan(json: JSONValue(parsing: text))
    }
  }
}

extension String {
  /// The text with the first occurrence of `old` replaced.
  fileprivate func replacing(_ old: String, with new: String) -> String {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(old) {
        return String(self[..<index]) + new + String(self[self.index(index, offsetBy: old.count)...])
      }
      index = self.index(after: index)
    }
    return self
  }
}
