import RunbookModel

/// Reads the text of an array value: `{1,NULL,"a,b"}`, `{{1,2},{3,4}}`, `[0:1]={7,8}`.
///
/// The bounds in front are dropped: JSON arrays begin at 0 whatever the server's begin at.
enum ArrayLiteral {
  /// Nested JSON arrays; nil where the text is no array.
  static func parse(
    _ bytes: ArraySlice<UInt8>, delimiter: UInt8, _ element: (ArraySlice<UInt8>) -> JSONValue
  ) -> JSONValue? {
    var start = bytes.startIndex
    if bytes.first == UInt8(ascii: "[") {
      guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { return nil }
      start = equals + 1
    }
    var reader = Reader(bytes: bytes[start...], delimiter: delimiter)
    guard let value = reader.array(element), reader.bytes.isEmpty else { return nil }
    return value
  }

  private struct Reader {
    var bytes: ArraySlice<UInt8>
    let delimiter: UInt8
    var depth = 0

    mutating func take(_ byte: UInt8) -> Bool {
      guard bytes.first == byte else { return false }
      bytes.removeFirst()
      return true
    }

    /// An array has at most 6 dimensions (`MAXDIM`).
    mutating func array(_ element: (ArraySlice<UInt8>) -> JSONValue) -> JSONValue? {
      guard take(UInt8(ascii: "{")), depth < 6 else { return nil }
      depth += 1
      defer { depth -= 1 }
      var values: [JSONValue] = []
      if take(UInt8(ascii: "}")) { return .array(values) }
      while true {
        guard let value = bytes.first == UInt8(ascii: "{") ? array(element) : item(element) else {
          return nil
        }
        values.append(value)
        if take(UInt8(ascii: "}")) { return .array(values) }
        guard take(delimiter) else { return nil }
      }
    }

    private mutating func item(_ element: (ArraySlice<UInt8>) -> JSONValue) -> JSONValue? {
      var text: [UInt8] = []
      let isQuoted = take(UInt8(ascii: "\""))
      while let byte = bytes.first {
        if isQuoted ? byte == UInt8(ascii: "\"") : byte == delimiter || byte == UInt8(ascii: "}") { break }
        bytes.removeFirst()
        if byte == UInt8(ascii: "\\"), let escaped = bytes.popFirst() {
          text.append(escaped)
        } else {
          text.append(byte)
        }
      }
      if isQuoted {
        guard take(UInt8(ascii: "\"")) else { return nil }
      } else if text.isEmpty {
        return nil
      } else if text == Array("NULL".utf8) {
        return .null
      }
      return element(text[...])
    }
  }
}
