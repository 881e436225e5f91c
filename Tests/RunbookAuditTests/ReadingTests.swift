import Glibc
import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `What a verifier reads` {
  private func shape(_ text: String) -> JSONShape? {
    Array(text.utf8).withUnsafeBytes { JSONShape($0) }
  }

  @Test(arguments: [
    #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"x":{"long-member-1":1,"b":2,"long-member-1":3}}"#,
    #"{"x":[{"a":"","b":{},"a":""}]}"#, #"{"":1,"":2}"#,
  ])
  func `gives no name twice`(text: String) {
    #expect(shape(text) == nil)
  }

  @Test func `may give a name in more objects than one, and any number of them`() {
    #expect(shape(#"{"a":{"a":{"a":1},"b":[{"a":1},{"a":1}]},"b":1}"#) != nil)
    #expect(shape(#"{"\u0061":1,"b":2}"#) != nil)
    let many = (0..<1000).map { "\"name-\($0)\":\($0)" }.joined(separator: ",")
    #expect(shape("{\(many)}") != nil)
    #expect(shape("{\(many),\"name-7\":0}") == nil)
    for text in ["", "[]", "{}x", #"{"a":01}"#, #"{"a":1.5}"#, #"{"a" :1}"#, #"{"a":tru}"#, #"{"a":"\q"}"#] {
      #expect(shape(text) == nil, "\(text)")
    }
  }

  @Test func `looks the same as long as only numbers and long texts differ`() {
    let one = shape(#"{"type":"a","seq":12,"note":"a text that is too long to count"}"#)
    #expect(one?.value == shape(#"{"type":"a","seq":98,"note":"another text that is too long"}"#)?.value)
    for other in [
      #"{"type":"b","seq":12,"note":"a text that is too long to count"}"#,
      #"{"type":"a","seq":"12","note":"a text that is too long to count"}"#,
      #"{"type":"a","seq":12,"n0te":"a text that is too long to count"}"#,
      #"{"type":"a","seq":123,"note":"a text that is too long to count"}"#,
      #"{"type":"a","seq":12,"note":["a text that is too long to count"]}"#,
      #"{"type":"a","note":"a text that is too long to count","seq":12}"#,
    ] {
      #expect(one?.value != shape(other)?.value, "\(other)")
    }
    #expect(one?.isOdd == false && shape(#"{"a":-1}"#)?.isOdd == true)
    #expect(shape(#"{"a":4294967296}"#)?.isOdd == true && shape(#"{"a":9223372036854775808}"#)?.isOdd == true)
  }

  /// Changes a text of the log and signs it anew with its own key, as its owner can.
  private func verify(
    _ text: String, with other: String
  ) async throws -> (summary: VerificationSummary, mismatches: [String], warnings: [String]) {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 30)
    let lines = String(decoding: try scratch.read(scratch.journal), as: UTF8.self)
      .replacing(text, with: other).utf8.dropLast().split(separator: 0x0a).map { Array($0) + [0x0a] }
    try scratch.write(Array(try StoreMaker.rechained(lines).joined()), to: scratch.journal)
    unlink(scratch.store.path + "/checkpoints.log")
    _ = try Command.run(["rm", "-rf", scratch.store.path + "/log"])
    _ = try AuditStore.forTest(scratch.store)
    return try StoreMaker.verify(scratch.store)
  }

  @Test func `is told where it is no event that this program knows`() async throws {
    #expect(try await verify("x", with: "x").warnings.count == 1)
    for (text, other) in [
      ("\"type\":\"step.finished\"", "\"type\":\"step.vanished\""),
      ("\"status\":\"ok\"", "\"status\":\"hm\""),
      ("\"active_ms\":0", "\"active_ms\":99999999999999999999"), ("\"active_ms\":0,", ""),
    ] {
      let found = try await verify(text, with: other)
      #expect(
        found.warnings.contains { $0.hasPrefix("events that this program cannot read: ") },
        "\(other): \(found.warnings) \(found.mismatches)")
    }
  }
}
