public import RunbookAdapter
public import RunbookModel

/// Runs one SQL statement a step against PostgreSQL, by libpq.
///
/// A step confirmed as a read runs in a READ ONLY transaction that is rolled back, any other in a transaction
/// of its own, unless `transaction=off`. Names are bound as parameters of unknown type, so that the server
/// infers it from the context: write `${id}::bigint` where it cannot.
public struct PostgresAdapter: Adapter {
  /// It keeps no state: every attempt has a connection of its own.
  public init() {}

  public var languages: [String] { ["sql"] }
  public var targetTypes: [any TargetType] { [PostgresTargetType()] }
  public var acceptedTargets: [String]? { [PostgresTargetType.name] }
  public var attributes: [AttributeSchema] {
    [AttributeSchema("transaction", "'off' runs the statement outside a transaction, as VACUUM needs it")]
  }

  public func options(from fields: inout FieldReader) -> PostgresOptions? {
    PostgresOptions.read(from: &fields)
  }

  public func effect(of options: PostgresOptions) -> Effect.Claim { options.classification.claim }

  public func summary(of options: PostgresOptions) -> String { "run `\(options.excerpt)`" }

  /// The statement as it is sent, and below it the parameters as SQL literals.
  public func invocation(of options: PostgresOptions, on target: Target, values: [String: Value]) -> String {
    let parameters = options.statement.names.enumerated().map { index, name in
      "-- $\(index + 1) = \(Self.literal(values[name], name: name))"
    }
    return ([options.statement.text] + parameters).joined(separator: "\n")
  }

  public func problems(of options: PostgresOptions, on target: Target) -> [String] {
    guard PostgresTargetType.isSimple(target) else { return [] }
    return options.statement.names.map {
      "'${\($0)}' cannot be bound: target '\(target.name)' has the simple protocol, which knows no parameters"
    }
  }

  @concurrent public func rehearse(
    _ options: PostgresOptions, in context: StepContext
  ) async throws(StepFailure) -> Rehearsal {
    try await PostgresSession(options: options, context: context).rehearse()
  }

  @concurrent public func perform(
    _ options: PostgresOptions, in context: StepContext
  ) async throws(StepFailure) -> RawResult {
    try await PostgresSession(options: options, context: context).perform()
  }

  /// A value as an SQL literal on one line, at most 200 characters of it.
  private static func literal(_ value: Value?, name: String) -> String {
    guard let value else { return "${\(name)}" }
    guard let text = value.plainText else { return value.displayText }
    if value == .plain(.null) { return "NULL" }
    var hasEscape = false
    var literal = ""
    for scalar in text.unicodeScalars.prefix(200) {
      switch scalar {
      case "'": literal += "''"
      case "\\":
        literal += "\\\\"
        hasEscape = true
      case "\n", "\r", "\t", "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        hasEscape = true
      default: literal.unicodeScalars.append(scalar)
      }
    }
    let rest = text.unicodeScalars.count > 200 ? "… (\(text.utf8.count) bytes)" : ""
    return (hasEscape ? "E'" : "'") + literal + "'" + rest
  }
}
