import CHiredis
import RunbookModel

/// What the server answered.
indirect enum RedisReply: Equatable, Sendable {
  case null
  case integer(Int64)
  /// A simple string, for example `OK`.
  case status(String)
  case bulk([UInt8])
  case array([RedisReply])
  /// `WRONGTYPE Operation against …`.
  case error(String)

  /// Copies a reply of hiredis.
  init(_ reply: redisReply) {
    func bytes() -> [UInt8] {
      guard let text = reply.str else { return [] }
      return Array(UnsafeRawBufferPointer(start: text, count: reply.len))
    }
    switch reply.type {
    case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
    case REDIS_REPLY_STATUS: self = .status(String(decoding: bytes(), as: UTF8.self))
    case REDIS_REPLY_ERROR: self = .error(String(decoding: bytes(), as: UTF8.self))
    case REDIS_REPLY_STRING: self = .bulk(bytes())
    case REDIS_REPLY_ARRAY:
      self = .array((0..<reply.elements).compactMap { reply.element[$0].map { RedisReply($0.pointee) } })
    default: self = .null
    }
  }

  /// The text of a status or of a bulk string that is UTF-8, else nil.
  var text: String? {
    switch self {
    case .status(let text): text
    case .bulk(let bytes): String(validating: bytes, as: UTF8.self)
    case .null, .integer, .array, .error: nil
    }
  }
}

/// Makes JSON of replies up to a limit of bytes.
///
/// Integers that a double holds exactly are numbers, others strings. A bulk string that is no UTF-8 is an
/// object `{"base64": "…"}`, an error inside an array is `{"error": "…"}`.
struct ReplyEncoder {
  private var left: Int
  /// Whether something was left out.
  private(set) var isTruncated = false

  /// An encoder for about `limit` bytes of JSON.
  init(limit: Int) { left = limit }

  /// The reply as JSON; an array ends where the limit is reached, and a string beyond it is null.
  mutating func json(_ reply: RedisReply) -> JSONValue {
    switch reply {
    case .null: return take(.null, 4)
    case .integer(let number):
      let isExact = number.magnitude <= 1 << 53
      return take(isExact ? .integer(number) : .string(String(number)), 20)
    case .status(let text): return take(.string(text), text.utf8.count + 2)
    case .bulk(let bytes):
      if let text = String(validating: bytes, as: UTF8.self) { return take(.string(text), bytes.count + 2) }
      return take(.object([.init("base64", .string(Base64.encode(bytes)))]), bytes.count * 4 / 3 + 14)
    case .error(let text): return take(.object([.init("error", .string(text))]), text.utf8.count + 12)
    case .array(let elements):
      left -= 2
      var values: [JSONValue] = []
      for element in elements {
        guard left > 0 else {
          isTruncated = true
          break
        }
        values.append(json(element))
        left -= 1
      }
      return .array(values)
    }
  }

  private mutating func take(_ value: JSONValue, _ weight: Int) -> JSONValue {
    left -= weight
    guard left < 0 else { return value }
    isTruncated = true
    return .null
  }
}
