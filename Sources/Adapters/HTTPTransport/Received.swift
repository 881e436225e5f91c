/// The part of a response that has come.
struct Received {
  var statusLine = ""
  var fields: [(name: String, value: String)] = []
  var body: [UInt8] = []
  var byteCount = 0

  /// Whether a status line came.
  var hasHead: Bool { !statusLine.isEmpty }

  /// Takes one line of the head. A status line begins it anew: an interim response (1xx) came before.
  mutating func addLine(_ bytes: UnsafeRawBufferPointer) {
    var line = bytes[...]
    while let last = line.last, last == 0x0a || last == 0x0d { line.removeLast() }
    guard !line.isEmpty else { return }
    if line.starts(with: "HTTP/".utf8) {
      statusLine = String(decoding: line, as: UTF8.self).trimmed
      fields = []
    } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
      fields.append(
        (
          String(decoding: line[..<colon], as: UTF8.self).lowercased().trimmed,
          String(decoding: line[(colon + 1)...], as: UTF8.self).trimmed
        ))
    }
  }
}

extension String {
  /// Without spaces and tabs at both ends (RFC 9110, section 5.5).
  fileprivate var trimmed: String {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    guard let first = utf8.firstIndex(where: { !isSpace($0) }),
      let last = utf8.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(self[first...last])
  }
}
