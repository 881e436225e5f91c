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

/// A length for `sleep` by which its process is found, whatever became of its environment.
func uniqueSleep() -> String { "90.\(Int.random(in: 100_000_000...999_999_999))" }

/// Numbers of the living processes that have `word` among their arguments.
func processes(with word: String) -> [Int32] {
  guard let directory = opendir("/proc") else { return [] }
  defer { closedir(directory) }
  var found: [Int32] = []
  while let entry = readdir(directory) {
    guard let pid = Int32(name(of: entry)) else { continue }
    let arguments = fileContents("/proc/\(pid)/cmdline").split(separator: 0).map {
      String(decoding: $0, as: UTF8.self)
    }
    if arguments.contains(word) { found.append(pid) }
  }
  return found
}

/// Numbers of the living processes `sleep length`.
func sleeps(_ length: String) -> [Int32] {
  processes(with: length).filter { fileContents("/proc/\($0)/comm") == Array("sleep\n".utf8) }
}

/// Whether a process is gone or a zombie, which somebody else has to collect.
func hasEnded(_ pid: Int32) -> Bool {
  let status = fileContents("/proc/\(pid)/stat")
  guard let end = status.lastIndex(of: UInt8(ascii: ")")), end + 2 < status.count else { return true }
  return status[end + 2] == UInt8(ascii: "Z")
}

/// A whole file; empty where it cannot be read.
func fileContents(_ path: String) -> [UInt8] {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return [] }
  defer { close(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(file, &buffer, buffer.count)
    guard count > 0 else { return bytes }
    bytes += buffer[..<count]
  }
}

/// A folder for files, which goes with its owner.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/runbook-processes-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? ""
    precondition(!path.isEmpty, "no temporary folder can be made")
  }

  deinit {
    if let directory = opendir(path) {
      while let entry = readdir(directory) { unlink(path + "/" + name(of: entry)) }
      closedir(directory)
    }
    rmdir(path)
  }
}

/// The name in an entry of a folder.
func name(of entry: UnsafeMutablePointer<dirent>) -> String {
  withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// Whether `condition` holds within `seconds`, asked every 30 ms.
func eventually(within seconds: Double = 20, _ condition: () -> Bool) async -> Bool {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while !condition() {
    guard ContinuousClock.now < deadline else { return false }
    try? await Task.sleep(for: .milliseconds(30))
  }
  return true
}
