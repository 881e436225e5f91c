import RunbookAdapter
import RunbookEngine
import RunbookModel
import Synchronization
import Testing

/// Ends every attempt as its script says, after it saw that the attempt's intent is durable.
final class ScriptedPerformer: StepPerformer {
  /// One attempt that was made.
  struct Performed: Sendable, Hashable {
    let step: StepID
    let attempt: Int
    let role: StepRole
  }

  let mode: RunMode
  private let journal: MemoryJournal
  private let script: @Sendable (StepTask) async -> StepResult
  private let state = Mutex<(performed: [Performed], kept: [String: SecretReference])>(([], [:]))

  /// `script` gives the result of an attempt; without one every attempt ends well.
  init(
    _ journal: MemoryJournal, mode: RunMode = .run,
    script: @escaping @Sendable (StepTask) async -> StepResult = { _ in .ok() }
  ) {
    self.journal = journal
    self.mode = mode
    self.script = script
  }

  /// Every attempt in order.
  var performed: [Performed] { state.withLock { $0.performed } }
  /// The steps of `performed`.
  var steps: [String] { performed.map(\.step.rawValue) }
  /// Secrets that were kept.
  var kept: [String: SecretReference] { state.withLock { $0.kept } }

  func describe(_ step: Step, values: [String: Value]) -> StepDescription {
    StepDescription(target: "local", invocation: "do \(step.id)", isSimulated: false)
  }

  @concurrent func perform(_ task: StepTask) async -> StepPerformance {
    #expect(journal.hasIntent(task.step.id, attempt: task.attempt), "started without a durable intent")
    state.withLock {
      $0.performed.append(Performed(step: task.step.id, attempt: task.attempt, role: task.role))
    }
    return StepPerformance(await script(task), activeMilliseconds: 10)
  }

  func redacted(_ text: String) -> String { text }

  func keep(_ secret: String, as reference: SecretReference) throws(StepFailure) {
    guard secret.utf8.count >= 6 else {
      throw StepFailure(.expectation, "shorter than 6 bytes", effectIsPossible: false)
    }
    state.withLock { $0.kept[secret] = reference }
  }
}

extension StepResult {
  /// A success with outputs.
  static func ok(_ outputs: [JSONValue.Member] = []) -> Self {
    var result = StepResult(status: .ok, json: ["status": "ok", "error": .null, "duration_ms": 10])
    result.outputs = outputs
    return result
  }

  /// A failure that may have changed something.
  static func failed(_ reason: StepFailure.Reason = .exit, effectIsPossible: Bool = true) -> Self {
    StepResult(
      status: .failed,
      json: ["status": "failed", "error": ["reason": .string(reason.rawValue)], "duration_ms": 10],
      reason: reason, detail: "exit status 1", effectIsPossible: effectIsPossible)
  }

  /// A write that was cut off.
  static let unknown = StepResult(
    status: .unknown, json: ["status": "unknown", "error": ["reason": "timeout"], "duration_ms": 10],
    reason: .timeout, detail: "not finished in time", effectIsPossible: true)
}
