import CCrypto
import RunbookModel

/// A value as the log and a prompt show it: on one line, and never to be taken for a line of the program.
enum ShownValue {
  /// Unicode scalars of a text that are shown; of a longer one the rest is told by size and digest.
  static let limit = 160

  /// A plain word as it is, `***` for a secret, any other text in quotes with JSON's escapes.
  static func text(_ value: Value) -> String {
    switch value {
    case .plain(let plain): text(plain.plainText)
    case .secret: value.displayText
    }
  }

  /// The same for a text whose secrets are masked already.
  static func text(_ text: String) -> String {
    if text == "***" || (!text.isEmpty && text.utf8.count <= limit && text.utf8.allSatisfy(isPlain)) {
      return text
    }
    let scalars = text.unicodeScalars
    guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
      end != scalars.endIndex
    else { return JSONValue.string(text).text }
    let shown = JSONValue.string(String(text[..<end])).text
    return "\(shown)… (\(text.utf8.count) bytes\(digest(of: text).map { ", sha256:\($0)" } ?? ""))"
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "_@%+=:,./-".utf8.contains(byte)
    }
  }

  /// nil without libcrypto.
  private static func digest(of text: String) -> String? {
    guard let hash = rb_sha256_create() else { return nil }
    defer { rb_sha256_destroy(hash) }
    var text = text
    var bytes = [UInt8](repeating: 0, count: 32)
    let isDone = text.withUTF8 { rb_sha256_update(hash, $0.baseAddress, $0.count) == 0 }
    guard isDone, rb_sha256_finish(hash, &bytes) == 0 else { return nil }
    return bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
