import RunbookDiagnostics
import Testing

@Suite struct NearestNameTests {
  private let attributes = [
    "on", "needs", "if", "effect", "expect", "within", "every", "for", "timeout", "confirm", "idempotent",
    "verify", "undo", "on-failure", "outputs", "mask", "produces", "env", "cwd", "interactive",
  ]

  @Test(arguments: [
    ("effct", "effect"), ("timout", "timeout"), ("on_failure", "on-failure"), ("onfailure", "on-failure"),
    ("Confirm", "confirm"), ("fi", "if"), ("exepct", "expect"), ("interactiv", "interactive"),
    ("output", "outputs"),
  ])
  func `a misspelling finds its name`(name: String, expected: String) {
    #expect(NearestName.match(name, among: attributes) == expected)
  }

  @Test(arguments: ["", "x", "zzz", "completely-different", "retries"])
  func `a name that is near to none finds none`(name: String) {
    #expect(NearestName.match(name, among: attributes) == nil)
  }

  @Test func `of equally near names the first in order wins, in any order of candidates`() {
    #expect(NearestName.match("stop-dx", among: ["stop-dc", "stop-db", "stop-da"]) == "stop-da")
    #expect(NearestName.match("stop-dx", among: ["stop-da", "stop-db", "stop-dc"]) == "stop-da")
  }

  @Test func `a swap of neighbours is one edit`() {
    #expect(NearestName.match("ab", among: ["ba"]) == "ba")
    #expect(NearestName.match("abc", among: ["cba"]) == nil)
  }
}
