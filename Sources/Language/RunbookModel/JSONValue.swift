/// JSON that keeps the order of members and the exact text of numbers.
///
/// Numbers are text so that a `bigint` or a `numeric` passes through unrounded.
public indirect enum JSONValue: Sendable, Hashable {
  case null
  case boolean(Bool)
  /// The number as written, valid by RFC 8259.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// One member of an object.
  public struct Member: Sendable, Hashable {
    /// The name, unescaped.
    public let name: String
    /// The value.
    public let value: JSONValue

    /// A member.
    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// An integer as a JSON number.
  public static func integer(_ value: some BinaryInteger) -> Self { .number(String(value)) }

  /// The text, or null where there is none.
  public static func optional(_ text: String?) -> Self { text.map { .string($0) } ?? .null }

  /// The first member's value of that name; nil for anything but an object.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The text of a string, else nil.
  public var string: String? { if case .string(let text) = self { text } else { nil } }

  /// The value of an integral number that fits, else nil.
  public var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }

  /// The value of a boolean, else nil.
  public var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }

  /// The elements of an array, else nil.
  public var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }

  /// The members of an object in their order, else nil.
  public var members: [Member]? { if case .object(let members) = self { members } else { nil } }

  /// A string as it is, anything else as compact JSON: what `${name}` stands for.
  public var plainText: String { string ?? text }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(integerLiteral value: Int) { self = .number(String(value)) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
}
