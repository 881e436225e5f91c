import RunbookModel

/// Keeps events small: long texts move to blobs and leave their digest behind.
///
/// A text member `name` becomes `name_blob`, whose blob holds the text; an array becomes `name_json_blob`, whose
/// blob holds it as JSON. Members of objects inside arrays are treated the same way.
enum EventPacking {
  /// Texts up to this many bytes stay in the event.
  static let textLimit = 4096

  /// Packs `data` so that its compact JSON has at most `limit` bytes.
  ///
  /// Texts above `textLimit` always go; if that is not enough, ever shorter ones go too.
  ///
  /// - Parameter store: Makes a blob durable and tells its digest.
  static func pack(
    _ data: [JSONValue.Member], limit: Int, store: ([UInt8]) throws(AuditFailure) -> Digest
  ) throws(AuditFailure) -> [UInt8] {
    var value = JSONValue.object(data)
    var threshold = textLimit
    while threshold >= 80 {
      if needsPacking(value, threshold) { value = try pack(value, threshold, store) }
      let bytes = value.utf8
      if bytes.count <= limit { return bytes }
      threshold /= 2
    }
    throw .unavailable("an event does not fit into \(limit) bytes")
  }

  /// Puts every text back: the inverse of `pack`.
  static func unpack(
    _ value: JSONValue, load: (Digest) throws(AuditFailure) -> [UInt8]
  ) throws(AuditFailure) -> JSONValue {
    switch value {
    case .null, .boolean, .number, .string: return value
    case .array(let values):
      var unpacked: [JSONValue] = []
      for value in values { unpacked.append(try unpack(value, load: load)) }
      return .array(unpacked)
    case .object(let members):
      var unpacked: [JSONValue.Member] = []
      for member in members { unpacked.append(try unpack(member, load: load)) }
      return .object(unpacked)
    }
  }

  private static let textSuffix = "_blob"
  private static let jsonSuffix = "_json_blob"

  private static func unpack(
    _ member: JSONValue.Member, load: (Digest) throws(AuditFailure) -> [UInt8]
  ) throws(AuditFailure) -> JSONValue.Member {
    guard member.name.hasSuffix(textSuffix), let digest = member.value.string else {
      return JSONValue.Member(member.name, try unpack(member.value, load: load))
    }
    let bytes = try load(Digest(digest))
    guard member.name.hasSuffix(jsonSuffix) else {
      let name = String(member.name.dropLast(textSuffix.count))
      return JSONValue.Member(name, .string(String(decoding: bytes, as: UTF8.self)))
    }
    let name = String(member.name.dropLast(jsonSuffix.count))
    guard let value = try? JSONValue(parsing: bytes) else { throw .tampered("the blob \(digest) is no JSON") }
    return JSONValue.Member(name, value)
  }

  private static func needsPacking(_ value: JSONValue, _ threshold: Int) -> Bool {
    switch value {
    case .null, .boolean, .number: false
    case .string(let text): text.utf8.count > threshold
    case .array(let values):
      isPlain(values)
        ? values.reduce(0) { $0 + $1.utf8.count + 1 } > threshold
        : values.contains { needsPacking($0, threshold) }
    case .object(let members): members.contains { needsPacking($0.value, threshold) }
    }
  }

  private static func isPlain(_ values: [JSONValue]) -> Bool { values.allSatisfy { $0.members == nil } }

  private static func pack(
    _ value: JSONValue, _ threshold: Int, _ store: ([UInt8]) throws(AuditFailure) -> Digest
  ) throws(AuditFailure) -> JSONValue {
    switch value {
    case .null, .boolean, .number, .string: return value
    case .array(let values):
      var packed: [JSONValue] = []
      for value in values { packed.append(try pack(value, threshold, store)) }
      return .array(packed)
    case .object(let members):
      var packed: [JSONValue.Member] = []
      for member in members {
        switch member.value {
        case .string(let text) where text.utf8.count > threshold && !member.name.hasSuffix(textSuffix):
          packed.append(.init(member.name + textSuffix, .string(try store(Array(text.utf8)).rawValue)))
        case .array(let values) where isPlain(values) && needsPacking(member.value, threshold):
          packed.append(.init(member.name + jsonSuffix, .string(try store(member.value.utf8).rawValue)))
        case .null, .boolean, .number, .string, .array, .object:
          packed.append(.init(member.name, try pack(member.value, threshold, store)))
        }
      }
      return .object(packed)
    }
  }
}
