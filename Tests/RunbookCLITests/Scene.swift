import CTerminal
import Glibc
import RunbookModel
import TestSupport
import Testing

/// One test's world: a folder of pages, one environment, and a log of its own.
///
/// The built program is run in it as a process in a session of its own, so without a controlling terminal
/// unless the test gives it one.
final class Scene: Sendable {
  private let temporary = TemporaryFolder()
  var folder: String { temporary.path }
  /// Variables beside PATH and HOME, as `NAME=value`.
  let variables: [String]

  /// Pages by name, `---` and the version of the language in front of each is written by the page itself.
  init(
    _ pages: [String: String] = [:], environment: String = "policy: {confirm: write}\n",
    variables: [String] = []
  ) throws {
    self.variables = variables
    try #require(mkdir(folder + "/runbooks", 0o700) == 0)
    try #require(mkdir(folder + "/runbooks/environments", 0o700) == 0)
    try write(environment, to: "runbooks/environments/test.yaml")
    for (name, text) in pages { try write(text, to: "runbooks/\(name).md") }
  }

  /// One page named `page`: front matter, then `body`.
  convenience init(
    _ body: String, front: String = "", environment: String = "policy: {confirm: write}\n",
    variables: [String] = []
  ) throws {
    try self.init(["page": page(body, front: front)], environment: environment, variables: variables)
  }

  var store: String { folder + "/store" }

  func path(_ name: String) -> String { folder + "/" + name }

  func exists(_ name: String) -> Bool { access(path(name), F_OK) == 0 }

  func write(_ text: String, to name: String) throws {
    let file = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    try #require(file >= 0)
    defer { close(file) }
    let bytes = Array(text.utf8)
    try #require(Glibc.write(file, bytes, bytes.count) == bytes.count)
  }

  func text(_ name: String) -> String { String(decoding: fileBytes(path(name)), as: UTF8.self) }

  /// Runs the program to its end.
  func runbook(_ arguments: String..., variables more: [String] = []) async throws -> Ended {
    try await start(arguments, variables: more).ended()
  }

  /// `runbook run page --env test` with `arguments`.
  func run(_ arguments: String..., variables more: [String] = []) async throws -> Ended {
    try await start(["run", "page", "--env", "test"] + arguments, variables: more).ended()
  }

  /// Starts the program without a terminal; its output goes to files.
  ///
  /// - Parameters:
  ///   - tool: What runs the program instead of the test: its absolute path and arguments.
  ///   - other: A command to run in its place.
  func start(
    _ arguments: [String], variables more: [String] = [], standardOutput: Int32? = nil,
    under tool: [String] = [],
    instead other: [String]? = nil
  ) throws
    -> Started
  {
    try spawn(
      arguments, variables: more, terminal: nil, standardOutput: standardOutput, under: tool, instead: other)
  }

  /// Starts the program on a terminal of its own.
  func startAtTerminal(_ arguments: String...) throws -> TerminalSession {
    let terminal = try TestTerminal()
    return TerminalSession(
      terminal, try spawn(arguments, variables: [], terminal: terminal, standardOutput: nil))
  }

  /// `runbook run page --env test` on a terminal.
  func runAtTerminal(_ arguments: String...) throws -> TerminalSession {
    let terminal = try TestTerminal()
    return TerminalSession(
      terminal,
      try spawn(
        ["run", "page", "--env", "test"] + arguments, variables: [], terminal: terminal, standardOutput: nil))
  }

  /// The only or newest run's events as `runbook log --format json` tells them.
  func events(_ run: String? = nil) async throws -> [JSONValue] {
    let name = if let run { run } else { try await newestRun() }
    let log = try await runbook("log", name, "--format", "json")
    try #require(log.code == 0, "\(log.errors)")
    return try log.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
  }

  /// What `history --format json` says of the newest run.
  func newest() async throws -> JSONValue {
    let history = try await runbook("history", "--format", "json", "--limit", "1")
    guard case .array(let runs) = try JSONValue(parsing: Array(history.output.utf8)) else {
      throw Unexpected(text: history.output)
    }
    return try #require(runs.first, "no run is in the log")
  }

  func newestRun() async throws -> String { try #require(try await newest()["run"]?.string) }

  /// Whether any file of the store holds `text`.
  func storeHolds(_ text: String) -> Bool {
    filesBelow(store).contains { fileBytes($0).containsSequence(Array(text.utf8)) }
  }

  private func spawn(
    _ arguments: [String], variables more: [String], terminal: TestTerminal?, standardOutput: Int32?,
    under tool: [String] = [], instead other: [String]? = nil
  ) throws -> Started {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let name = "/capture-\(UInt32.random(in: 0 ... .max))"
    let output = folder + name + ".out"
    let errors = folder + name + ".err"
    if let terminal {
      // The first terminal that the leader of a session opens becomes its controlling one.
      posix_spawn_file_actions_addopen(&actions, 0, terminal.path, O_RDWR, 0)
      posix_spawn_file_actions_adddup2(&actions, 0, 1)
      posix_spawn_file_actions_adddup2(&actions, 0, 2)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
      if let standardOutput {
        posix_spawn_file_actions_adddup2(&actions, standardOutput, 1)
      } else {
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
      }
      posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT, 0o600)
    }
    ct_add_chdir(&actions, folder)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes, ct_spawn_setsid | Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    let command = other ?? tool + [Built.path("runbook")] + arguments
    let program = command[0]
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    // The first of two variables with one name is the one that counts.
    let environment =
      more + variables
      + ["PATH=\(path)", "HOME=\(folder)", "USER=tester", "TERM=xterm", "RUNBOOK_STORE=\(store)"]
    var argv = command.map { strdup($0) } + [nil]
    var envp = environment.map { strdup($0) } + [nil]
    defer { (argv + envp).forEach { free($0) } }
    var pid: pid_t = 0
    let error = posix_spawn(&pid, program, &actions, &attributes, &argv, &envp)
    try #require(error == 0, "\(program): \(String(cString: strerror(error)))")
    return Started(pid: pid, output: output, errors: errors)
  }
}

/// A page in version 1 of the language.
func page(_ body: String, front: String = "") -> String {
  "---\nrunbook: 1\ntitle: Under test\n\(front)---\n# Under test\n\n\(body)\n"
}

/// What a test did not reckon with.
struct Unexpected: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}

extension [JSONValue] {
  /// The events of one type, of one step where it is named.
  func of(_ type: String, _ step: String? = nil) -> [JSONValue] {
    filter { $0["type"]?.string == type && (step == nil || $0["step"]?.string == step) }
  }

  /// The `data` member `name` of the events of one type, as JSON text.
  func values(_ name: String, of type: String, _ step: String? = nil) -> [String] {
    of(type, step).compactMap { $0["data"]?[name].map { $0.string ?? $0.text } }
  }
}

extension Collection where Element == UInt8 {
  /// Whether `other`, which is not empty, is somewhere in it.
  func containsSequence(_ other: [UInt8]) -> Bool {
    let bytes = Array(self)
    return bytes.withUnsafeBytes { all in
      other.withUnsafeBytes { place(of: $0, in: all) != nil }
    }
  }
}

/// Where `needle` begins in `all`; nil where it does not, or where one of them is empty.
func place(of needle: UnsafeRawBufferPointer, in all: UnsafeRawBufferPointer) -> Int? {
  guard let start = all.baseAddress, let wanted = needle.baseAddress,
    let found = ct_find(start, all.count, wanted, needle.count)
  else { return nil }
  return start.distance(to: found)
}
