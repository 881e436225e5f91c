internal import RunbookAdapter
internal import RunbookDiagnostics
internal import RunbookModel

/// Reads a body in the `.http` form of the REST clients: comments, request line, query lines, headers, an empty
/// line, the request's own body.
struct RequestParser {
  /// One line of the step's body.
  private struct Line {
    let text: String
    let range: Range<Int>

    var isBlank: Bool { text.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d } }
    var isComment: Bool { text.hasPrefix("#") || text.hasPrefix("//") }
  }

  private var fields: FieldReader
  private var isValid = true
  private var lines: [Line] = []
  private var next = 0

  private init(_ fields: FieldReader) {
    self.fields = fields
    var start = 0
    let bytes = Array(fields.body.utf8)
    for end in bytes.indices where bytes[end] == 0x0a {
      lines.append(Line(text: String(decoding: bytes[start..<end], as: UTF8.self), range: start..<end))
      start = end + 1
    }
    if start < bytes.count {
      lines.append(Line(text: String(decoding: bytes[start...], as: UTF8.self), range: start..<bytes.count))
    }
  }

  /// Reads the step; nil after at least one error was reported.
  static func step(from fields: inout FieldReader) -> HTTPStep? {
    var parser = RequestParser(fields)
    let step = parser.step()
    fields = parser.fields
    return parser.isValid ? step : nil
  }

  // MARK: The parts

  private mutating func step() -> HTTPStep? {
    while next < lines.count, lines[next].isBlank || lines[next].isComment { next += 1 }
    guard next < lines.count else {
      report(.malformedBody, "a request is expected: 'GET /path'", 0..<fields.body.utf8.count)
      return nil
    }
    let line = lines[next]
    next += 1
    if line.text.hasPrefix("@") || line.text.hasPrefix("< {%") {
      report(
        .refusedStatement, "variables and scripts of REST clients are not read", line.range,
        notes: ["declare a parameter and write ${name}"])
      return nil
    }
    guard let head = requestLine(line) else { return nil }
    let headers = headerLines()
    let mediaType = headers.first { $0.name.lowercased() == "content-type" }.flatMap(mediaType)
    let body = body(mediaType: mediaType)
    return HTTPStep(
      method: head.method, location: head.location, resource: head.resource, version: head.version,
      fields: headers, body: body)
  }

  private mutating func headerLines() -> [HTTPStep.Field] {
    var result: [HTTPStep.Field] = []
    while next < lines.count, !lines[next].isBlank {
      let line = lines[next]
      next += 1
      if isSeparator(line) { continue }
      if line.isComment { continue }
      guard let colon = line.text.utf8.firstIndex(of: UInt8(ascii: ":")), colon > line.text.startIndex,
        line.text[..<colon].utf8.allSatisfy(isTokenByte)
      else {
        report(
          .malformedBody, "a header 'Name: value' or an empty line is expected", line.range,
          notes: ["an empty line separates the headers from the body"])
        continue
      }
      let name = String(line.text[..<colon])
      if ["content-length", "transfer-encoding"].contains(name.lowercased()) {
        report(.malformedBody, "'\(name)' follows from the body and is set for you", line.range)
        continue
      }
      let valueStart = line.text.utf8.distance(from: line.text.startIndex, to: colon) + 1
      let raw = Array(line.text.utf8)[valueStart...]
      let start = raw.firstIndex { $0 != 0x20 && $0 != 0x09 } ?? raw.endIndex
      let end = raw.lastIndex { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }.map { $0 + 1 } ?? start
      let offset = line.range.lowerBound + start
      let value = Template(String(decoding: raw[start..<end], as: UTF8.self), offset: offset)
      refuseForeignVariables(in: line)
      if raw[start..<end].contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7f }) {
        report(.malformedBody, "a control character in a header", line.range)
      }
      for use in value.names { fields.use(use.name, atBody: use.range) }
      result.append(HTTPStep.Field(name: name, value: value.pieces))
    }
    return result
  }

  private mutating func body(mediaType: String?) -> BodyTemplate? {
    while next < lines.count, lines[next].isBlank { next += 1 }
    guard next < lines.count else { return nil }
    for line in lines[next...] where line.text.hasPrefix("###") { _ = isSeparator(line) }
    let first = lines[next]
    if first.text.hasPrefix("< ") || first.text.hasPrefix("<@") {
      report(.refusedStatement, "a body from a file is not read here; write it out", first.range)
    }
    for line in lines[next...] where line.text.hasPrefix("> {%") || line.text.hasPrefix("> ./") {
      report(
        .refusedStatement, "a response handler is not run here", line.range,
        notes: ["say what must be true with 'expect', and what to keep with 'outputs'"])
    }
    let start = first.range.lowerBound
    var end = lines[lines.count - 1].range.upperBound
    let bytes = Array(fields.body.utf8)
    while end > start, bytes[end - 1] == 0x0a || bytes[end - 1] == 0x0d { end -= 1 }
    let template = Template(String(decoding: bytes[start..<end], as: UTF8.self), offset: start)
    for use in template.names { fields.use(use.name, atBody: use.range) }
    do throws(BodyTemplate.Problem) {
      let body = try BodyTemplate(template, mediaType: mediaType)
      if mediaType.flatMap(BodyTemplate.Family.init) == .json, mediaType?.contains("nd") == false {
        warnOfInvalidJSON(body, start..<end)
      }
      return body
    } catch {
      report(
        .misplacedName, error.message, error.range,
        notes: ["say 'Content-Type: application/json', a form, XML or text/plain"])
      return nil
    }
  }

  private mutating func warnOfInvalidJSON(_ body: BodyTemplate, _ range: Range<Int>) {
    let sample = body.parts.map { part in
      switch part {
      case .literal(let text): text
      case .name(_, .jsonString): "x"
      case .name: "0"
      }
    }.joined()
    do throws(JSONParseError) {
      _ = try JSONValue(parsing: sample)
    } catch {
      fields.report(.malformedBody, .warning, "the body is no JSON: \(error.message)", atBody: range)
    }
  }

  // MARK: The request line

  private struct Head {
    var method = "GET"
    var location = HTTPStep.Location.path
    var resource: [Template.Piece] = []
    var version: String?
  }

  private mutating func requestLine(_ line: Line) -> Head? {
    var head = Head()
    var words = words(of: line)
    guard let first = words.first else { return nil }
    if !first.text.hasPrefix("/"), !isAbsolute(first.text) {
      guard let method = method(first.text, first.range) else { return nil }
      head.method = method
      words.removeFirst()
    }
    if words.count > 1, let last = words.last, last.text.hasPrefix("HTTP/") {
      switch last.text {
      case "HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0":
        head.version = last.text == "HTTP/2.0" ? "2" : String(last.text.dropFirst(5))
      default:
        report(
          .malformedBody, "'\(last.text)' is not spoken here: HTTP/1.0, HTTP/1.1 or HTTP/2", last.range)
      }
      words.removeLast()
    }
    guard words.count == 1, let url = words.first else {
      let range = words.dropFirst().first?.range ?? line.range
      report(
        .malformedBody, words.isEmpty ? "a path is expected after the method" : "a space in a URL", range,
        notes: words.isEmpty ? [] : ["write it as %20"])
      return nil
    }
    refuseForeignVariables(in: line)
    return resource(url, into: head)
  }

  private mutating func resource(_ url: Line, into head: Head) -> Head? {
    var head = head
    var first = url
    if isAbsolute(url.text) {
      switch URLOrigin.split(url.text) {
      case .failure(let problem):
        report(.malformedBody, problem.message, url.range)
        return nil
      case .success((let origin, let rest)):
        head.location = .absolute(origin)
        let start = url.range.upperBound - rest.utf8.count
        first = Line(text: rest, range: start..<url.range.upperBound)
        if !rest.hasPrefix("/") { head.resource = [.literal("/")] }
      }
    } else if !url.text.hasPrefix("/") {
      report(.malformedBody, "a path begins with '/', a URL with 'http://' or 'https://'", url.range)
      return nil
    }
    append(first, to: &head.resource)
    while next < lines.count, !lines[next].isBlank, let more = continuation(lines[next]) {
      append(more, to: &head.resource)
      next += 1
    }
    return head
  }

  /// A query over several lines: indented, or beginning with '?' or '&'.
  private func continuation(_ line: Line) -> Line? {
    let bytes = Array(line.text.utf8)
    let start = bytes.firstIndex { $0 != 0x20 && $0 != 0x09 } ?? 0
    let end = bytes.lastIndex { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }.map { $0 + 1 } ?? start
    guard start > 0 || bytes.first == UInt8(ascii: "?") || bytes.first == UInt8(ascii: "&") else {
      return nil
    }
    let offset = line.range.lowerBound
    return Line(
      text: String(decoding: bytes[start..<end], as: UTF8.self), range: (offset + start)..<(offset + end))
  }

  private mutating func append(_ part: Line, to resource: inout [Template.Piece]) {
    let template = Template(part.text, offset: part.range.lowerBound)
    for piece in template.pieces {
      switch piece {
      case .literal(let text):
        if let offset = PercentEncoding.firstMisplacedByte(in: text) {
          let byte = Array(text.utf8)[offset]
          report(
            .malformedBody, "'\(String(decoding: [byte], as: UTF8.self))' may not stand in a URL",
            part.range,
            notes: [byte == UInt8(ascii: "#") ? "a fragment is never sent" : "write it percent-encoded"])
          return
        }
        resource.append(.literal(PercentEncoding.literal(text)))
      case .name(let name, let range):
        fields.use(name, atBody: range)
        if fields.names.isSecret(name) {
          report(
            .secretMisused, "'${\(name)}' is a secret, and a URL is written to logs on its way", range,
            notes: ["send it in a header or in the body"])
        }
        resource.append(piece)
      }
    }
  }

  private mutating func method(_ word: String, _ range: Range<Int>) -> String? {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
    if known.contains(word) { return word }
    let nearest = NearestName.match(word, among: known)
    if nearest == nil, word.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }),
      !["CONNECT", "GRAPHQL", "GRPC", "WEBSOCKET"].contains(word)
    {
      return word
    }
    report(
      .malformedBody, "'\(word)' is no method that can be sent", range,
      notes: nearest.map { ["did you mean '\($0)'?"] } ?? [])
    return nil
  }

  // MARK: Small things

  private func words(of line: Line) -> [Line] {
    let bytes = Array(line.text.utf8)
    var words: [Line] = []
    var index = 0
    while index < bytes.count {
      guard bytes[index] != 0x20, bytes[index] != 0x09, bytes[index] != 0x0d else {
        index += 1
        continue
      }
      let start = index
      while index < bytes.count, bytes[index] != 0x20, bytes[index] != 0x09, bytes[index] != 0x0d {
        index += 1
      }
      let offset = line.range.lowerBound
      words.append(
        Line(
          text: String(decoding: bytes[start..<index], as: UTF8.self),
          range: (offset + start)..<(offset + index)))
    }
    return words
  }

  private func isAbsolute(_ text: String) -> Bool {
    let lower = text.lowercased()
    return lower.hasPrefix("http://") || lower.hasPrefix("https://")
  }

  /// The media type without parameters; nil where a name is part of it.
  private func mediaType(_ field: HTTPStep.Field) -> String? {
    guard case .literal(let text)? = field.value.first, field.value.count == 1 else { return nil }
    let end = text.utf8.firstIndex { $0 == UInt8(ascii: ";") || $0 == 0x20 } ?? text.endIndex
    return String(text[..<end]).lowercased()
  }

  private mutating func isSeparator(_ line: Line) -> Bool {
    guard line.text.hasPrefix("###") else { return false }
    report(.refusedStatement, "a step is one request: '###' begins another one", line.range)
    return true
  }

  private mutating func refuseForeignVariables(in line: Line) {
    guard line.text.contains("{{"), line.text.contains("}}") else { return }
    report(
      .refusedStatement, "'{{…}}' is a variable of REST clients and would be sent as it is", line.range,
      notes: ["declare a parameter and write ${name}"])
  }

  private mutating func report(
    _ code: Diagnostic.Code, _ message: String, _ range: Range<Int>, notes: [String] = []
  ) {
    isValid = false
    fields.report(code, message, atBody: range, notes: notes)
  }
}

/// `tchar` of RFC 9110, section 5.6.2.
func isTokenByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}
