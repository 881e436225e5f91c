import ArgumentParser
import Glibc
import RunbookAdapter
import RunbookAudit
import RunbookCompiler
import RunbookDiagnostics
import RunbookModel
import RunbookProcesses
import RunbookSecrets

/// `runbook doctor`.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Say whether tools, targets and the audit log are there.",
    discussion: """
      Changes nothing: it looks at the log, and with --env reads from every target. Exit code 1 where something is missing.

      EXAMPLES:
        runbook doctor
        runbook doctor --env demo
      """)

  @OptionGroup var libraryOptions: LibraryOptions

  @Option(name: [.customLong("env"), .customShort("e")], help: "Try every target of this environment.")
  var environment: String?

  func run() async throws {
    let screen = Screen()
    var problems = 0
    func say(_ name: String, _ result: Finding) {
      let (mark, style, text): (String, Style, String) =
        switch result {
        case .good(let text): ("✓", .good, text)
        case .missing(let text): ("✗", .bad, text)
        case .optional(let text): ("–", .faint, text)
        }
      if case .missing = result { problems += 1 }
      StandardStream.line(
        "\(screen.styled(mark, style)) \(TerminalText.inert(name)): \(TerminalText.inert(text))")
    }
    say("audit log", Self.store())
    let required = requiredTools()
    for (tool, isNeeded, purpose) in Self.tools where !required.contains(where: { $0.tool == tool }) {
      if let path = Files.program(named: tool) {
        say(tool, .good(path))
      } else {
        say(tool, isNeeded ? .missing("not on PATH; \(purpose)") : .optional("not on PATH; \(purpose)"))
      }
    }
    for (tool, pages) in required {
      let purpose = "required by \(pages.joined(separator: ", "))"
      say(
        tool,
        Files.program(named: tool).map { .good("\($0), \(purpose)") } ?? .missing("not on PATH; \(purpose)"))
    }
    let leftovers = LeftoverProcesses.ofDeadRuns(
      marks: (try? StoreLocation.current()).map { ProcessMarks(folder: $0.path + "/runs") } ?? ProcessMarks())
    say(
      "processes of dead runs",
      leftovers.isEmpty
        ? .good("none")
        : .missing(leftovers.map { "\($0.pid) \($0.command) (\($0.marker))" }.joined(separator: ", ")))
    if let environment { for (name, result) in try await targets(of: environment) { say(name, result) } }
    if problems > 0 { throw CommandFailure(nil, exitCode: 1) }
  }

  /// What was found of one thing.
  private enum Finding: Sendable {
    case good(String)
    case missing(String)
    case optional(String)
  }

  private static let tools: [(String, Bool, String)] = [
    ("bash", true, "steps in bash need it"), ("python3", false, "steps in Python need it"),
    ("docker", false, "Compose steps need it or docker-compose"),
    ("docker-compose", false, "Compose steps need it where 'docker compose' is missing"),
    ("git", false, "without it the log does not say which commit a page is from"),
    ("shellcheck", false, "with it a rehearsal finds more mistakes in scripts"),
  ]

  /// What pages require, by tool, with the pages; only pages that may run in the environment, where one is given.
  private func requiredTools() -> [(tool: String, pages: [String])] {
    guard let library = try? libraryOptions.library() else { return [] }
    var pages: [String: [String]] = [:]
    for entry in library.entries() {
      guard let header = try? Workspace().page(entry, checksFilters: false).runbook?.header else { continue }
      if let environment, !header.environments.isEmpty, !header.environments.contains(environment) {
        continue
      }
      for tool in Set(header.requiredTools) { pages[tool, default: []].append(entry.name) }
    }
    let known = Set(Self.tools.filter(\.1).map(\.0))
    return pages.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func store() -> Finding {
    do throws(AuditFailure) {
      let location = try StoreLocation.current()
      let state = try location.isReady() ? "can be written" : "will be made by the first run"
      let sinks = try AuditStore.requiredSinks()
      let besides = sinks.isEmpty ? "" : "; every event also goes to \(sinks.joined(separator: ", "))"
      return .good("\(location.path) \(state)\(besides)")
    } catch {
      return .missing(error.reason)
    }
  }

  /// A harmless read for each type of target.
  private static let probes = [
    "postgres": ("sql", "SELECT current_user, version()"), "redis": ("redis", "PING"),
    "http": ("http", "GET /"),
    "compose": ("compose", "ps --all"),
  ]

  private func targets(of name: String) async throws -> [(String, Finding)] {
    let library = try libraryOptions.library()
    guard let root = library.roots.first(where: { Files.exists("\($0)/environments/\(name).yaml") }) else {
      throw CommandFailure("no environment is named '\(name)'", exitCode: 3)
    }
    let entry = RunbookLibrary.Entry(name: "", path: root + "/-", root: root)
    let (environment, file, diagnostics) = try Workspace().environment(name, of: entry)
    guard let environment, !DiagnosticsView.haveError(diagnostics) else {
      throw Planning.failure(diagnostics, in: file)
    }
    let processes = SupervisedProcesses(run: RunID("doctor"), exitLog: nil)
    var found: [(String, Finding)] = []
    for target in environment.targets {
      let summary = AdapterRegistry.standard.summary(of: target)
      guard let (language, body) = Self.probes[target.type] else { continue }
      let call = AdapterRegistry.standard.bind(
        AdapterCall(language: language, fields: [], body: body + "\n"), traits: StepTraits(),
        names: NameTable()
      ).call
      guard let call else { continue }
      found.append((summary, await probe(call, target, processes, directory: entry.repositoryRoot)))
    }
    return found
  }

  private func probe(
    _ call: BoundCall, _ target: Target, _ processes: SupervisedProcesses, directory: String
  ) async -> Finding {
    let secrets = SecretStore(directory: directory, processes: processes)
    let environment = AdapterRegistry.standard.targetType(named: target.type)?.processEnvironment(of: target)
    let references = target.secrets + (environment?.secrets ?? [])
    let context = StepContext(
      run: RunID("doctor"), step: StepID("probe"), attempt: 1, target: target,
      targetEnvironment: environment ?? TargetEnvironment(), values: [:], effect: .read,
      secrets: secrets.source(for: references), output: NoOutput(), processes: processes,
      deadline: .now + .seconds(5),
      interrupt: SignalInterrupt(), workingDirectory: directory, baseEnvironment: RunServices.baseEnvironment)
    do throws(StepFailure) {
      try await secrets.open(references, in: context)
      _ = try await call.perform(context)
      return .good("answers")
    } catch {
      return .missing("\(error.reason.rawValue): \(secrets.redactor.redacted(error.detail))")
    }
  }

  private struct NoOutput: OutputSink {
    func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream) {}
  }
}
