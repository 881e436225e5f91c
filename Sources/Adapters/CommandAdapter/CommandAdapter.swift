public import RunbookAdapter
public import RunbookModel

/// Runs scripts: `bash`, `sh` and `python`, handed to their interpreter by descriptor, never by text.
public struct CommandAdapter: Adapter {
  /// It keeps no state.
  public init() {}

  public var languages: [String] { CommandLanguage.allCases.map(\.rawValue) }
  public var acceptedTargets: [String]? { nil }
  public var attributes: [AttributeSchema] {
    [
      AttributeSchema("env", "variables of the step: a list of names, or a mapping of names to texts"),
      AttributeSchema("cwd", "directory to run in, relative to the repository root"),
    ]
  }

  public func options(from fields: inout FieldReader) -> CommandOptions? {
    CommandOptions.read(from: &fields)
  }

  /// No judgement: a script can do anything.
  public func effect(of options: CommandOptions) -> Effect.Claim { Effect.Claim(.write, isKnown: false) }

  public func summary(of options: CommandOptions) -> String {
    let lines = options.script.utf8.split(separator: UInt8(ascii: "\n")).filter {
      $0.first != UInt8(ascii: "#") && !$0.allSatisfy { $0 <= UInt8(ascii: " ") }
    }
    guard let first = lines.first.map(Substring.init) else {
      return "run an empty \(options.language.rawValue) script"
    }
    return lines.count == 1
      ? "run `\(first)` in \(options.language.rawValue)"
      : "run a \(options.language.rawValue) script of \(lines.count) lines"
  }

  public func invocation(of options: CommandOptions, on target: Target, values: [String: Value]) -> String {
    var lines = ["# \(options.language.displayName)"]
    if let directory = options.directory {
      lines[0] += ", in \(ShownValue.text(directory.displayText(values)))"
    }
    for name in options.mentioned {
      if let value = values[name] { lines.append("# \(name)=\(ShownValue.text(value))") }
    }
    for variable in options.variables {
      lines.append("# \(variable.name)=\(ShownValue.text(variable.value.displayText(values)))")
    }
    return lines.joined(separator: "\n") + "\n" + options.script
  }

  @concurrent public func rehearse(
    _ options: CommandOptions, in context: StepContext
  ) async throws(StepFailure) -> Rehearsal {
    try await CommandRehearsal(options: options, context: context).prove()
  }

  @concurrent public func perform(
    _ options: CommandOptions, in context: StepContext
  ) async throws(StepFailure) -> RawResult {
    let outputs = try context.declaredOutputs.isEmpty ? nil : OutputFile()
    var request = try options.request(in: context)
    if let outputs { request.environment.append(("RUNBOOK_OUTPUT", .text(outputs.path))) }
    let result = try await context.processes.run(request, in: context)
    switch result.cause {
    case .deadline:
      throw StepFailure(.timeout, "not finished in time; its process tree was ended", effectIsPossible: true)
    case .interrupt:
      throw StepFailure(.cancelled, "interrupted; its process tree was ended", effectIsPossible: true)
    case .itself, .duration: break
    }
    var raw = RawResult(Self.members(of: result), survivors: result.survivors)
    switch result.end {
    case .supervisorLost:
      throw StepFailure(
        .internal, "the supervisor died, and with it what was known of the step", effectIsPossible: true)
    case .exited(0): break
    case .exited(let code):
      raw.failure = StepFailure(.exit, options.explanation(ofExit: code), effectIsPossible: true)
    case .signaled(let signal):
      if result.cause != .duration {
        raw.failure = StepFailure(.signal, "ended by signal \(signal)", effectIsPossible: true)
      }
    }
    outputs?.read(into: &raw, declared: context.declaredOutputs)
    return raw
  }

  private static func members(of result: ProcessResult) -> [JSONValue.Member] {
    let out = result.standardOutput
    let exit: JSONValue = if case .exited(let code) = result.end { .integer(code) } else { .null }
    func text(_ bytes: [UInt8]) -> JSONValue { .string(String(decoding: bytes, as: UTF8.self)) }
    return [
      .init("exit", exit),
      .init("stdout", .optional(out.text)),
      .init("stderr", .optional(result.standardError.text)),
      .init("head", out.isTruncated ? text(out.head) : .null),
      .init("tail", out.isTruncated ? text(out.tail) : .null),
      .init("truncated", .boolean(out.isTruncated)),
    ]
  }
}
