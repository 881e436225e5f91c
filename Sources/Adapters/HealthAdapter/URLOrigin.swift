/// Scheme, host and port of a URL: what decides who gets a request (RFC 6454).
struct URLOrigin: Sendable, Equatable {
  /// `http` or `https`.
  let scheme: String
  /// Lower case; an IPv6 address with its brackets.
  let host: String
  let port: Int

  /// As in a URL; the port is left out where it is the scheme's own.
  var text: String { isDefaultPort ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)" }

  private var isDefaultPort: Bool { port == (scheme == "https" ? 443 : 80) }

  /// Takes the origin off an absolute URL; the rest begins with `/`, `?`, `#` or is empty.
  static func split(_ url: String) -> Result<(origin: URLOrigin, rest: String), Problem> {
    let bytes = Array(url.utf8)
    let scheme: String
    if url.lowercased().hasPrefix("http://") {
      scheme = "http"
    } else if url.lowercased().hasPrefix("https://") {
      scheme = "https"
    } else {
      return .failure(Problem("'\(url)' is no http or https URL"))
    }
    let start = scheme.utf8.count + 3
    let end = bytes[start...].firstIndex { "/?#".utf8.contains($0) } ?? bytes.count
    let authority = bytes[start..<end]
    if authority.contains(UInt8(ascii: "@")) {
      return .failure(
        Problem("a user or a password does not belong in a URL: set 'user' and 'password' of the target"))
    }
    guard let (host, port) = hostAndPort(authority, default: scheme == "https" ? 443 : 80) else {
      return .failure(
        Problem("'\(String(decoding: authority, as: UTF8.self))' is no host with an optional port"))
    }
    return .success(
      (URLOrigin(scheme: scheme, host: host, port: port), String(decoding: bytes[end...], as: UTF8.self)))
  }

  private static func hostAndPort(_ authority: ArraySlice<UInt8>, default port: Int) -> (String, Int)? {
    var host = authority
    var port = port
    let nameEnd = authority.lastIndex(of: UInt8(ascii: "]")) ?? authority.startIndex
    if let colon = authority.lastIndex(of: UInt8(ascii: ":")), colon >= nameEnd {
      guard let number = Int(String(decoding: authority[(colon + 1)...], as: UTF8.self)),
        (1...65535).contains(number)
      else { return nil }
      port = number
      host = authority[..<colon]
    }
    let isLiteral = host.first == UInt8(ascii: "[") && host.last == UInt8(ascii: "]") && host.count > 3
    let allowed = isLiteral ? host.dropFirst().dropLast() : host
    guard !allowed.isEmpty, allowed.allSatisfy({ isHostByte($0) || (isLiteral && $0 == UInt8(ascii: ":")) })
    else {
      return nil
    }
    return (String(decoding: host, as: UTF8.self).lowercased(), port)
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// Why a URL has no origin.
  struct Problem: Error {
    let message: String
    init(_ message: String) { self.message = message }
  }
}
