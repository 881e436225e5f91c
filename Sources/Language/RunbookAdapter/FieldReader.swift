public import RunbookDiagnostics
public import RunbookModel

/// What an adapter reads one step from: its own attributes, the body, and the names the page defines.
///
/// It collects what the adapter reports: diagnostics with positions, and every name the body uses.
public struct FieldReader: Sendable {
  /// One `${name}` in a body or an attribute.
  public struct Use: Sendable, Hashable {
    /// The name without `${}`.
    public let name: String
    /// Where it stands in the page.
    public let range: SourceRange
  }

  /// The fence's language word.
  public let language: String
  /// The body.
  public let body: String
  /// What every step may say and some adapters mind.
  public let traits: StepTraits
  /// The names the page defines; empty sets when a plan binds again, where all were checked before.
  public let names: NameTable
  /// Errors and warnings so far.
  public private(set) var diagnostics: [Diagnostic] = []
  /// Names used so far.
  public private(set) var uses: [Use] = []

  private var fields: [AdapterCall.Field]
  private let origin: BodyOrigin

  /// Reads `call`.
  public init(_ call: AdapterCall, traits: StepTraits, names: NameTable) {
    language = call.language
    body = call.body
    fields = call.fields
    origin = call.origin
    self.traits = traits
    self.names = names
  }

  /// The attribute of that name, at most once; what is not taken is reported as unknown by the compiler.
  public mutating func take(_ name: String) -> AdapterCall.Field? {
    guard let index = fields.firstIndex(where: { $0.name == name }) else { return nil }
    return fields.remove(at: index)
  }

  /// Attributes nobody took.
  public var remaining: [AdapterCall.Field] { fields }

  /// The page's range of a byte range of the body.
  public func range(ofBody range: Range<Int>) -> SourceRange { origin.range(range) }

  /// Reports an error at a byte range of the body.
  public mutating func report(
    _ code: Diagnostic.Code, _ message: String, atBody range: Range<Int>, notes: [String] = []
  ) {
    report(code, .error, message, atBody: range, notes: notes)
  }

  /// Reports a problem at a byte range of the body.
  public mutating func report(
    _ code: Diagnostic.Code, _ severity: Diagnostic.Severity, _ message: String, atBody range: Range<Int>,
    notes: [String] = []
  ) {
    diagnostics.append(Diagnostic(code, severity, message, at: origin.range(range), notes: notes))
  }

  /// Reports an error in an attribute.
  public mutating func report(
    _ code: Diagnostic.Code, _ message: String, at field: AdapterCall.Field, notes: [String] = []
  ) {
    diagnostics.append(Diagnostic(code, .error, message, at: field.range, notes: notes))
  }

  /// Notes that the body uses `name`; the compiler reports it where it is undefined or comes too early.
  public mutating func use(_ name: String, atBody range: Range<Int>) {
    uses.append(Use(name: name, range: origin.range(range)))
  }

  /// Notes that an attribute uses `name`.
  public mutating func use(_ name: String, at range: SourceRange) {
    uses.append(Use(name: name, range: range))
  }
}

/// Attributes of every step that some adapters mind.
public struct StepTraits: Sendable, Hashable {
  /// `interactive`.
  public var isInteractive: Bool
  /// Whether `for` is given.
  public var hasDuration: Bool
  /// `effect`, where the author declared one.
  public var declaredEffect: Effect?
  /// Names under `outputs`.
  public var outputs: [String]

  /// Traits.
  public init(
    isInteractive: Bool = false, hasDuration: Bool = false, declaredEffect: Effect? = nil,
    outputs: [String] = []
  ) {
    self.isInteractive = isInteractive
    self.hasDuration = hasDuration
    self.declaredEffect = declaredEffect
    self.outputs = outputs
  }

  /// The traits of a step that is compiled already.
  public init(_ step: Step) {
    self.init(
      isInteractive: step.isInteractive, hasDuration: step.durationMilliseconds != nil,
      declaredEffect: step.effectSource == .declared ? step.effect : nil, outputs: step.outputs.map(\.name))
  }
}

/// The names a page defines, for `${name}`.
public struct NameTable: Sendable, Hashable {
  /// What a name is.
  public enum Kind: Sendable, Hashable {
    case parameter(ParameterType.Kind)
    case output(isSecret: Bool)
    case answer
    case builtIn
  }

  /// All of them.
  public let kinds: [String: Kind]

  /// A table.
  public init(_ kinds: [String: Kind] = [:]) { self.kinds = kinds }

  /// Whether `name` stands for a secret.
  public func isSecret(_ name: String) -> Bool {
    switch kinds[name] {
    case .parameter(.secret), .output(isSecret: true): true
    case .parameter, .output, .answer, .builtIn, nil: false
    }
  }

  /// Whether the page defines `name`.
  public func contains(_ name: String) -> Bool { kinds[name] != nil }
}
