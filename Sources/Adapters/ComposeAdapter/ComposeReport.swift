internal import RunbookAdapter
internal import RunbookModel

/// What a step's lines came to.
struct ComposeReport {
  var services: [ServiceState] = []
  private(set) var failure: StepFailure?
  private var exit: JSONValue = 0
  private var stderr: String? = ""
  private var survivors: [String] = []

  /// Notes how Compose's own program ended.
  mutating func add(_ result: ProcessResult, of line: FilledLine) {
    stderr = result.standardError.text
    survivors = result.survivors
    let mayHaveEffect = line.line.claim.effect > .read
    switch result.end {
    case .exited(let code):
      exit = .integer(code)
      if code != 0 { failure = Self.failure(exit: code, result, line, mayHaveEffect) }
    case .signaled(let signal):
      exit = .null
      if result.cause != .duration {
        failure = StepFailure(.signal, "ended by signal \(signal)", effectIsPossible: mayHaveEffect)
      }
    case .supervisorLost:
      exit = .null
      failure = StepFailure(
        .internal, "the supervisor died, and with it what was known of the step",
        effectIsPossible: mayHaveEffect)
    }
  }

  /// The step's result.
  func result(stdout: String?) -> RawResult {
    RawResult(
      [
        .init("services", .array(services.map(\.json))),
        .init("exit", exit),
        .init("stdout", .optional(stdout)),
        .init("stderr", .optional(stderr)),
        .init("truncated", .boolean(stdout == nil)),
      ], failure: failure, survivors: survivors)
  }

  private static func failure(
    exit code: Int32, _ result: ProcessResult, _ line: FilledLine, _ mayHaveEffect: Bool
  ) -> StepFailure {
    let errors = String(decoding: result.standardError.head + result.standardError.tail, as: UTF8.self)
    let last = errors.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
    let detail = "exit \(code)" + (last.map { ": \($0)" } ?? "")
    let isUnknownService = errors.lowercased().contains("no such service:")
    return isUnknownService
      ? StepFailure(.notFound, detail, effectIsPossible: false)
      : StepFailure(.exit, detail, effectIsPossible: mayHaveEffect)
  }
}
