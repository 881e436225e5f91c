internal import RunbookModel

/// A request's body with the way each name in it is encoded.
struct BodyTemplate: Sendable, Equatable {
  /// How a value becomes part of a body, so that it can never become anything but a value.
  enum Encoding: Sendable, Equatable {
    /// Inside the quotes of a JSON string.
    case jsonString
    /// A JSON value of its own.
    case jsonValue
    /// A name or value of a form.
    case form
    /// Text or an attribute's value in XML or HTML.
    case markup
    /// As it is: the format has no syntax to break.
    case plain
  }

  /// One part.
  enum Part: Sendable, Equatable {
    case literal(String)
    case name(String, Encoding)
  }

  /// Why a name cannot stand where it does.
  struct Problem: Error, Equatable {
    let message: String
    let range: Range<Int>
  }

  let parts: [Part]

  /// Decides how each name of `template` is encoded in a body of that media type (lower case, without
  /// parameters; nil where the request does not say).
  init(_ template: Template, mediaType: String?) throws(Problem) {
    let family = mediaType.flatMap(Family.init)
    var scanner = JSONStringScanner()
    var parts: [Part] = []
    for piece in template.pieces {
      switch piece {
      case .literal(let text):
        parts.append(.literal(text))
        scanner.read(text)
      case .name(let name, let range):
        switch family {
        case .json:
          guard !scanner.isEscaping else {
            throw Problem(message: "a backslash in front of '${\(name)}'", range: range)
          }
          parts.append(.name(name, scanner.isInString ? .jsonString : .jsonValue))
        case .form: parts.append(.name(name, .form))
        case .markup: parts.append(.name(name, .markup))
        case .plain: parts.append(.name(name, .plain))
        case nil:
          throw Problem(
            message: mediaType.map { "how '${\(name)}' is to be encoded in '\($0)' is not known" }
              ?? "without a Content-Type it is not known how '${\(name)}' is to be encoded", range: range)
        }
      }
    }
    self.parts = parts
  }

  /// The body with values put in.
  func bytes(_ value: (String) throws(StepFailure) -> FilledValue) throws(StepFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    for part in parts {
      switch part {
      case .literal(let text): bytes += text.utf8
      case .name(let name, let encoding): try value(name).append(to: &bytes, as: encoding)
      }
    }
    return bytes
  }

  /// Media types by how values are encoded in them; nil for those nobody here knows.
  enum Family {
    case json, form, markup, plain

    init?(_ mediaType: String) {
      switch mediaType {
      case "application/json", "application/x-ndjson", "application/jsonl", "text/json": self = .json
      case "application/x-www-form-urlencoded": self = .form
      case "application/xml", "text/xml", "text/html": self = .markup
      case "text/plain", "application/octet-stream": self = .plain
      default:
        if mediaType.hasSuffix("+json") {
          self = .json
        } else if mediaType.hasSuffix("+xml") {
          self = .markup
        } else {
          return nil
        }
      }
    }
  }
}

/// Tells whether a place in JSON text is inside a string.
private struct JSONStringScanner {
  var isInString = false
  var isEscaping = false

  mutating func read(_ text: String) {
    for byte in text.utf8 {
      if isEscaping {
        isEscaping = false
      } else if isInString, byte == UInt8(ascii: "\\") {
        isEscaping = true
      } else if byte == UInt8(ascii: "\"") {
        isInString.toggle()
      }
    }
  }
}

/// What a name stands for at the moment of sending.
enum FilledValue {
  case plain(JSONValue)
  case secret([UInt8])

  /// The bytes as they are.
  var bytes: [UInt8] {
    switch self {
    case .plain(let value): Array(value.plainText.utf8)
    case .secret(let bytes): bytes
    }
  }

  fileprivate func append(to body: inout [UInt8], as encoding: BodyTemplate.Encoding) {
    switch encoding {
    case .plain: body += bytes
    case .form: body += PercentEncoding.component(bytes).utf8
    case .markup:
      for byte in bytes {
        switch byte {
        case UInt8(ascii: "&"): body += "&amp;".utf8
        case UInt8(ascii: "<"): body += "&lt;".utf8
        case UInt8(ascii: ">"): body += "&gt;".utf8
        case UInt8(ascii: "\""): body += "&quot;".utf8
        case UInt8(ascii: "'"): body += "&#39;".utf8
        default: body.append(byte)
        }
      }
    case .jsonString:
      var quoted: [UInt8] = []
      JSONValue.writeString(String(decoding: bytes, as: UTF8.self), to: &quoted)
      body += quoted.dropFirst().dropLast()
    case .jsonValue:
      switch self {
      case .plain(let value): value.write(to: &body)
      case .secret(let bytes): JSONValue.writeString(String(decoding: bytes, as: UTF8.self), to: &body)
      }
    }
  }
}
