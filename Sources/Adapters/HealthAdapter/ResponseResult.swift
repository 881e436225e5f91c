internal import Glibc
internal import HTTPTransport
internal import RunbookAdapter
internal import RunbookModel

extension HTTPResponse {
  /// The step's result. Its `status` is the answer's number, in place of the step's own word; whether the step
  /// failed is told by `error`.
  var members: [JSONValue.Member] {
    let text = bodyText
    return [
      .init("status", .integer(status)),
      .init("http_version", .string(version)),
      .init("headers", headers),
      .init("body", .optional(text)),
      .init("json", text.flatMap(json) ?? .null),
      .init("truncated", .boolean(isTruncated)),
      .init("body_bytes", .integer(byteCount)),
      .init("timings", timings.json),
      .init("certificate", certificate?.json(now: .now) ?? .null),
      .init("remote_address", .string(remoteAddress)),
    ]
  }

  /// What the operator sees: status line and body, JSON set out in lines.
  var display: String {
    var lines = [statusLine]
    if let text = bodyText {
      if !text.isEmpty { lines.append(json(text)?.prettyText ?? text) }
    } else if isTruncated, let head = String(validating: body.trimmedToCharacters, as: UTF8.self) {
      lines.append(head)
      lines.append("… \(byteCount) bytes in all, the first \(body.count) are shown")
    } else {
      lines.append("(\(byteCount) bytes of \(field("content-type") ?? "unknown type"))")
    }
    let text = lines.joined(separator: "\n")
    return text.hasSuffix("\n") ? text : text + "\n"
  }

  /// nil where it is more than was kept, or no UTF-8.
  private var bodyText: String? {
    isTruncated ? nil : String(validating: wasCutOff ? body.trimmedToCharacters : body[...], as: UTF8.self)
  }

  /// The body where it says that it is JSON, or looks like an object or an array and is one.
  private func json(_ text: String) -> JSONValue? {
    let type =
      field("content-type").map { $0.split(separator: ";").first.map { $0.lowercased() } ?? "" } ?? ""
    let first = text.utf8.first { $0 != 0x20 && $0 != 0x0a && $0 != 0x0d && $0 != 0x09 }
    guard
      type.hasPrefix("application/json") || type.contains("+json") || first == UInt8(ascii: "{")
        || first == UInt8(ascii: "[")
    else { return nil }
    return try? JSONValue(parsing: text)
  }

  /// By lower-case name; a list where a name comes more than once.
  private var headers: JSONValue {
    var names: [String] = []
    var values: [String: [String]] = [:]
    for field in fields {
      if values[field.name] == nil { names.append(field.name) }
      values[field.name, default: []].append(field.value)
    }
    return .object(
      names.map { name in
        let all = values[name] ?? []
        return .init(name, all.count == 1 ? .string(all[0]) : .array(all.map { .string($0) }))
      })
  }
}

extension HTTPResponse.Timings {
  /// Milliseconds, rounded: `dns`, `connect` and `tls` as long as each took, `first_byte` and `total` from the
  /// start of the request.
  fileprivate var json: JSONValue {
    func milliseconds(_ duration: Duration) -> JSONValue {
      .integer(Int(max(0, (duration / .milliseconds(1)).rounded())))
    }
    return [
      "dns": milliseconds(nameResolved),
      "connect": milliseconds(connected - nameResolved),
      "tls": milliseconds(handshaken - connected),
      "first_byte": milliseconds(firstByte),
      "total": milliseconds(total),
    ]
  }
}

extension Certificate {
  fileprivate func json(now: CalendarTime) -> JSONValue {
    [
      "subject": .string(subject),
      "names": .array(names.map { .string($0) }),
      "issuer": .string(issuer),
      "not_before": .optional(notBefore?.text),
      "not_after": .optional(notAfter?.text),
      "days_left": notAfter.map { .integer($0.days(since: now)) } ?? .null,
    ]
  }

  /// For messages: whose it is and until when.
  func text(now: CalendarTime) -> String {
    let owner = names.isEmpty ? subject : names.joined(separator: ", ")
    guard let notAfter else { return "certificate for \(owner)" }
    let days = notAfter.days(since: now)
    if days < 0 { return "certificate for \(owner), ended \(notAfter.text), \(-days) days ago" }
    if let notBefore, notBefore.days(since: now) >= 0 {
      return "certificate for \(owner), not valid before \(notBefore.text)"
    }
    return "certificate for \(owner), valid until \(notAfter.text), \(days) days more"
  }
}

extension CalendarTime {
  /// The machine's clock.
  static var now: CalendarTime { CalendarTime(secondsSinceEpoch: Int(time(nil))) }
}

extension [UInt8] {
  /// Without the beginning of a character at the end, of which the rest was not read.
  fileprivate var trimmedToCharacters: ArraySlice<UInt8> {
    guard let last = lastIndex(where: { $0 & 0xc0 != 0x80 }), count - last <= 3 else { return self[...] }
    let length =
      switch self[last] {
      case 0xc0...0xdf: 2
      case 0xe0...0xef: 3
      case 0xf0...0xf7: 4
      default: 1
      }
    return count - last < length ? self[..<last] : self[...]
  }
}
