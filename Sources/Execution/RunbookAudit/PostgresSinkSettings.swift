import CPQ
import Glibc

/// How the required table is reached, as root wrote it: the environment of whoever runs the program has no say in it.
struct PostgresSinkSettings: Sendable {
  /// Keywords of libpq and their values, all that the environment could set among them.
  let pairs: [(keyword: String, value: String)]
  /// Where that leads, without a password: `audit@db.example:5432/audit`.
  let place: String
  private let password: String?

  /// Reads a connection string or URL.
  ///
  /// - Parameter variable: The value of an environment variable, nil where it is not set.
  /// - Throws: `.unavailable`, and never with a part of the text: it may hold a password.
  init(
    _ text: String, environment variable: (String) -> String? = { getenv($0).map { String(cString: $0) } }
  ) throws(AuditFailure) {
    let options = try Self.options(in: text)
    func value(_ keyword: String) -> String? { options.first { $0.keyword == keyword }?.value }
    func refuse(_ reason: String) -> AuditFailure {
      .unavailable("'postgres' of '\(SinkPlace.configuration)': \(reason)")
    }
    guard value("service") == nil else {
      throw refuse("a 'service' may be defined by whoever runs the program: write its settings out")
    }
    for keyword in ["host", "dbname", "user"] where value(keyword) == nil {
      guard keyword != "host" || value("hostaddr") == nil else { continue }
      throw refuse("'\(keyword)' is missing: it would be whatever the environment says")
    }
    if value("sslmode")?.hasPrefix("verify") == true, value("sslrootcert") == nil {
      throw refuse("'sslrootcert' is missing: it would be a file of whoever runs the program")
    }
    var pairs: [(String, String)] = []
    for option in options {
      if let value = option.value {
        pairs.append((option.keyword, value))
      } else if let name = option.variable, let set = variable(name), !set.isEmpty {
        guard !Self.isHarmless(option.keyword) else { continue }
        guard let standard = option.standard, !standard.isEmpty else {
          throw refuse(
            "the environment sets \(name), and '\(option.keyword)' is not given: unset it, or give it")
        }
        pairs.append((option.keyword, standard))
      }
    }
    // The last one of a keyword counts.
    pairs.append(("client_encoding", "UTF8"))
    pairs.append(("fallback_application_name", "runbook audit"))
    self.pairs = pairs
    password = value("password")
    let host = value("host") ?? value("hostaddr") ?? ""
    place = "\(value("user") ?? "")@\(host):\(value("port") ?? "5432")/\(value("dbname") ?? "")"
  }

  /// A message of libpq or the server on one line, without the password.
  func redacted(_ message: String) -> String {
    let line = message.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let clipped = String(decoding: line.utf8.prefix(500), as: UTF8.self)
    guard let password, !password.isEmpty else { return clipped }
    return clipped.replacing(password, with: "***")
  }

  /// What the environment may say: it changes neither the place nor what is written there.
  private static func isHarmless(_ keyword: String) -> Bool {
    ["application_name", "client_encoding", "connect_timeout", "password", "passfile"].contains(keyword)
  }

  private struct Option {
    let keyword: String
    let variable: String?
    let standard: String?
    let value: String?
  }

  /// All keywords that libpq knows, with the values in `text`.
  private static func options(in text: String) throws(AuditFailure) -> [Option] {
    guard let pq = cpq_load()?.pointee else {
      throw .unavailable(
        "a required sink needs libpq, which cannot be loaded (\(String(cString: cpq_load_error()))); install libpq5"
      )
    }
    var problem: UnsafeMutablePointer<CChar>?
    guard let list = pq.conninfoParse(text, &problem) else {
      // Its own words quote the text.
      if let problem { pq.freemem(problem) }
      throw .unavailable("'postgres' of '\(SinkPlace.configuration)' is no connection string or URL of libpq")
    }
    defer { pq.conninfoFree(list) }
    var options: [Option] = []
    var next = list
    while let keyword = next.pointee.keyword {
      func text(_ pointer: UnsafePointer<CChar>?) -> String? { pointer.map { String(cString: $0) } }
      options.append(
        Option(
          keyword: String(cString: keyword), variable: text(next.pointee.envvar),
          standard: text(next.pointee.compiled), value: text(next.pointee.val)))
      next += 1
    }
    return options
  }
}
