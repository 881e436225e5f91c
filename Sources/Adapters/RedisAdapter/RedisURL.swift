/// A Redis URL: `redis://user:password@host:port/db`, every part optional, percent-encoded.
struct RedisURL: Equatable, Sendable {
  private(set) var isTLS: Bool
  private(set) var user: String?
  private(set) var password: [UInt8]?
  private(set) var host = "127.0.0.1"
  private(set) var port = 6379
  private(set) var database = 0

  /// Parses a URL; nil where it is none.
  init?(_ text: String) {
    var rest: Substring.UTF8View
    if text.hasPrefix("redis://") {
      isTLS = false
      rest = text.utf8.dropFirst(8)
    } else if text.hasPrefix("rediss://") {
      isTLS = true
      rest = text.utf8.dropFirst(9)
    } else {
      return nil
    }
    if let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
      let path = rest[rest.index(after: slash)...]
      if !path.isEmpty {
        guard let number = Int(String(path) ?? ""), (0...Int(Int32.max)).contains(number) else { return nil }
        database = number
      }
      rest = rest[..<slash]
    }
    if let at = rest.lastIndex(of: UInt8(ascii: "@")) {
      let parts = rest[..<at].split(
        separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(parts[0]) else { return nil }
      user = name.isEmpty ? nil : String(validating: name, as: UTF8.self)
      if parts.count > 1, !parts[1].isEmpty {
        guard let bytes = Self.decoded(parts[1]) else { return nil }
        password = bytes
      }
      rest = rest[rest.index(after: at)...]
    }
    guard takeHost(rest) else { return nil }
  }

  private mutating func takeHost(_ text: Substring.UTF8View) -> Bool {
    var name = text
    var portText: Substring.UTF8View?
    if text.first == UInt8(ascii: "[") {
      guard let bracket = text.firstIndex(of: UInt8(ascii: "]")) else { return false }
      name = text[text.index(after: text.startIndex)..<bracket]
      let rest = text[text.index(after: bracket)...]
      if !rest.isEmpty {
        guard rest.first == UInt8(ascii: ":") else { return false }
        portText = rest.dropFirst()
      }
    } else if let colon = text.lastIndex(of: UInt8(ascii: ":")) {
      name = text[..<colon]
      portText = text[text.index(after: colon)...]
    }
    if !name.isEmpty {
      guard let bytes = Self.decoded(name), let text = String(validating: bytes, as: UTF8.self) else {
        return false
      }
      host = text
    }
    if let portText, !portText.isEmpty {
      guard let number = Int(String(portText) ?? ""), (1...65535).contains(number) else { return false }
      port = number
    }
    return true
  }

  /// nil where a `%` begins no byte.
  private static func decoded(_ text: Substring.UTF8View) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
