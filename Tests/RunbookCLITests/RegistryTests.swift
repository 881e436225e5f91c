import Glibc
import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@testable import RunbookCLI

/// What each adapter of the registry has to have beside its code.
@Suite struct RegistryTests {
  /// The root of the checkout, from this file's own place.
  private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

  private static func text(_ path: String) -> String {
    String(decoding: fileBytes(root + "/" + path), as: UTF8.self)
  }

  private static func schema(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: fileBytes("\(root)/Schemas/\(name).schema.json"))
  }

  /// The steps of all shipped pages, and the targets of the environments beside them.
  private static func shipped() throws -> (languages: Set<String>, targets: Set<String>) {
    var found = (languages: Set<String>(), targets: Set<String>())
    let library = try RunbookLibrary(directory: root + "/runbooks")
    for entry in library.entries() {
      guard let runbook = try Workspace().page(entry, checksFilters: false).runbook else { continue }
      for case .call(let call) in runbook.steps.map(\.action) { found.languages.insert(call.language) }
      for name in entry.environmentNames {
        let targets = try Workspace().environment(name, of: entry).environment?.targets ?? []
        found.targets.formUnion(targets.map(\.type))
      }
    }
    return found
  }

  /// What is missing of one adapter.
  private static func gaps(of adapter: any Adapter) throws -> [String] {
    var gaps: [String] = []
    let module = String(String(reflecting: type(of: adapter)).prefix { $0 != "." })
    let attributes = try #require(try schema("step")["properties"])
    for attribute in adapter.attributes where attributes[attribute.name] == nil {
      gaps.append("no schema of the attribute '\(attribute.name)'")
    }
    let environment = try schema("environment")
    for type in adapter.targetTypes {
      let properties = environment["$defs"]?[type.name]?["properties"]
      for setting in ["type"] + type.settings.map(\.name) where properties?[setting] == nil {
        gaps.append("no schema of '\(setting)' of the target type '\(type.name)'")
      }
    }

    let shipped = try shipped()
    if shipped.languages.isDisjoint(with: adapter.languages) { gaps.append("no shipped runbook") }
    for type in adapter.targetTypes where !shipped.targets.contains(type.name) {
      gaps.append("no shipped environment with the target type '\(type.name)'")
    }

    let rehearsals = filesBelow("\(root)/Tests/\(module)Tests").filter { path in
      let text = String(decoding: fileBytes(path), as: UTF8.self)
      return ["@Test", "rehearse(", "verified"].allSatisfy(text.contains)
    }
    if rehearsals.isEmpty { gaps.append("no dry-run test in Tests/\(module)Tests") }

    let readme = text("README.md")
    let rows = readme.split(separator: "\n").filter { $0.hasPrefix("| `") }.map {
      $0.split(separator: "|")[0]
    }
    for name in adapter.languages + adapter.attributes.map(\.name)
    where !rows.contains(where: { $0.contains("`\(name)`") }) {
      gaps.append("no row for '\(name)' in README.md")
    }
    for type in adapter.targetTypes where !readme.contains("{type: \(type.name), ") {
      gaps.append("no example of the target type '\(type.name)' in README.md")
    }
    return gaps
  }

  @Test func `each adapter has its schema, a shipped runbook, a dry-run test and documentation`() throws {
    #expect(AdapterRegistry.standard.adapters.count >= 5)
    for adapter in AdapterRegistry.standard.adapters {
      #expect(try Self.gaps(of: adapter) == [], "\(type(of: adapter))")
    }
  }

  @Test func `an adapter without any of it would be told`() throws {
    #expect(
      try Self.gaps(of: BareAdapter()) == [
        "no schema of the attribute 'acks'", "no schema of 'type' of the target type 'broker'",
        "no schema of 'address' of the target type 'broker'", "no shipped runbook",
        "no shipped environment with the target type 'broker'",
        "no dry-run test in Tests/RunbookCLITestsTests", "no row for 'topic' in README.md",
        "no row for 'acks' in README.md", "no example of the target type 'broker' in README.md",
      ])
  }
}

/// An adapter that nothing but its code is there of.
private struct BareAdapter: Adapter {
  struct Broker: TargetType {
    var name: String { "broker" }
    var settings: [SettingSchema] { [SettingSchema("address", .text, isRequired: true, "where it is")] }
    func summary(of target: Target) -> String { target.name }
    func processEnvironment(of target: Target) -> TargetEnvironment { TargetEnvironment() }
  }

  var languages: [String] { ["topic"] }
  var targetTypes: [any TargetType] { [Broker()] }
  var acceptedTargets: [String]? { ["broker"] }
  var attributes: [AttributeSchema] { [AttributeSchema("acks", "how many must have it")] }

  func options(from fields: inout FieldReader) -> String? { fields.body }
  func effect(of options: String) -> Effect.Claim { Effect.Claim(.write, isKnown: true) }
  func summary(of options: String) -> String { options }
  func invocation(of options: String, on target: Target, values: [String: Value]) -> String { options }
  @concurrent func rehearse(
    _ options: String, in context: StepContext
  ) async throws(StepFailure) -> Rehearsal { .unverifiable("nothing is known") }
  @concurrent func perform(
    _ options: String, in context: StepContext
  ) async throws(StepFailure) -> RawResult { RawResult([]) }
}
