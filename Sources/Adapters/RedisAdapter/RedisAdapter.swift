public import RunbookAdapter
public import RunbookModel

/// Sends commands to Redis, each word as exactly one argument, by hiredis and RESP2.
public struct RedisAdapter: Adapter {
  /// It keeps no state: every attempt has a connection of its own.
  public init() {}

  public var languages: [String] { ["redis"] }
  public var targetTypes: [any TargetType] { [RedisTargetType()] }
  public var acceptedTargets: [String]? { [RedisTargetType.name] }

  public func options(from fields: inout FieldReader) -> RedisOptions? { RedisOptions.read(from: &fields) }

  public func effect(of options: RedisOptions) -> Effect.Claim { options.claim }

  public func summary(of options: RedisOptions) -> String {
    let first = options.commands.first.map { Self.line($0, [:]) } ?? ""
    let text = first.count <= 72 ? first : first.prefix(71) + "…"
    let rest = options.commands.count - 1
    return "send `\(text)`" + (rest > 0 ? " and \(rest) more" : "")
  }

  public func invocation(of options: RedisOptions, on target: Target, values: [String: Value]) -> String {
    options.commands.map { Self.line($0, values) }.joined(separator: "\n")
  }

  @concurrent public func rehearse(
    _ options: RedisOptions, in context: StepContext
  ) async throws(StepFailure) -> Rehearsal {
    try await RedisSession(options: options, context: context).rehearse()
  }

  @concurrent public func perform(
    _ options: RedisOptions, in context: StepContext
  ) async throws(StepFailure) -> RawResult {
    try await RedisSession(options: options, context: context).perform()
  }

  /// A command as redis-cli would take it: words that hold more than plain characters are quoted.
  private static func line(_ command: RedisCommand, _ values: [String: Value]) -> String {
    command.words.map { quoted($0.displayText(values)) }.joined(separator: " ")
  }

  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...:
        true
      default: "-_.:/@*{}$,+=[]?".utf8.contains(byte)
      }
    }
    return isPlain && !word.isEmpty ? word : ReplyText.quoted(word)
  }
}
