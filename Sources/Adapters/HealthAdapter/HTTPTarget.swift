internal import HTTPTransport
public import RunbookAdapter
public import RunbookModel

/// The target type `http`: one origin, and what every request to it carries.
public struct HTTPTargetType: TargetType {
  /// It keeps no state.
  public init() {}

  public var name: String { "http" }

  public var settings: [SettingSchema] {
    [
      SettingSchema("url", .text, isRequired: true, "where it is: http or https, host, port, path in front"),
      SettingSchema("headers", .namedTextsOrSecrets, "header lines of every request"),
      SettingSchema("bearer_token", .secret, "sent as 'Authorization: Bearer …'"),
      SettingSchema("user", .text, "name for basic authentication"),
      SettingSchema("password", .secret, "password for basic authentication"),
      SettingSchema("ca_file", .path, "certificates to trust instead of the system's (PEM)"),
      SettingSchema("client_certificate", .path, "our certificate (PEM)"),
      SettingSchema("client_key", .path, "the key of our certificate (PEM)"),
      SettingSchema(
        "connect_timeout", .duration, "limit for lookup, connection and handshake; 10s if left out"),
      SettingSchema("resolve", .texts, "fixed addresses, host:port:address each"),
      SettingSchema("unix_socket", .path, "a socket to connect to instead of the URL's host"),
      SettingSchema("proxy", .text, "an HTTP proxy's URL; variables like http_proxy are not read"),
    ]
  }

  public func problems(with target: Target) -> [String] {
    var problems: [String] = []
    switch HTTPTarget.base(of: target) {
    case .failure(let problem): problems.append(problem.message)
    case .success(let base):
      for key in ["ca_file", "client_certificate", "client_key"]
      where base.origin.scheme == "http" && target[key] != nil {
        problems.append("'\(key)' means nothing for an http URL; is 'https' meant?")
      }
    }
    if (target["user"] == nil) != (target["password"] == nil) {
      problems.append("'user' and 'password' belong together")
    }
    if target["bearer_token"] != nil, target["user"] != nil {
      problems.append("either 'bearer_token' or 'user' and 'password'")
    }
    if target["client_key"] != nil, target["client_certificate"] == nil {
      problems.append("'client_key' wants 'client_certificate'")
    }
    for header in target.named("headers") {
      if header.name.isEmpty || !header.name.utf8.allSatisfy(isTokenByte) {
        problems.append("'\(header.name)' is no header name")
      } else if ["content-length", "transfer-encoding"].contains(header.name.lowercased()) {
        problems.append("'\(header.name)' follows from each request's body")
      }
    }
    for entry in target.list("resolve").compactMap(\.plainText) where entry.split(separator: ":").count < 3 {
      problems.append("'\(entry)' is not of the form host:port:address")
    }
    return problems
  }

  public func summary(of target: Target) -> String {
    let url = target["url"]?.displayText ?? ""
    return target["unix_socket"].map { "\(url) by \($0.displayText)" } ?? url
  }

  public func processEnvironment(of target: Target) -> TargetEnvironment { TargetEnvironment() }
}

/// What a target of type `http` says, read from its settings.
struct HTTPTarget {
  /// The URL's origin and the path in front of every path, without a slash at its end.
  struct Base {
    let origin: URLOrigin
    let prefix: String
  }

  let base: Base
  let route: Route
  let headers: [Target.Named]
  private let user: String?
  private let password: Value?
  private let token: Value?

  /// - Throws: `StepFailure` where the settings are not those the compiler lets through.
  init(_ target: Target) throws(StepFailure) {
    switch Self.base(of: target) {
    case .failure(let problem): throw StepFailure(.spawn, problem.message, effectIsPossible: false)
    case .success(let base): self.base = base
    }
    var route = Route(
      socketPath: target["unix_socket"]?.plainText, authorityPath: target["ca_file"]?.plainText,
      certificatePath: target["client_certificate"]?.plainText, keyPath: target["client_key"]?.plainText,
      resolve: target.list("resolve").compactMap(\.plainText), proxy: target["proxy"]?.plainText)
    if let limit = target["connect_timeout"]?.plainText.flatMap(Int.init) {
      route.connectTimeout = .milliseconds(limit)
    }
    self.route = route
    headers = target.named("headers")
    user = target["user"]?.plainText
    password = target["password"]
    token = target["bearer_token"]
  }

  /// What goes into `Authorization` by the target's settings; `open` gives the bytes of a value.
  func authorization(_ open: (Value) throws(StepFailure) -> [UInt8]) throws(StepFailure) -> [UInt8]? {
    if let token { return Array("Bearer ".utf8) + (try open(token)) }
    guard let user, let password else { return nil }
    return Array("Basic ".utf8) + Base64.encode(Array("\(user):".utf8) + (try open(password))).utf8
  }

  /// The target's URL taken apart.
  static func base(of target: Target) -> Result<Base, URLOrigin.Problem> {
    guard let url = target["url"]?.plainText else { return .failure(.init("'url' is missing")) }
    switch URLOrigin.split(url) {
    case .failure(let problem): return .failure(problem)
    case .success((let origin, let rest)):
      guard rest.isEmpty || rest.hasPrefix("/"), !rest.utf8.contains(where: { "?#".utf8.contains($0) }),
        PercentEncoding.firstMisplacedByte(in: rest) == nil
      else {
        return .failure(.init("'\(url)': only a path may follow the host"))
      }
      var prefix = PercentEncoding.literal(rest)
      while prefix.hasSuffix("/") { prefix.removeLast() }
      return .success(Base(origin: origin, prefix: prefix))
    }
  }
}
