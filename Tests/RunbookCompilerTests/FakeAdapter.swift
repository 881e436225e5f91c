import RunbookAdapter
import RunbookDiagnostics
import RunbookModel

/// A fake: an adapter whose steps only the compiler looks at. Its effect is what its first word says.
struct FakeAdapter: Adapter {
  struct Options: Sendable, Equatable {
    var words: [String]
  }

  let languages: [String]
  let targetTypes: [any TargetType]
  let acceptedTargets: [String]?

  /// An adapter for one language and one type of target, both new.
  init(_ language: String, target: String, settings: [SettingSchema]) {
    languages = [language]
    targetTypes = [FakeTargetType(name: target, settings: settings)]
    acceptedTargets = [target]
  }

  func options(from fields: inout FieldReader) -> Options? {
    let (lines, problems) = CommandWords.lines(of: fields.body)
    for problem in problems { fields.report(.malformedBody, problem.message, atBody: problem.range) }
    for word in lines.flatMap(\.words) {
      for case .name(let name, let range) in word.pieces { fields.use(name, atBody: range) }
    }
    guard problems.isEmpty, !lines.isEmpty else { return nil }
    return Options(words: lines.flatMap(\.words).map { $0.literal ?? "" })
  }

  func effect(of options: Options) -> Effect.Claim {
    switch options.words.first {
    case "ps", "logs", "GET", "INFO", "config", "PING", "TTL", "SCAN": Effect.Claim(.read, isKnown: true)
    case "down", "rm", "FLUSHALL": Effect.Claim(.destructive, isKnown: true)
    case "exec": Effect.Claim(.write, isKnown: false)
    default: Effect.Claim(.write, isKnown: true)
    }
  }

  func isEndless(_ options: Options) -> Bool { options.words.starts(with: ["logs", "-f"]) }
  func summary(of options: Options) -> String { options.words.joined(separator: " ") }
  func invocation(of options: Options, on target: Target, values: [String: Value]) -> String {
    options.words.joined(separator: " ")
  }

  func problems(of options: Options, on target: Target) -> [String] {
    options.words.contains("--refused") ? ["'--refused' is not for '\(target.name)'"] : []
  }

  @concurrent func rehearse(_ options: Options, in context: StepContext) async throws(StepFailure) -> Rehearsal {
    .unverifiable("a fake")
  }

  @concurrent func perform(_ options: Options, in context: StepContext) async throws(StepFailure) -> RawResult {
    throw StepFailure(.internal, "a fake performs nothing", effectIsPossible: false)
  }
}

/// A fake target type.
struct FakeTargetType: TargetType {
  let name: String
  let settings: [SettingSchema]

  func problems(with target: Target) -> [String] {
    target["host"] != nil && target["url"] != nil ? ["'url' and 'host' exclude each other"] : []
  }

  func summary(of target: Target) -> String { target.name }
  func processEnvironment(of target: Target) -> TargetEnvironment { TargetEnvironment() }
}

extension FakeAdapter {
  /// The language `compose`.
  static var compose: FakeAdapter {
    FakeAdapter(
      "compose", target: "compose",
      settings: [
        .init("files", .paths, isRequired: true, "Compose files"),
        .init("env_file", .path, "environment file"),
        .init("project", .text, "project name"),
        .init("docker_host", .textOrSecret, "address of the engine"),
        .init("headers", .namedTextsOrSecrets, "headers"),
        .init("profiles", .texts, "profiles"),
      ])
  }

  /// The language `redis`.
  static var redis: FakeAdapter {
    FakeAdapter(
      "redis", target: "redis",
      settings: [
        .init("url", .textOrSecret, "address"), .init("host", .text, "host name"),
        .init("port", .integer(1...65535), "port"), .init("password", .secret, "password"),
        .init("tls", .boolean, "whether to use TLS"), .init("connect_timeout", .duration, "limit of connecting"),
        .init("protocol", .choice(["resp2", "resp3"]), "protocol"),
      ])
  }
}
