public import RunbookDiagnostics

/// One adapter step as the author wrote it, with every name resolved; decoded again by its adapter when bound.
public struct AdapterCall: Hashable, Sendable {
  /// One attribute that only the adapter understands.
  public struct Field: Hashable, Sendable {
    /// The attribute's key.
    public let name: String
    /// A string from the fence line; any YAML shape from an option line, scalars as strings.
    public let value: JSONValue
    /// Where the value stands.
    public let range: SourceRange

    /// A field; `range` is `0..<0` after reading a plan back.
    public init(name: String, value: JSONValue, range: SourceRange) {
      self.name = name
      self.value = value
      self.range = range
    }

    public static func == (a: Self, b: Self) -> Bool { a.name == b.name && a.value == b.value }
    public func hash(into hasher: inout Hasher) {
      hasher.combine(name)
      hasher.combine(value)
    }
  }

  /// The fence's first word, for example `bash`.
  public let language: String
  /// Attributes of the adapter's own, in source order.
  public let fields: [Field]
  /// The body without option lines and container indentation, with LF line ends.
  public let body: String
  /// Where body bytes come from; positions only, no part of the call's identity.
  public let origin: BodyOrigin

  /// A call.
  public init(language: String, fields: [Field], body: String, origin: BodyOrigin = .none) {
    self.language = language
    self.fields = fields
    self.body = body
    self.origin = origin
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.language == b.language && a.fields == b.fields && a.body == b.body
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(language)
    hasher.combine(fields)
    hasher.combine(body)
  }
}

/// Maps byte offsets of a body to the page: a body in a list or a quote lost its indentation.
public struct BodyOrigin: Sendable, Hashable {
  /// One run of bytes that stand in the same order in both.
  public struct Segment: Sendable, Hashable {
    /// Offset in the body.
    public let body: Int
    /// Offset in the page.
    public let source: Int

    /// A run that starts at both offsets.
    public init(body: Int, source: Int) {
      self.body = body
      self.source = source
    }
  }

  /// Sorted by body offset; the first is at 0.
  public let segments: [Segment]

  /// A map; `segments` sorted by body offset.
  public init(segments: [Segment]) { self.segments = segments }

  /// No map: every position is the start of the page. For plans read back.
  public static let none = BodyOrigin(segments: [])

  /// The page's range for a range of the body.
  public func range(_ range: Range<Int>) -> SourceRange {
    let start = source(range.lowerBound)
    let end = range.isEmpty ? start : source(range.upperBound - 1) + 1
    return SourceRange(start: start, end: max(start, end))
  }

  private func source(_ offset: Int) -> Int {
    var low = 0
    var high = segments.count
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].body <= offset { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return 0 }
    return segments[low - 1].source + offset - segments[low - 1].body
  }
}
