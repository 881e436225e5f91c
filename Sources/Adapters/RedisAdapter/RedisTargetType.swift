import RunbookAdapter
import RunbookModel

/// Targets of type `redis`: one database of one server.
struct RedisTargetType: TargetType {
  static let name = "redis"

  var name: String { Self.name }

  var settings: [SettingSchema] {
    [
      SettingSchema("url", .textOrSecret, "redis://user@host:port/db; with a password, a reference"),
      SettingSchema("host", .text, "host name or address"),
      SettingSchema("port", .integer(1...65535), "port; 6379 where left out"),
      SettingSchema("user", .text, "user of the server's access list; the default one where left out"),
      SettingSchema("password", .secret, "reference to the user's password"),
      SettingSchema("db", .integer(0...Int(Int32.max)), "number of the database; 0 where left out"),
      SettingSchema("connect_timeout", .duration, "limit for connecting; 10s where left out"),
    ]
  }

  func problems(with target: Target) -> [String] {
    var problems: [String] = []
    if let url = target["url"] {
      let twice = ["host", "port", "user", "db"].filter { target[$0] != nil }
      if !twice.isEmpty {
        problems.append("'url' and '\(twice.joined(separator: "', '"))' say the same thing twice")
      }
      guard let text = url.plainText else { return problems }
      guard let parsed = RedisURL(text) else {
        return problems + ["'url' is no Redis URL: redis://user@host:port/db is expected"]
      }
      if parsed.isTLS { problems.append(Self.noTLS) }
      if parsed.password != nil {
        problems.append(
          "a password in the file: write it as a reference, 'password: env:NAME', or the whole url as one")
      }
    } else if target["host"] == nil {
      problems.append("'url' or 'host' is missing")
    }
    return problems
  }

  /// Why `rediss://` is refused.
  static let noTLS =
    "rediss:// is not supported, because the hiredis of this system has no TLS; use a tunnel, or redis://"

  func summary(of target: Target) -> String {
    if case .secret(let reference)? = target["url"] { return reference.text }
    guard let address = RedisAddress(plain: target) else { return "***" }
    return address.summary
  }

  /// redis-cli reads `REDISCLI_AUTH`, and takes the rest as `-u "$REDIS_URL"`.
  func processEnvironment(of target: Target) -> TargetEnvironment {
    var environment = TargetEnvironment()
    if case .secret? = target["url"] {
      environment.variables.append(("REDIS_URL", target["url"] ?? .text("")))
    } else if let address = RedisAddress(plain: target) {
      environment.variables.append(("REDIS_URL", .text(address.url)))
    }
    if let password = target["password"] { environment.variables.append(("REDISCLI_AUTH", password)) }
    return environment
  }
}

/// Where a target leads, without its password.
struct RedisAddress: Equatable, Sendable {
  var host: String
  var port: Int
  var user: String?
  var database: Int

  private init(host: String, port: Int, user: String?, database: Int) {
    self.host = host
    self.port = port
    self.user = user
    self.database = database
  }

  /// The address of a target whose url is no reference; nil where the url is none.
  init?(plain target: Target) {
    guard let url = target["url"] else {
      self.init(
        host: target["host"]?.plainText ?? "",
        port: target["port"]?.plainText.flatMap { Int($0) } ?? 6379,
        user: target["user"]?.plainText,
        database: target["db"]?.plainText.flatMap { Int($0) } ?? 0)
      return
    }
    guard let parsed = url.plainText.flatMap(RedisURL.init) else { return nil }
    self.init(parsed)
  }

  /// The address of a URL.
  init(_ url: RedisURL) {
    self.init(host: url.host, port: url.port, user: url.user, database: url.database)
  }

  private var place: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return (user.map { "\($0)@" } ?? "") + "\(name):\(port)/\(database)"
  }

  /// `reader@127.0.0.1:6379/0`.
  var summary: String { place }

  /// The address as redis-cli takes it.
  var url: String { "redis://\(place)" }
}
