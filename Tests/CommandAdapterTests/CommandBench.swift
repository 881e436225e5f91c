import CommandAdapter
import Glibc
import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import RunbookProcesses
import TestSupport
import Testing

/// Runs scripts by their real interpreters, in a folder that goes with it.
final class CommandBench: Sendable {
  private let temporary = TemporaryFolder()
  var folder: String { temporary.path }
  private let processes: SupervisedProcesses
  private let run = RunID("20260101T000000Z-\(UInt32.random(in: 0 ... .max))")

  init() throws {
    processes = SupervisedProcesses(
      run: run, exitLog: nil, grace: .milliseconds(300), drain: .milliseconds(300),
      program: Built.path("runbook"))
  }

  func attempt(
    values: [String: Value] = [:], secrets: [String: String] = [:], outputs: [String] = [],
    seconds: Double = 60, duration: Duration? = nil, captureLimit: Int = 1 << 20
  ) -> StepAttempt {
    var attempt = StepAttempt(
      on: .local, values: values, secrets: secrets, effect: .write, seconds: seconds, duration: duration,
      processes: processes, directory: folder, captureLimit: captureLimit)
    attempt.context.run = run
    attempt.context.declaredOutputs = outputs
    return attempt
  }

  /// Reads a step as the compiler does: `env` and `cwd` are its attributes, `names` what the page defines.
  func options(
    _ script: String, _ language: String = "bash", env: JSONValue? = nil, cwd: String? = nil,
    names: [String: NameTable.Kind] = [:]
  ) throws -> CommandOptions {
    var fields: [AdapterCall.Field] = []
    if let env { fields.append(.init(name: "env", value: env, range: .init(start: 0, end: 0))) }
    if let cwd { fields.append(.init(name: "cwd", value: .string(cwd), range: .init(start: 0, end: 0))) }
    let reading = CommandAdapter().reading(script, language: language, fields: fields, names: names)
    return try #require(reading.options, "\(reading.diagnostics.map(\.message))")
  }

  @discardableResult
  func perform(
    _ script: String, _ language: String = "bash", in attempt: StepAttempt? = nil
  ) async throws -> RawResult {
    let attempt = attempt ?? self.attempt()
    let names = attempt.context.values.mapValues { _ in NameTable.Kind.parameter(.string) }
    return try await CommandAdapter().perform(
      options(script, language, names: names), in: attempt.context)
  }

  /// Why it was no success.
  func failure(
    _ script: String, _ language: String = "bash", in attempt: StepAttempt? = nil
  ) async throws -> StepFailure? {
    do {
      return try await perform(script, language, in: attempt).failure
    } catch let failure as StepFailure {
      return failure
    }
  }

  func rehearse(_ options: CommandOptions) async throws -> Rehearsal {
    try await CommandAdapter().rehearse(options, in: attempt().context)
  }

  /// Why a rehearsal says that the step would not get through, with the kind of the answer in front.
  func objection(_ script: String, _ language: String = "bash", cwd: String? = nil) async throws -> String {
    do {
      switch try await rehearse(options(script, language, cwd: cwd)) {
      case .refuted(let text): return "refuted: \(text)"
      case .verified(let text), .unverifiable(let text): return "no objection: \(text)"
      }
    } catch let failure as StepFailure {
      #expect(!failure.effectIsPossible)
      return "\(failure.reason.rawValue): \(failure.detail)"
    }
  }

  func exists(_ name: String) -> Bool { access(folder + "/" + name, F_OK) == 0 }

  /// Living processes that a step of this bench started.
  var leftovers: [Leftover] { LeftoverProcesses.find(run: run) }
}

extension RawResult {
  var json: JSONValue { .object(members) }
}
