internal import HTTPTransport
internal import RunbookAdapter
internal import RunbookModel

/// A step's request with its target and all values put in.
struct RenderedRequest {
  let method: String
  let url: String
  let fields: [HTTPRequest.Field]
  let body: [UInt8]?

  /// Puts `step` together.
  ///
  /// - Parameters:
  ///   - value: What a name of the page stands for.
  ///   - open: The bytes of a setting's value.
  /// - Throws: `StepFailure` with reason `spawn` where a value cannot be sent as the request wants it;
  ///   nothing was sent then.
  init(
    _ step: HTTPStep, on target: HTTPTarget, value: (String) throws(StepFailure) -> FilledValue,
    open: (Value) throws(StepFailure) -> [UInt8]
  ) throws(StepFailure) {
    method = step.method
    url = try Self.url(step, on: target, value: value)
    var fields: [HTTPRequest.Field] = []
    let own = Set(step.fields.map { $0.name.lowercased() })
    if !own.contains("authorization"), let authorization = try target.authorization(open) {
      fields.append(try Self.field("Authorization", authorization))
    }
    for header in target.headers where !own.contains(header.name.lowercased()) {
      fields.append(try Self.field(header.name, try open(header.value)))
    }
    for field in step.fields {
      var bytes: [UInt8] = []
      for piece in field.value {
        switch piece {
        case .literal(let text): bytes += text.utf8
        case .name(let name, _): bytes += try value(name).bytes
        }
      }
      fields.append(try Self.field(field.name, bytes))
    }
    self.fields = fields
    body = try step.body?.bytes(value)
  }

  private static func url(
    _ step: HTTPStep, on target: HTTPTarget, value: (String) throws(StepFailure) -> FilledValue
  ) throws(StepFailure) -> String {
    if case .absolute(let origin) = step.location, origin != target.base.origin {
      throw StepFailure(
        .spawn, "\(origin.text) is not the target's \(target.base.origin.text); nothing was sent",
        effectIsPossible: false)
    }
    var resource = ""
    for piece in step.resource {
      switch piece {
      case .literal(let text): resource += text
      case .name(let name, _):
        switch try value(name) {
        case .secret:
          throw StepFailure(
            .spawn, "'\(name)' is a secret and does not belong in a URL; nothing was sent",
            effectIsPossible: false)
        case .plain(let value): resource += PercentEncoding.component(value.plainText.utf8)
        }
      }
    }
    let path = resource.split(separator: "?", maxSplits: 1).first ?? ""
    guard step.resource.count == 1 || !path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
    else {
      throw StepFailure(
        .spawn, "a value makes '.' or '..' a part of the path '\(path)'; nothing was sent",
        effectIsPossible: false)
    }
    switch step.location {
    case .path: return target.base.origin.text + target.base.prefix + resource
    case .absolute: return target.base.origin.text + resource
    }
  }

  private static func field(_ name: String, _ value: [UInt8]) throws(StepFailure) -> HTTPRequest.Field {
    guard !value.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7f }) else {
      throw StepFailure(
        .spawn,
        "the value of header '\(name)' holds a line end or another control character; nothing was sent",
        effectIsPossible: false)
    }
    // Space at the ends is no part of a value (RFC 9110, section 5.5).
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    let start = value.firstIndex { !isSpace($0) } ?? value.endIndex
    let end = value.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
    return HTTPRequest.Field(name, Array(value[start..<end]))
  }
}

extension StepContext {
  /// The bytes of a value; a secret is opened.
  func bytes(of value: Value) throws(StepFailure) -> [UInt8] {
    switch value {
    case .plain(let plain): Array(plain.plainText.utf8)
    case .secret(let secret): try secrets.withBytes(of: secret) { Array($0) }
    }
  }

  /// What a name stands for; the compiler has seen to it that it stands for something.
  func filled(_ name: String) throws(StepFailure) -> FilledValue {
    switch values[name] {
    case .plain(let value)?: .plain(value)
    case .secret(let secret)?: .secret(try secrets.withBytes(of: secret) { Array($0) })
    case nil: throw StepFailure(.internal, "nothing is known of '${\(name)}'", effectIsPossible: false)
    }
  }
}
