/// A connection URL as libpq reads it, taken apart without libpq so that a plan can show where it leads.
///
/// `postgresql://user:password@host:port,host:port/dbname?keyword=value`; every part may be missing, and is
/// percent-encoded.
struct ConnectionURL: Equatable, Sendable {
  /// A host and its port, both as far as given.
  struct Host: Equatable, Sendable {
    var name: String
    var port: String?
  }

  private(set) var user: String?
  private(set) var hasPassword = false
  /// Whether it names an address beside the host (`hostaddr`).
  private(set) var hasAddress = false
  private(set) var hosts: [Host] = []
  private(set) var database: String?
  /// Keywords behind `?`, decoded, without those that the other properties took.
  private(set) var keywords: [(name: String, value: String)] = []

  static func == (a: Self, b: Self) -> Bool {
    a.user == b.user && a.hasPassword == b.hasPassword && a.hosts == b.hosts && a.database == b.database
      && a.keywords.elementsEqual(b.keywords) { $0 == $1 }
  }

  /// Parses a URL; nil where it is none that libpq would take.
  init?(_ text: String) {
    guard let scheme = ["postgresql://", "postgres://"].first(where: { text.hasPrefix($0) }) else {
      return nil
    }
    var rest = text.utf8.dropFirst(scheme.utf8.count)
    // As libpq does: the first `@` before any `/`, even behind a `?`.
    if let at = rest.firstIndex(where: { $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "/") }),
      rest[at] == UInt8(ascii: "@")
    {
      let parts = rest[..<at].split(
        separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(parts[0]) else { return nil }
      user = name.isEmpty ? nil : name
      hasPassword = parts.count > 1 && !parts[1].isEmpty
      rest = rest[rest.index(after: at)...]
    }
    var query: Substring.UTF8View?
    if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
      query = rest[rest.index(after: mark)...]
      rest = rest[..<mark]
    }
    if let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
      guard let name = Self.decoded(rest[rest.index(after: slash)...]) else { return nil }
      database = name.isEmpty ? nil : name
      rest = rest[..<slash]
    }
    for part in rest.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let host = Self.host(part) else { return nil }
      hosts.append(host)
    }
    guard takeQuery(query) else { return nil }
  }

  private static func host(_ text: Substring.UTF8View) -> Host? {
    var end = text.startIndex
    if text.first == UInt8(ascii: "[") {
      guard let bracket = text.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      end = bracket
    }
    let colon = text[end...].firstIndex(of: UInt8(ascii: ":"))
    guard var name = decoded(text[..<(colon ?? text.endIndex)]) else { return nil }
    if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
    let port = colon.flatMap { decoded(text[text.index(after: $0)...]) }
    guard let port, !port.isEmpty else { return Host(name: name, port: nil) }
    guard let number = Int(port), (1...65535).contains(number) else { return nil }
    return Host(name: name, port: port)
  }

  /// Keywords override what stands before the `?`.
  private mutating func takeQuery(_ query: Substring.UTF8View?) -> Bool {
    guard let query else { return true }
    var names: [String]?
    var ports: [String]?
    for part in query.split(separator: UInt8(ascii: "&")) {
      let sides = part.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
      guard sides.count == 2, let name = Self.decoded(sides[0]), let value = Self.decoded(sides[1]) else {
        return false
      }
      switch name {
      case "user": user = value
      case "password", "sslpassword": hasPassword = true
      case "dbname": database = value
      case "host": names = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      case "hostaddr":
        hasAddress = true
        names = names ?? value.split(separator: ",").map(String.init)
      case "port": ports = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      default: keywords.append((name, value))
      }
    }
    if let names {
      hosts = names.enumerated().map { index, name in
        Host(name: name, port: index < hosts.count ? hosts[index].port : nil)
      }
    }
    if let ports {
      for index in hosts.indices {
        hosts[index].port = ports.count == 1 ? ports[0] : index < ports.count ? ports[index] : nil
      }
    }
    return true
  }

  /// nil where a `%` begins no byte, or a byte of zero.
  private static func decoded(_ text: Substring.UTF8View) -> String? {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit),
        high + low > 0
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  /// `app@127.0.0.1:15432/app`, as far as the URL says so; the port is always there.
  var summary: String {
    let places = hosts.isEmpty ? [Host(name: "", port: nil)] : hosts
    let list = places.map { host in
      let name = host.name.isEmpty ? "local socket" : host.name.contains(":") ? "[\(host.name)]" : host.name
      return "\(name):\(host.port ?? "5432")"
    }
    return (user.map { "\($0)@" } ?? "") + list.joined(separator: ",") + (database.map { "/\($0)" } ?? "")
  }
}
