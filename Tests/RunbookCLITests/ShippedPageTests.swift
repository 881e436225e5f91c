import RunbookModel
import Testing

@testable import RunbookCLI

/// What the shipped pages and environments say together.
@Suite(.serialized) struct ShippedPageTests {
  private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

  private static func pages() throws -> [(entry: RunbookLibrary.Entry, runbook: Runbook)] {
    try RunbookLibrary(directory: root + "/runbooks").entries().compactMap { entry in
      try Workspace().page(entry, checksFilters: false).runbook.map { (entry, $0) }
    }
  }

  private static func environments(
    of entry: RunbookLibrary.Entry, _ runbook: Runbook
  ) throws -> [Environment] {
    try runbook.header.environments.map {
      try #require(try Workspace().environment($0, of: entry).environment)
    }
  }

  /// Conditions that hang on the environment alone are decided by it, by jq's own program.
  @Test func `every step can run in one of its page's environments`() async throws {
    let scene = try Scene()
    for (entry, runbook) in try Self.pages() {
      let steps = runbook.steps.filter { !$0.conditions.isEmpty }
      var possible: Set<StepID> = []
      for environment in try Self.environments(of: entry, runbook) {
        let types = JSONValue.object(environment.targets.map { .init($0.name, .string($0.type)) })
        let filters = steps.map { step in
          let own = step.conditions.filter {
            Set($0.variables).isSubset(of: ["environment", "target_types"])
          }
          return "(" + (own.map { "(\($0.source))" } + ["true"]).joined(separator: " and ") + ")"
        }
        let jq = try scene.start(
          [],
          instead: [
            "/usr/bin/jq", "-nc", "--arg", "environment", environment.name, "--argjson", "target_types",
            types.text, "[\(filters.joined(separator: ","))]",
          ])
        let ended = try await jq.ended()
        let answers = try #require(try JSONValue(parsing: Array(ended.output.utf8)).array, "\(ended.errors)")
        for (step, answer) in zip(steps, answers) where answer == true { possible.insert(step.id) }
      }
      #expect(steps.map(\.id).filter { !possible.contains($0) } == [], "\(entry.name)")
    }
  }

  @Test func `no secret of one environment reaches another`() throws {
    for (entry, runbook) in try Self.pages() {
      // What a page says holds wherever it may run.
      for parameter in runbook.header.parameters where runbook.header.environments.count != 1 {
        #expect(parameter.from == nil, "\(entry.name): \(parameter.name)")
      }
      for environment in try Self.environments(of: entry, runbook)
      where !["demo", "local"].contains(environment.name) {
        for target in environment.targets {
          let settings = "\(target.settings)"
          #expect(!settings.contains("demo/.env"), "\(environment.name): \(target.name)")
          guard target.type == "compose" else { continue }
          // Left out, the settings are those beside the first file.
          #expect(target["env_file"] != nil, "\(environment.name): \(target.name)")
        }
      }
    }
  }
}
