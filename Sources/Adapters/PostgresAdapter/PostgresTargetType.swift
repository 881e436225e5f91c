import RunbookAdapter
import RunbookModel

/// Targets of type `postgres`: a database, or with `protocol: simple` PgBouncer's console.
struct PostgresTargetType: TargetType {
  static let name = "postgres"

  var name: String { Self.name }

  var settings: [SettingSchema] {
    [
      SettingSchema("url", .textOrSecret, "connection URL (postgresql://…); with a password, a reference"),
      SettingSchema("host", .text, "host name, address, or the folder of the server's socket"),
      SettingSchema("port", .integer(1...65535), "port; 5432 where left out"),
      SettingSchema("user", .text, "role to connect as"),
      SettingSchema("password", .secret, "reference to the role's password"),
      SettingSchema("dbname", .text, "database"),
      SettingSchema(
        "sslmode", .choice(["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]),
        "how much TLS; 'prefer' where left out, which proves nothing about the server"),
      SettingSchema("sslrootcert", .path, "certificates of the authorities that vouch for the server"),
      SettingSchema("connect_timeout", .duration, "limit for connecting; 10s where left out"),
      SettingSchema(
        "options", .text, "command-line options for the server's session, for example -c role=ops"),
      SettingSchema(
        "protocol", .choice(["extended", "simple"]),
        "'simple' for PgBouncer's console: no transaction, no parameters"),
    ]
  }

  /// Whether statements are sent by the simple protocol.
  static func isSimple(_ target: Target) -> Bool { target["protocol"]?.plainText == "simple" }

  func problems(with target: Target) -> [String] {
    var problems: [String] = []
    if let url = target["url"] {
      let twice = ["host", "port", "user", "dbname"].filter { target[$0] != nil }
      if !twice.isEmpty {
        problems.append("'url' and '\(twice.joined(separator: "', '"))' say the same thing twice")
      }
      if let text = url.plainText {
        if let parsed = ConnectionURL(text) {
          if parsed.hasPassword {
            problems.append(
              "a password in the file: write it as a reference, 'password: env:NAME', or the whole url as one"
            )
          }
        } else {
          problems.append("'url' is no connection URL: postgresql://user@host:port/dbname is expected")
        }
      }
    } else {
      for key in ["host", "user", "dbname"] where target[key] == nil {
        problems.append("'\(key)' is missing; without 'url' a target names its host, user and dbname")
      }
    }
    let mode = target["sslmode"]?.plainText
    if target["sslrootcert"] != nil, mode != "verify-ca", mode != "verify-full", target["url"] == nil {
      problems.append("'sslrootcert' is of use with 'sslmode: verify-full' or 'verify-ca' only")
    }
    return problems
  }

  func summary(of target: Target) -> String {
    switch target["url"] {
    case .secret(let reference)?: return reference.text
    case .plain?:
      let text = target["url"]?.plainText ?? ""
      return ConnectionURL(text)?.summary ?? "***"
    case nil:
      func text(_ key: String) -> String { target[key]?.displayText ?? "" }
      let host = text("host").contains(":") ? "[\(text("host"))]" : text("host")
      return "\(text("user"))@\(host):\(target["port"]?.displayText ?? "5432")/\(text("dbname"))"
    }
  }

  /// What psql and its kin read. A url that is a reference is opened by nobody here: it becomes
  /// `DATABASE_URL`, for tools that take it from there.
  func processEnvironment(of target: Target) -> TargetEnvironment {
    var environment = TargetEnvironment()
    func add(_ name: String, _ value: Value?) {
      if let value { environment.variables.append((name, value)) }
    }
    switch target["url"] {
    case .secret?: add("DATABASE_URL", target["url"])
    case .plain(let url)?:
      guard let parsed = ConnectionURL(url.plainText) else { break }
      let names = parsed.hosts.map(\.name).joined(separator: ",")
      let ports = parsed.hosts.map { $0.port ?? "5432" }.joined(separator: ",")
      if !names.isEmpty { add("PGHOST", .text(names)) }
      if !ports.isEmpty { add("PGPORT", .text(ports)) }
      add("PGUSER", parsed.user.map { .text($0) })
      add("PGDATABASE", parsed.database.map { .text($0) })
      for keyword in parsed.keywords {
        guard let variable = Self.variables[keyword.name], target[keyword.name] == nil else { continue }
        add(variable, .text(keyword.value))
      }
    case nil:
      add("PGHOST", target["host"])
      add("PGPORT", target["port"] ?? .text("5432"))
      add("PGUSER", target["user"])
      add("PGDATABASE", target["dbname"])
    }
    add("PGSSLMODE", target["sslmode"])
    add("PGSSLROOTCERT", target["sslrootcert"])
    add("PGOPTIONS", target["options"])
    add("PGCONNECT_TIMEOUT", .text(String(max(1, (Self.connectMilliseconds(target) + 999) / 1000))))
    if let password = target["password"] {
      environment.files.append(
        TargetEnvironment.PrivateFile(
          variable: "PGPASSFILE", parts: [.text("*:*:*:*:"), password, .text("\n")], escapedCharacters: ":\\")
      )
    }
    return environment
  }

  /// The limit for connecting, in milliseconds.
  static func connectMilliseconds(_ target: Target) -> Int {
    target["connect_timeout"]?.plainText.flatMap { Int($0) } ?? 10_000
  }

  /// Keywords of a URL that have a variable.
  private static let variables = [
    "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS", "target_session_attrs": "PGTARGETSESSIONATTRS",
    "channel_binding": "PGCHANNELBINDING", "application_name": "PGAPPNAME", "gssencmode": "PGGSSENCMODE",
  ]
}
