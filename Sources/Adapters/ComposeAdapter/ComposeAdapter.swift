internal import HTTPTransport
public import RunbookAdapter
public import RunbookModel

/// Looks at and changes the services of one Compose project.
///
/// What the services are comes from the Docker engine itself, never from a table made for people; changes go
/// through Compose's own command line.
public struct ComposeAdapter: Adapter {
  private let client = HTTPClient(label: "runbook.docker")

  /// libcurl is loaded by the first request.
  public init() {}

  public var languages: [String] { ["compose"] }
  public var targetTypes: [any TargetType] { [ComposeTargetType()] }
  public var acceptedTargets: [String]? { ["compose"] }

  public func options(from fields: inout FieldReader) -> ComposeStep? {
    ComposeParser.lines(from: &fields).map(ComposeStep.init)
  }

  public func effect(of step: ComposeStep) -> Effect.Claim {
    Effect.Claim(
      step.lines.map(\.claim.effect).reduce(.read, max), isKnown: step.lines.allSatisfy(\.claim.isKnown))
  }

  public func isEndless(_ step: ComposeStep) -> Bool { step.lines.contains(where: \.isEndless) }

  public func summary(of step: ComposeStep) -> String {
    let first = step.lines.first?.text { "${\($0)}" } ?? ""
    return step.lines.count == 1
      ? "run `docker compose \(first)`" : "run `docker compose \(first)` and \(step.lines.count - 1) more"
  }

  public func invocation(of step: ComposeStep, on target: Target, values: [String: Value]) -> String {
    step.lines.map { line in
      "docker compose " + line.text { values[$0]?.displayText ?? "${\($0)}" }
    }.joined(separator: "\n")
  }

  @concurrent public func rehearse(
    _ step: ComposeStep, in context: StepContext
  ) async throws(StepFailure) -> Rehearsal {
    let target = ComposeTarget(context.target)
    let lines = try step.filled(in: context)
    let engine = try await DockerEngine(target, client: client, limits: TransferLimits(context))
    return try await ComposeRehearsal(target: target, engine: engine, context: context).prove(lines)
  }

  @concurrent public func perform(
    _ step: ComposeStep, in context: StepContext
  ) async throws(StepFailure) -> RawResult {
    let target = ComposeTarget(context.target)
    let lines = try step.filled(in: context)
    let engine = try await DockerEngine(target, client: client, limits: TransferLimits(context))
    let output = OutputRecord(context)
    var report = ComposeReport()
    for line in lines where report.failure == nil {
      if line.line.isAnsweredByEngine {
        report.services = try await EngineReads(engine: engine, project: target.project, output: output)
          .answer(line)
      } else {
        let program = try ComposeProgram.find(in: context.baseEnvironment)
        try await program.refuseUnknown(line.line, on: target, in: context)
        let result = try await program.run(
          line.arguments(isInteractive: context.isInteractive), on: target, in: context, shown: true)
        output.keep(result.standardOutput)
        report.add(result, of: line)
        report.services = try await state(after: line, of: target, in: context) ?? []
      }
    }
    return report.result(stdout: output.text)
  }

  /// The services' state after Compose ran. Where it cannot be had, the step's own end is not changed by that:
  /// what was done was done.
  private func state(
    after line: FilledLine, of target: ComposeTarget, in context: StepContext
  ) async throws(StepFailure) -> [ServiceState]? {
    let limits = TransferLimits(
      deadline: max(context.deadline, .now + .seconds(5)), interrupt: context.interrupt)
    guard let engine = try? await DockerEngine(target, client: client, limits: limits),
      let all = try? await engine.services(of: target.project)
    else { return nil }
    let named = line.services
    return named.isEmpty ? all : all.filter { named.contains($0.service) }
  }
}

/// One step: its lines.
public struct ComposeStep: Sendable, Equatable {
  let lines: [ComposeLine]

  /// The lines with the step's values put in.
  func filled(in context: StepContext) throws(StepFailure) -> [FilledLine] {
    var filled: [FilledLine] = []
    for line in lines {
      filled.append(
        try line.filled { name throws(StepFailure) in
          guard let text = context.values[name]?.plainText else {
            throw StepFailure(
              .spawn, "'\(name)' is a secret, and every process list shows arguments", effectIsPossible: false
            )
          }
          return text
        })
    }
    return filled
  }
}

extension ComposeLine {
  /// The line as a shell would want it written.
  func text(_ value: (String) -> String) -> String {
    func word(_ pieces: [Template.Piece]) -> String {
      Self.quoted(
        pieces.map { piece in
          switch piece {
          case .literal(let text): text
          case .name(let name, _): value(name)
          }
        }.joined())
    }
    var words = [subcommand]
    for option in options {
      words.append(option.name)
      if let value = option.value { words.append(word(value)) }
    }
    return (words + operands.map(word)).joined(separator: " ")
  }

  private static func quoted(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
          true
        default: "-_./:=@,+%^".utf8.contains(byte)
        }
      }
    if isPlain || (text.hasPrefix("${") && text.hasSuffix("}") && !text.contains(" ")) { return text }
    // By scalar: a quote with a mark behind it is another Character and a quote all the same.
    let parts = text.unicodeScalars.split(separator: "'", omittingEmptySubsequences: false)
    return "'" + parts.map { String($0) }.joined(separator: "'\\''") + "'"
  }
}
