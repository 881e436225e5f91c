import CProcess
import Glibc
import RunbookAdapter
import RunbookModel

/// A request made ready: strings, script, input and private files in memory files.
struct Launch: ~Copyable {
  /// The program as asked for.
  let executable: String
  /// Where it runs.
  let directory: String
  /// `run/step/attempt`, the value of `RUNBOOK_STEP`.
  let marker: String
  private let isPrivate: Bool
  private let strings: SpawnStrings
  private let body: MemoryFile?
  private let input: MemoryFile?
  /// They live as long as the process.
  private let privateFiles: [MemoryFile]

  /// Opens the secrets.
  init(_ request: ProcessRequest, _ context: StepContext) throws(StepFailure) {
    let directory = request.directory ?? context.workingDirectory
    let marker = "\(context.run)/\(context.step)/\(context.attempt)"
    var environment = request.environment
    var privateFiles: [MemoryFile] = []
    for requested in request.privateFiles {
      let file = try MemoryFile(requested, secrets: context.secrets)
      environment.append((requested.variable, .text(file.path)))
      privateFiles.append(file)
    }
    let body = try request.body.map { bytes throws(StepFailure) in try MemoryFile(bytes, name: "runbook-body")
    }
    let input = try request.input.map { bytes throws(StepFailure) in
      try MemoryFile(bytes, name: "runbook-input")
    }
    var strings = try SpawnStrings()
    try strings.begin(executable: request.executable, directory: directory, marker: marker)
    try strings.add(program: request.executable, arguments: request.arguments)
    try strings.add(environment: environment, marker: marker, secrets: context.secrets)
    try strings.finish()

    executable = request.executable
    self.directory = directory
    self.marker = marker
    isPrivate = context.producesFiles
    self.strings = strings
    self.body = body
    self.input = input
    self.privateFiles = privateFiles
  }

  /// Has it started; `ends` as far as they are not of the request.
  func start(
    _ ends: Supervisor.Endpoints, flags: UInt32, by supervisor: Supervisor, grace: Duration, limit: Duration
  ) throws(StepFailure) -> Descriptor {
    var ends = ends
    ends.body = body?.descriptor ?? -1
    if ends.input < 0 { ends.input = input?.descriptor ?? -1 }
    var spawn = rb_spawn()
    spawn.flags = flags | (isPrivate ? RB_PRIVATE.rawValue : 0)
    spawn.argument_count = strings.argumentCount
    spawn.variable_count = strings.variableCount
    spawn.grace_milliseconds = UInt32(clamping: grace.components.seconds * 1000 + grace.milliseconds)
    spawn.limit_milliseconds = max(0, limit.components.seconds) * 1000 + max(0, limit.milliseconds)
    return try supervisor.spawn(spawn, strings: strings.file.number, ends)
  }
}

extension Duration {
  /// The part below a second.
  fileprivate var milliseconds: Int64 { components.attoseconds / 1_000_000_000_000_000 }
}

extension StepFailure {
  /// What a report of failure means in words; nil for any other report.
  init?(_ report: rb_report, executable: String, directory: String) {
    guard report.kind == RB_REPORT_FAILED.rawValue else { return nil }
    let system = systemMessage(report.value)
    let text =
      switch rb_stage(UInt32(report.detail)) {
      case RB_STAGE_DIRECTORY: "cannot enter the directory '\(directory)': \(system)"
      case RB_STAGE_TERMINAL: "cannot give '\(executable)' a terminal: \(system)"
      case RB_STAGE_EXECUTE where report.value == ENOENT && !executable.utf8.contains(UInt8(ascii: "/")):
        "cannot start '\(executable)': not found on PATH"
      case RB_STAGE_EXECUTE where report.value == E2BIG:
        "cannot start '\(executable)': arguments and environment together are larger than the system takes"
      case RB_STAGE_EXECUTE where report.value == ENOEXEC:
        "cannot start '\(executable)': it is no program and does not begin with '#!'"
      default: "cannot start '\(executable)': \(system)"
      }
    self.init(.spawn, text, effectIsPossible: false)
  }
}
