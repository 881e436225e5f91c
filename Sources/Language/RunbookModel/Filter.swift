public import RunbookDiagnostics

/// A jq filter that passed the scanner: brackets and strings balance, no comment, no forbidden word.
public struct Filter: Hashable, Sendable {
  /// The filter as the author wrote it.
  public let source: String
  /// Where it stands in the page; `0..<0` after reading a plan back.
  public let range: SourceRange

  /// Wraps a scanned filter.
  public init(_ source: String, at range: SourceRange = SourceRange(start: 0, end: 0)) {
    self.source = source
    self.range = range
  }

  public static func == (a: Self, b: Self) -> Bool { a.source == b.source }
  public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

/// Evaluates filters; implemented elsewhere so that neither compiler nor engine imports libjq.
public protocol FilterEvaluator: Sendable {
  /// All values the filter yields, in order, at most 10,000.
  ///
  /// - Parameters:
  ///   - input: The filter's `.`.
  ///   - variables: Values by name without `$`; names not among them do not compile.
  ///   - limit: Time after which the evaluation is ended; 2 s for steps.
  /// - Throws: `StepFailure` with reason `expectation` where the filter fails or does not end in time.
  func evaluate(
    _ filter: Filter, input: JSONValue, variables: [String: JSONValue], within limit: Duration
  ) async throws(StepFailure) -> [JSONValue]
}

/// Tells whether filters compile, without evaluating them.
public protocol FilterCompiler: Sendable {
  /// The filters that do not compile, by index, with jq's message and the bytes of the filter it is about, where
  /// that is known; empty where all compile.
  ///
  /// - Parameter variables: The names each filter may use, without `$`, by index as `filters`.
  func errors(
    in filters: [Filter], variables: [[String]]
  ) -> [(index: Int, message: String, range: Range<Int>?)]
}
