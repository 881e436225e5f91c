public import RunbookDiagnostics

/// The attributes of a fence, a task item or a heading.
public struct Attributes: Sendable, Hashable {
  /// Most attributes that are read in one place.
  static let limit = 128

  /// The braces or the comment they were written in.
  public internal(set) var range: SourceRange
  /// `#id`.
  public internal(set) var id: SourceName?
  /// `.class`, in order, each once.
  public internal(set) var classes: [SourceName]
  /// `key=value`, bare names, and option lines, in order; no name is there twice.
  public internal(set) var values: [Attribute]

  /// No attributes yet, written at `range`.
  public init(range: SourceRange, id: SourceName? = nil, classes: [SourceName] = [], values: [Attribute] = [])
  {
    self.range = range
    self.id = id
    self.classes = classes
    self.values = values
  }

  /// The attribute called `name`.
  public subscript(name: String) -> Attribute? {
    values.first { $0.name.text == name }
  }

  /// Whether `.name` is among the classes.
  public func hasClass(_ name: String) -> Bool {
    classes.contains { $0.text == name }
  }

  /// Whether there is no room for another attribute.
  var isFull: Bool { values.count >= Self.limit }

  /// Adds an attribute.
  ///
  /// - Returns: What to report if it is there already, and the first one stays, or if there is no room.
  mutating func add(_ attribute: Attribute) -> Diagnostic? {
    if isFull { return .tooManyAttributes(limit: Self.limit, at: attribute.name.range) }
    for value in values where value.name.text == attribute.name.text {
      return .duplicateAttribute(attribute.name)
    }
    if values.isEmpty { values.reserveCapacity(4) }
    values.append(attribute)
    return nil
  }
}

/// One attribute.
public struct Attribute: Sendable, Hashable {
  /// Its name.
  public let name: SourceName
  /// Its value: text if it was written in an attribute list, any YAML if it was written in an option line. A bare
  /// name has the value `true`, whose style is `.implied`.
  public let value: YAMLNode

  /// An attribute as it was written.
  public init(name: SourceName, value: YAMLNode) {
    self.name = name
    self.value = value
  }
}
