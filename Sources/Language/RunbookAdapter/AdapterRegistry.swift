public import RunbookDiagnostics
public import RunbookModel

/// The adapters there are, by language word, and the target types they bring.
public struct AdapterRegistry: Sendable {
  /// In the order of registration.
  public let adapters: [any Adapter]
  private let byLanguage: [String: Int]
  private let types: [String: any TargetType]

  /// A registry. Two adapters of one language or two target types of one name are a programming error.
  public init(_ adapters: [any Adapter]) {
    self.adapters = adapters
    byLanguage = Dictionary(
      uniqueKeysWithValues: adapters.enumerated().flatMap { index, adapter in
        adapter.languages.map { ($0, index) }
      })
    let all: [any TargetType] = adapters.flatMap(\.targetTypes) + [LocalTargetType()]
    types = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
  }

  /// All language words, sorted.
  public var languages: [String] { byLanguage.keys.sorted() }

  /// All target types, sorted by name.
  public var targetTypes: [any TargetType] { types.values.sorted { $0.name < $1.name } }

  /// The adapter of a language.
  public func adapter(for language: String) -> (any Adapter)? { byLanguage[language].map { adapters[$0] } }

  /// The target type of that name.
  public func targetType(named name: String) -> (any TargetType)? { types[name] }

  /// The target as prompts and logs show it, for example `postgres db (app@127.0.0.1:15432/app)`.
  public func summary(of target: Target) -> String {
    guard let type = types[target.type] else { return target.name }
    return target == .local
      ? type.summary(of: target) : "\(target.type) \(target.name) (\(type.summary(of: target)))"
  }

  /// Pure: the same call binds to the same thing when compiling, when planning and after resume.
  public func bind(_ call: AdapterCall, traits: StepTraits, names: NameTable) -> Binding {
    guard let adapter = adapter(for: call.language) else {
      preconditionFailure("only calls of registered languages are bound")
    }
    return open(adapter, call, traits, names)
  }

  private func open<A: Adapter>(
    _ adapter: A, _ call: AdapterCall, _ traits: StepTraits, _ names: NameTable
  ) -> Binding {
    var fields = FieldReader(call, traits: traits, names: names)
    let options = adapter.options(from: &fields)
    return Binding(
      call: options.map { BoundCall(adapter, $0) }, diagnostics: fields.diagnostics, uses: fields.uses,
      unknownFields: fields.remaining)
  }
}

/// What came of binding one call.
public struct Binding: Sendable {
  /// nil where at least one diagnostic is an error.
  public let call: BoundCall?
  /// What the adapter reported.
  public let diagnostics: [Diagnostic]
  /// Names the step uses.
  public let uses: [FieldReader.Use]
  /// Attributes the adapter did not take.
  public let unknownFields: [AdapterCall.Field]
}

/// One adapter with the options of one step: the one place of type erasure.
public struct BoundCall: Sendable {
  /// See `Adapter.effect(of:)`.
  public let effect: Effect.Claim
  /// See `Adapter.isEndless(_:)`.
  public let isEndless: Bool
  /// See `Adapter.summary(of:)`.
  public let summary: String
  /// See `Adapter.acceptedTargets`.
  public let acceptedTargets: [String]?
  /// See `Adapter.invocation(of:on:values:)`.
  public let invocation: @Sendable (_ target: Target, _ values: [String: Value]) -> String
  /// See `Adapter.problems(of:on:)`.
  public let problems: @Sendable (_ target: Target) -> [String]
  /// See `Adapter.rehearse(_:in:)`.
  public let rehearse: @concurrent @Sendable (StepContext) async throws(StepFailure) -> Rehearsal
  /// See `Adapter.perform(_:in:)`.
  public let perform: @concurrent @Sendable (StepContext) async throws(StepFailure) -> RawResult

  init<A: Adapter>(_ adapter: A, _ options: A.Options) {
    effect = adapter.effect(of: options)
    isEndless = adapter.isEndless(options)
    summary = adapter.summary(of: options)
    acceptedTargets = adapter.acceptedTargets
    invocation = { target, values in adapter.invocation(of: options, on: target, values: values) }
    problems = { target in adapter.problems(of: options, on: target) }
    rehearse = { context async throws(StepFailure) in try await adapter.rehearse(options, in: context) }
    perform = { context async throws(StepFailure) in try await adapter.perform(options, in: context) }
  }
}
