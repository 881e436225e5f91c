internal import HTTPTransport
public import RunbookAdapter
public import RunbookModel

/// The target type `compose`: one project of one engine.
public struct ComposeTargetType: TargetType {
  /// It keeps no state.
  public init() {}

  public var name: String { "compose" }

  public var settings: [SettingSchema] {
    [
      SettingSchema("files", .paths, isRequired: true, "its Compose files, in the order they are merged"),
      SettingSchema(
        "project", .text, isRequired: true, "its project name; said here so that nobody guesses it"),
      SettingSchema("env_file", .path, "variables for its Compose files; its folder's .env if left out"),
      SettingSchema("profiles", .texts, "profiles that are active"),
      SettingSchema(
        "docker_host", .text, "the engine: unix://PATH or tcp://HOST:PORT; the usual socket if left out"),
      SettingSchema(
        "docker_cert_path", .path, "folder with ca.pem, cert.pem and key.pem for an engine behind TLS"),
    ]
  }

  public func problems(with target: Target) -> [String] {
    var problems: [String] = []
    let settings = ComposeTarget(target)
    if !ComposeTarget.isProjectName(settings.project) {
      problems.append(
        "'\(settings.project)' is no project name: lower-case letters, digits, '-' and '_', not '-' or '_' first"
      )
    }
    if case .failure(let problem) = settings.endpoint { problems.append(problem.message) }
    if settings.certificatePath != nil, !settings.dockerHost.hasPrefix("tcp://") {
      problems.append("'docker_cert_path' is for an engine at tcp://")
    }
    return problems
  }

  public func summary(of target: Target) -> String {
    let settings = ComposeTarget(target)
    let place = settings.dockerHost == ComposeTarget.usualHost ? "" : " on \(settings.dockerHost)"
    return "\(settings.project) of \(settings.files.joined(separator: ", "))\(place)"
  }

  public func processEnvironment(of target: Target) -> TargetEnvironment {
    let settings = ComposeTarget(target)
    var variables = settings.variables
    if let file = settings.environmentFile { variables.append(("COMPOSE_ENV_FILES", file)) }
    return TargetEnvironment(variables: variables.map { ($0.name, .text($0.value)) })
  }
}

/// What a target of type `compose` says, read from its settings.
struct ComposeTarget {
  /// Where the Docker engine listens unless somebody says otherwise.
  static let usualHost = "unix:///var/run/docker.sock"

  let files: [String]
  let project: String
  let environmentFile: String?
  let profiles: [String]
  let dockerHost: String
  let certificatePath: String?

  init(_ target: Target) {
    files = target.list("files").compactMap(\.plainText)
    project = target["project"]?.plainText ?? ""
    environmentFile = target["env_file"]?.plainText
    profiles = target.list("profiles").compactMap(\.plainText)
    dockerHost = target["docker_host"]?.plainText ?? Self.usualHost
    certificatePath = target["docker_cert_path"]?.plainText
  }

  /// What Compose reads: the project and the engine, both said outright, because the current Docker context or a
  /// variable of the caller would lead elsewhere.
  var variables: [(name: String, value: String)] {
    let marks = [":", ";", "|", ","]
    let separator = marks.first { mark in !files.contains { $0.contains(mark) } } ?? ":"
    var variables = [
      ("COMPOSE_FILE", files.joined(separator: separator)), ("COMPOSE_PATH_SEPARATOR", separator),
      ("COMPOSE_PROJECT_NAME", project), ("DOCKER_HOST", dockerHost),
    ]
    if !profiles.isEmpty { variables.append(("COMPOSE_PROFILES", profiles.joined(separator: ","))) }
    if let certificatePath {
      variables += [("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", certificatePath)]
    }
    return variables
  }

  /// The project's folder: what relative paths in its files are relative to.
  var directory: String {
    guard let file = files.first, let slash = file.lastIndex(of: "/"), slash > file.startIndex else {
      return "/"
    }
    return String(file[..<slash])
  }

  /// How requests reach the engine.
  var endpoint: Result<EngineEndpoint, EngineEndpoint.Problem> {
    EngineEndpoint.parse(dockerHost, certificatePath: certificatePath)
  }

  /// `[a-z0-9][a-z0-9_-]*`, as Compose wants it.
  static func isProjectName(_ name: String) -> Bool {
    var isFirst = true
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): break
      case UInt8(ascii: "-"), UInt8(ascii: "_"): if isFirst { return false }
      default: return false
      }
      isFirst = false
    }
    return !isFirst
  }
}

/// Where an engine listens.
struct EngineEndpoint: Sendable, Equatable {
  /// Scheme and authority for the requests.
  let url: String
  let route: Route

  /// Why an address is none.
  struct Problem: Error {
    let message: String
  }

  static func parse(_ host: String, certificatePath: String?) -> Result<EngineEndpoint, Problem> {
    if host.hasPrefix("unix://") {
      let path = String(host.dropFirst(7))
      guard path.hasPrefix("/") else { return .failure(Problem(message: "'\(host)' is no absolute path")) }
      return .success(EngineEndpoint(url: "http://docker", route: Route(socketPath: path)))
    }
    guard host.hasPrefix("tcp://") else {
      let reason =
        host.hasPrefix("ssh://") ? "engines by ssh are not reached" : "'\(host)' is no engine's address"
      return .failure(Problem(message: "\(reason): unix://PATH or tcp://HOST:PORT"))
    }
    let authority = host.dropFirst(6)
    guard authority.contains(":"), !authority.utf8.contains(where: { "/@?# ".utf8.contains($0) }) else {
      return .failure(Problem(message: "'\(host)' is not of the form tcp://HOST:PORT"))
    }
    guard let certificatePath else {
      return .success(EngineEndpoint(url: "http://\(authority)", route: Route()))
    }
    return .success(
      EngineEndpoint(
        url: "https://\(authority)",
        route: Route(
          authorityPath: certificatePath + "/ca.pem", certificatePath: certificatePath + "/cert.pem",
          keyPath: certificatePath + "/key.pem")))
  }
}
