/// Reads one JSON object member by member and refuses what is left over.
struct ObjectReader {
  /// Where the object stands, for errors.
  let path: String
  /// Members that were not taken, in their order.
  private(set) var rest: [JSONValue.Member]

  /// Wraps an object.
  init(_ value: JSONValue, at path: String) throws(PlanFormatError) {
    guard let members = value.members else {
      throw PlanFormatError(path: path, message: "an object is expected")
    }
    self.path = path
    rest = members
  }

  /// Refuses members nobody took.
  func finish() throws(PlanFormatError) {
    if let member = rest.first {
      throw PlanFormatError(path: path, message: "unknown member '\(member.name)'")
    }
  }

  /// The path of a member.
  func member(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// The error of a member that is not there.
  func missing(_ name: String) -> PlanFormatError {
    PlanFormatError(path: path, message: "member '\(name)' is missing")
  }

  /// Takes a member; nil where there is none.
  mutating func take(_ name: String) -> JSONValue? {
    guard let index = rest.firstIndex(where: { $0.name == name }) else { return nil }
    return rest.remove(at: index).value
  }

  /// A string.
  mutating func text(_ name: String) throws(PlanFormatError) -> String {
    guard let text = try optionalText(name) else { throw missing(name) }
    return text
  }

  /// A string, or nil where the member is absent.
  mutating func optionalText(_ name: String) throws(PlanFormatError) -> String? {
    guard let value = take(name) else { return nil }
    guard let text = value.string else {
      throw PlanFormatError(path: member(name), message: "a string is expected")
    }
    return text
  }

  /// An integer of 64 bits.
  mutating func integer(_ name: String) throws(PlanFormatError) -> Int {
    guard let integer = try optionalInteger(name) else { throw missing(name) }
    return integer
  }

  /// An integer, or nil where the member is absent.
  mutating func optionalInteger(_ name: String) throws(PlanFormatError) -> Int? {
    guard let value = take(name) else { return nil }
    guard let integer = value.integer else {
      throw PlanFormatError(path: member(name), message: "an integer is expected")
    }
    return integer
  }

  /// A boolean; false where the member is absent.
  mutating func flag(_ name: String) throws(PlanFormatError) -> Bool {
    guard let value = take(name) else { return false }
    guard let flag = value.boolean else {
      throw PlanFormatError(path: member(name), message: "true or false is expected")
    }
    return flag
  }

  /// One of an enumeration's words.
  mutating func word<Word: RawRepresentable<String>>(_ name: String) throws(PlanFormatError) -> Word {
    guard let word: Word = try optionalWord(name) else { throw missing(name) }
    return word
  }

  /// One of an enumeration's words, or nil where the member is absent.
  mutating func optionalWord<Word: RawRepresentable<String>>(
    _ name: String
  ) throws(PlanFormatError) -> Word? {
    guard let text = try optionalText(name) else { return nil }
    guard let word = Word(rawValue: text) else {
      throw PlanFormatError(path: member(name), message: "'\(text)' is none of the known words")
    }
    return word
  }

  /// The elements of a list with their paths; none where the member is absent.
  mutating func array(_ name: String) throws(PlanFormatError) -> [(path: String, value: JSONValue)] {
    guard let value = take(name) else { return [] }
    guard let values = value.array else {
      throw PlanFormatError(path: member(name), message: "a list is expected")
    }
    return values.enumerated().map { ("\(member(name))[\($0.offset)]", $0.element) }
  }

  /// A list of strings; empty where the member is absent.
  mutating func texts(_ name: String) throws(PlanFormatError) -> [String] {
    var texts: [String] = []
    for element in try array(name) {
      guard let text = element.value.string else {
        throw PlanFormatError(path: element.path, message: "a string is expected")
      }
      texts.append(text)
    }
    return texts
  }

  /// A nested object.
  mutating func object(_ name: String) throws(PlanFormatError) -> ObjectReader {
    guard let value = take(name) else { throw missing(name) }
    return try ObjectReader(value, at: member(name))
  }

  /// The members of a nested object; none where the member is absent.
  mutating func members(_ name: String) throws(PlanFormatError) -> [JSONValue.Member] {
    guard let value = take(name) else { return [] }
    return try ObjectReader(value, at: member(name)).rest
  }
}
