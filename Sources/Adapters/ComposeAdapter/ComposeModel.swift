internal import RunbookAdapter
internal import RunbookModel

/// A project's files as Compose understands them: merged, with variables put in.
struct ComposeModel: Sendable {
  struct Service: Sendable, Equatable {
    let name: String
    let image: String?
    /// Absolute, or a URL; nil without `build`.
    let buildContext: String?
    let dependsOn: [String]
    let profiles: [String]
  }

  let services: [Service]
  /// What Compose would make each service's containers from; empty where it could not say (an image is missing).
  let hashes: [String: String]

  /// Asks Compose, which changes nothing.
  ///
  /// - Throws: `StepFailure` with reason `exit` where the files do not parse, with Compose's own words.
  static func read(
    _ program: ComposeProgram, _ target: ComposeTarget, in context: StepContext
  ) async throws(StepFailure) -> ComposeModel {
    let result = try await program.run(["config"], on: target, in: context, shown: false)
    guard result.end == .exited(0) else {
      let errors = String(decoding: result.standardError.head + result.standardError.tail, as: UTF8.self)
      let lines = errors.split(whereSeparator: \.isNewline).suffix(3).joined(separator: " ")
      throw StepFailure(.exit, "the Compose files do not parse: \(lines)", effectIsPossible: false)
    }
    guard !result.standardOutput.isTruncated,
      let root = JSONValue(yaml: result.standardOutput.head + result.standardOutput.tail),
      let services = root["services"]?.members
    else {
      throw StepFailure(.exit, "what '\(program.text) config' prints cannot be read", effectIsPossible: false)
    }
    let hashes = try await program.run(["config", "--hash=*"], on: target, in: context, shown: false)
    return ComposeModel(
      services: services.map { Service($0.name, $0.value) },
      hashes: hashes.end == .exited(0) ? Self.hashes(hashes.standardOutput.text ?? "") : [:])
  }

  /// The service of that name.
  func service(_ name: String) -> Service? { services.first { $0.name == name } }

  /// The named services, or all active ones, each behind what it depends on.
  func affected(by names: [String], profiles: [String], withDependencies: Bool) -> [Service] {
    let active = services.filter { $0.profiles.isEmpty || $0.profiles.contains(where: profiles.contains) }
    var visited: Set<String> = []
    var ordered: [Service] = []
    func visit(_ name: String) {
      guard visited.insert(name).inserted, let service = service(name) else { return }
      if withDependencies { for dependency in service.dependsOn { visit(dependency) } }
      ordered.append(service)
    }
    for name in names.isEmpty ? active.map(\.name) : names { visit(name) }
    return ordered
  }

  private static func hashes(_ text: String) -> [String: String] {
    var hashes: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2 { hashes[String(words[0])] = String(words[1]) }
    }
    return hashes
  }
}

extension ComposeModel.Service {
  /// From the output of `config`.
  init(_ name: String, _ value: JSONValue) {
    self.name = name
    image = value["image"]?.string
    buildContext = value["build"].flatMap { $0.string ?? $0["context"]?.string }
    dependsOn =
      value["depends_on"].map { $0.members?.map(\.name) ?? $0.array?.compactMap(\.string) ?? [] } ?? []
    profiles = value["profiles"]?.array?.compactMap(\.string) ?? []
  }
}
