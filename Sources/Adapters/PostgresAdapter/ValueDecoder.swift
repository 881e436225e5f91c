import RunbookModel

/// An array type that is not built in: of an enum, a composite type, an extension's type.
struct ArrayType: Equatable, Sendable {
  /// Type of the elements.
  var element: UInt32
  /// What stands between them, `,` for all but `box`.
  var delimiter: UInt8
}

/// Turns a value's text, as the server writes it, into JSON without losing anything.
///
/// Integers and decimals that a double holds exactly are numbers, others strings, as are NaN and the
/// infinities. `json` is embedded. Points in time are written as RFC 3339 does (`2026-11-20T23:15:00+01:00`),
/// intervals as ISO 8601, `bytea` as `\x…`. What is not known stays the server's text.
struct ValueDecoder: Equatable, Sendable {
  private enum Form: Equatable, Sendable {
    case text, boolean, integer, decimal, float, json, moment
    indirect case array(Form, delimiter: UInt8)
  }

  private let form: Form

  /// A decoder for values of `type`, an OID of `pg_type`.
  init(type: UInt32, arrays: [UInt32: ArrayType] = [:]) {
    if let array = arrays[type] {
      form = .array(Self.scalar(array.element), delimiter: array.delimiter)
    } else if let element = Self.builtInArrays[type] {
      let delimiter = element == Self.box ? UInt8(ascii: ";") : UInt8(ascii: ",")
      form = .array(Self.scalar(element), delimiter: delimiter)
    } else {
      form = Self.scalar(type)
    }
  }

  /// Whether `type` may be an array that only the server's catalogue knows.
  static func isUnknown(_ type: UInt32) -> Bool { type >= 16_384 }

  private static let box: UInt32 = 603

  /// OIDs as `pg_type.dat` of PostgreSQL assigns them, for good.
  private static func scalar(_ type: UInt32) -> Form {
    switch type {
    case 16: .boolean
    case 20, 21, 23, 26, 28, 5069: .integer
    case 700, 701: .float
    case 1700: .decimal
    case 114, 3802: .json
    case 1114, 1184: .moment
    default: .text
    }
  }

  /// Array type to element type, `pg_type.typarray`.
  private static let builtInArrays: [UInt32: UInt32] = [
    143: 142, 199: 114, 271: 5069, 629: 628, 651: 650, 719: 718, 775: 774, 791: 790, 1000: 16, 1001: 17,
    1002: 18, 1003: 19, 1005: 21, 1006: 22, 1007: 23, 1008: 24, 1009: 25, 1010: 27, 1011: 28, 1012: 29,
    1013: 30, 1014: 1042, 1015: 1043, 1016: 20, 1017: 600, 1018: 601, 1019: 602, 1020: 603, 1021: 700,
    1022: 701, 1027: 604, 1028: 26, 1034: 1033, 1040: 829, 1041: 869, 1115: 1114, 1182: 1082,
    1183:
      1083, 1185: 1184, 1187: 1186, 1231: 1700, 1263: 2275, 1270: 1266, 1561: 1560, 1563: 1562,
    2201:
      1790, 2207: 2202, 2208: 2203, 2209: 2204, 2210: 2205, 2211: 2206, 2287: 2249, 2949: 2970,
    2951:
      2950, 3221: 3220, 3643: 3614, 3644: 3642, 3645: 3615, 3735: 3734, 3770: 3769, 3807: 3802,
    3905:
      3904, 3907: 3906, 3909: 3908, 3911: 3910, 3913: 3912, 3927: 3926, 4073: 4072, 4090: 4089,
    4097:
      4096, 4192: 4191, 5039: 5038, 6150: 4451, 6151: 4532, 6152: 4533, 6153: 4534, 6155: 4535,
    6157:
      4536,
  ]

  /// Whether a table shows it at the right.
  var isNumeric: Bool {
    switch form {
    case .integer, .decimal, .float: true
    case .text, .boolean, .json, .moment, .array: false
    }
  }

  /// The value as JSON.
  func json(_ bytes: ArraySlice<UInt8>) -> JSONValue { Self.json(bytes, form) }

  private static func json(_ bytes: ArraySlice<UInt8>, _ form: Form) -> JSONValue {
    let text = String(decoding: bytes, as: UTF8.self)
    switch form {
    case .text: return .string(text)
    case .boolean: return text == "t" ? true : text == "f" ? false : .string(text)
    case .integer, .decimal: return isExact(bytes) ? .number(text) : .string(text)
    case .float: return isFinite(bytes) ? .number(text) : .string(text)
    case .json: return (try? JSONValue(parsing: bytes)) ?? .string(text)
    case .moment: return .string(moment(text))
    case .array(let element, let delimiter):
      return ArrayLiteral.parse(bytes, delimiter: delimiter) { json($0, element) } ?? .string(text)
    }
  }

  /// Whether a double holds the decimal text: integers up to 2^53, fractions of up to 15 digits.
  private static func isExact(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard isFinite(bytes) else { return false }
    if bytes.contains(UInt8(ascii: ".")) {
      let digits = bytes.filter { $0 >= 0x30 && $0 <= 0x39 }.drop { $0 == 0x30 }
      return digits.count <= 15
    }
    guard let number = Int64(String(decoding: bytes, as: UTF8.self)) else { return false }
    return number.magnitude <= 1 << 53
  }

  /// NaN, Infinity and -Infinity begin no JSON number.
  private static func isFinite(_ bytes: ArraySlice<UInt8>) -> Bool {
    let digits = bytes.first == UInt8(ascii: "-") ? bytes.dropFirst() : bytes
    return digits.first.map { $0 >= 0x30 && $0 <= 0x39 } ?? false
  }

  /// `2026-11-20 23:15:00+01` as RFC 3339 writes it; `infinity` and years BC stay as they are.
  private static func moment(_ text: String) -> String {
    guard !text.hasSuffix("BC"), let space = text.firstIndex(of: " ") else { return text }
    let date = text[..<space]
    let time = text[text.index(after: space)...]
    guard let sign = time.lastIndex(where: { $0 == "+" || $0 == "-" }) else { return "\(date)T\(time)" }
    let zone = time[sign...]
    if zone == "+00" { return "\(date)T\(time[..<sign])Z" }
    return "\(date)T\(time)" + (zone.contains(":") ? "" : ":00")
  }
}
