public import RunbookModel

/// A bridge from one kind of step to one outside system.
///
/// An adapter decides how to do a thing, never whether: order, confirmation, dry run and audit are the engine's.
public protocol Adapter<Options>: Sendable {
  /// What one step means to this adapter, decoded and validated.
  associatedtype Options: Sendable & Equatable

  /// The words after a fence that select this adapter.
  var languages: [String] { get }

  /// The target types it brings; none where it acts on what others bring.
  var targetTypes: [any TargetType] { get }

  /// Names of target types that `on` may have; nil: any, and `local` where `on` is left out.
  var acceptedTargets: [String]? { get }

  /// Attributes of its own, beside those every step has.
  var attributes: [AttributeSchema] { get }

  /// Reads and validates one step; `nil` after at least one error was reported to `fields`. Pure: a plan binds
  /// again by it.
  func options(from fields: inout FieldReader) -> Options?

  /// Whether performing it can change the outside system, `known` or `assumed`; computed without contacting
  /// the target.
  func effect(of options: Options) -> Effect.Claim

  /// Whether it does not end by itself (`logs -f`) and so wants `for` or `interactive`.
  func isEndless(_ options: Options) -> Bool

  /// What `perform` would do, in one imperative sentence, with secrets masked. Pure.
  func summary(of options: Options) -> String

  /// The exact program, SQL, request or subcommand that would be sent, with plain values put in and secrets
  /// masked. Pure; several lines where the thing has several.
  func invocation(of options: Options, on target: Target, values: [String: Value]) -> String

  /// Why a step does not fit the target it is bound to, lower case; empty where it does. Pure: the compiler
  /// asks as soon as the environment is known.
  func problems(of options: Options, on target: Target) -> [String]

  /// Proves what can be proved without changing anything.
  ///
  /// - Throws: `StepFailure` where a proof failed: a run would not get past here if nothing changed before.
  @concurrent func rehearse(
    _ options: Options, in context: StepContext
  ) async throws(StepFailure) -> Rehearsal

  /// Does the work.
  ///
  /// - Throws: `StepFailure` where there is no result to judge; it says whether an effect is possible.
  @concurrent func perform(_ options: Options, in context: StepContext) async throws(StepFailure) -> RawResult
}

extension Adapter {
  public var targetTypes: [any TargetType] { [] }
  public var attributes: [AttributeSchema] { [] }
  public func isEndless(_ options: Options) -> Bool { false }
  public func problems(of options: Options, on target: Target) -> [String] { [] }
}

/// An attribute that one adapter understands.
public struct AttributeSchema: Sendable, Hashable {
  /// The key.
  public let name: String
  /// What it does, in one line.
  public let summary: String

  /// An attribute.
  public init(_ name: String, _ summary: String) {
    self.name = name
    self.summary = summary
  }
}

/// Unmasked and in memory only; `expect`, `outputs` and `mask` see it, then the redactor makes a `StepResult`.
public struct RawResult: Sendable {
  /// The adapter's members, without `status`, `error` and `duration_ms`, which the engine adds.
  public var members: [JSONValue.Member]
  /// Why this is no success by the adapter's own idea; judged only where the step has no `expect`.
  public var failure: StepFailure?
  /// Values for declared outputs that the step itself wrote (`$RUNBOOK_OUTPUT`), by name.
  public var outputs: [String: String]
  /// Processes that outlived the step: pid and name.
  public var survivors: [String]

  /// A result.
  public init(
    _ members: [JSONValue.Member], failure: StepFailure? = nil, outputs: [String: String] = [:],
    survivors: [String] = []
  ) {
    self.members = members
    self.failure = failure
    self.outputs = outputs
    self.survivors = survivors
  }
}

/// What a rehearsal proved.
public enum Rehearsal: Sendable, Equatable {
  /// All that can be proved was; the text says what, in one line.
  case verified(String)
  /// Nothing short of running it would tell; the text says why.
  case unverifiable(String)
  /// It cannot work, whatever the steps before it do; the text says why.
  case refuted(String)
}
