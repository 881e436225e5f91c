import RunbookDiagnostics

/// Replies as people read them, in the form redis-cli has at a terminal.
enum ReplyText {
  /// All lines of one reply, each with its line feed.
  static func lines(_ reply: RedisReply) -> String { lines(reply, indent: "") }

  private static func lines(_ reply: RedisReply, indent: String) -> String {
    switch reply {
    case .null: return "(nil)\n"
    case .integer(let number): return "(integer) \(number)\n"
    case .status(let text): return TerminalText.inert(text) + "\n"
    case .error(let text): return "(error) \(TerminalText.inert(text))\n"
    case .bulk(let bytes):
      // A report (`INFO`, `CLIENT LIST`) is shown as the lines it consists of.
      guard indent.isEmpty, let text = String(validating: bytes, as: UTF8.self), text.utf8.contains(0x0a)
      else {
        return quoted(bytes) + "\n"
      }
      let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
      let shown = lines.last?.isEmpty == true ? lines.dropLast() : lines[...]
      return shown.map { TerminalText.inert($0) + "\n" }.joined()
    case .array(let elements):
      if elements.isEmpty { return "(empty array)\n" }
      let width = String(elements.count).utf8.count
      return elements.enumerated().map { index, element in
        let number = String(index + 1)
        let padding = String(repeating: " ", count: width - number.utf8.count)
        let head = index == 0 ? "" : indent
        let inner = indent + String(repeating: " ", count: width + 2)
        return "\(head)\(padding)\(number)) " + lines(element, indent: inner)
      }.joined()
    }
  }

  /// A text in double quotes with everything spelled out that is not plainly visible.
  static func quoted(_ text: String) -> String { quoted(Array(text.utf8)) }

  private static func quoted(_ bytes: [UInt8]) -> String {
    var text = "\""
    for run in TerminalText.runs(of: bytes[...]) {
      switch run.text {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "<U+000A>": text += "\\n"
      case "<U+000D>": text += "\\r"
      default: text += run.isTab ? "\\t" : run.text
      }
    }
    return text + "\""
  }
}
