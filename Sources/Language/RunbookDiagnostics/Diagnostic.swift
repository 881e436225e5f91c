/// One thing an author should know about a source file: a mistake, a doubt or a remark.
public struct Diagnostic: Sendable, Hashable, Error {
  /// How much it matters.
  public enum Severity: String, Sendable, Hashable, CaseIterable {
    /// The file cannot be used.
    case error
    /// The file can be used, and probably does not do what was meant; an error under `--strict`.
    case warning
    /// Worth knowing; an error under `--strict` only where the language says so.
    case note
  }

  /// What kind of thing it is, stable over versions.
  public var code: Code
  /// How much it matters.
  public var severity: Severity
  /// What was found and what was expected: lower case, no full stop, names in 'single quotes'.
  public var message: String
  /// The bytes it is about, in the file it was found in.
  public var range: SourceRange
  /// What to do about it, each a sentence in the form of `message`.
  public var notes: [String]

  /// Creates a diagnostic about `range` of the file that is being read.
  public init(
    _ code: Code, _ severity: Severity, _ message: String, at range: SourceRange, notes: [String] = []
  ) {
    self.code = code
    self.severity = severity
    self.message = message
    self.range = range
    self.notes = notes
  }
}

extension Sequence<Diagnostic> {
  /// Whether one of them keeps the file from being used.
  public var hasErrors: Bool { contains { $0.severity == .error } }

  /// In the order of the source, so that the output does not depend on the order of the checks.
  public func inSourceOrder() -> [Diagnostic] {
    sorted {
      ($0.range.start, $0.range.end, $0.code.rawValue, $0.message)
        < ($1.range.start, $1.range.end, $1.code.rawValue, $1.message)
    }
  }
}
