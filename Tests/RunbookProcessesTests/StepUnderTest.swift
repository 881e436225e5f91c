import Glibc
import RunbookAdapter
import RunbookModel
import RunbookProcesses
import TestSupport

/// One step whose process the test looks at; each has a run of its own.
struct StepUnderTest {
  let processes: SupervisedProcesses
  var attempt: StepAttempt
  var context: StepContext { attempt.context }

  init(
    seconds: Double = 60, grace: Duration = .seconds(5), drain: Duration = .seconds(2),
    exitLog: String? = nil,
    secrets: [String: String] = [:], program: String = Built.path("ProcessDriver")
  ) {
    let run = RunID("20260101T000000Z-\(randomLetters(5))")
    processes = SupervisedProcesses(run: run, exitLog: exitLog, grace: grace, drain: drain, program: program)
    attempt = StepAttempt(on: .local, secrets: secrets, seconds: seconds, processes: processes)
    attempt.context.run = run
  }

  /// The same host and run with another context.
  func with(_ change: (inout StepContext) -> Void) -> StepUnderTest {
    var changed = self
    change(&changed.attempt.context)
    return changed
  }

  /// The same with `terminal` for the operator's.
  func interactive(on terminal: any TerminalLender) -> StepUnderTest {
    with {
      $0.isInteractive = true
      $0.terminal = terminal
    }
  }

  /// Runs a program with the tests' own PATH.
  func run(_ executable: String, _ arguments: String...) async throws(StepFailure) -> ProcessResult {
    try await run(request(executable, arguments))
  }

  func run(_ request: ProcessRequest) async throws(StepFailure) -> ProcessResult {
    try await processes.run(request, in: context)
  }

  /// Runs a script.
  func bash(_ script: String) async throws(StepFailure) -> ProcessResult {
    try await run("bash", "-c", script)
  }

  func request(_ executable: String, _ arguments: [String]) -> ProcessRequest {
    ProcessRequest(
      executable: executable, arguments: arguments,
      environment: context.baseEnvironment.map { ($0.name, .text($0.value)) })
  }

  /// Living processes with this step's marker.
  var leftovers: [Leftover] { LeftoverProcesses.find(run: context.run) }
}

/// A word that no other test uses.
func randomLetters(_ count: Int) -> String {
  String((0..<count).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement() ?? "a" })
}
