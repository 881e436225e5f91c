/// Percent-encoding by RFC 3986.
enum PercentEncoding {
  /// Every byte but `A–Z a–z 0–9 - . _ ~` encoded: the text stays one segment, one name or one value.
  static func component(_ bytes: some Sequence<UInt8>) -> String {
    var encoded: [UInt8] = []
    for byte in bytes {
      if isUnreserved(byte) { encoded.append(byte) } else { append(byte, to: &encoded) }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  /// Text of path and query as an author wrote it, with what is not ASCII encoded.
  static func literal(_ text: String) -> String {
    var encoded: [UInt8] = []
    for byte in text.utf8 {
      if byte < 0x80 { encoded.append(byte) } else { append(byte, to: &encoded) }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  /// The offset of the first byte that may not stand in path or query, even there where the grammar is lax
  /// and clients are too (`[`, `]`).
  static func firstMisplacedByte(in text: String) -> Int? {
    let bytes = Array(text.utf8)
    return bytes.indices.first { index in
      switch bytes[index] {
      case UInt8(ascii: "%"):
        !(index + 2 < bytes.count && isHexadecimal(bytes[index + 1]) && isHexadecimal(bytes[index + 2]))
      case 0x80...: false
      case let byte: !isUnreserved(byte) && !"/?:@!$&'()*+,;=[]".utf8.contains(byte)
      }
    }
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    byte < 0x80 && Character(Unicode.Scalar(byte)).isHexDigit
  }

  private static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
    let digits = Array("0123456789ABCDEF".utf8)
    bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }
}
