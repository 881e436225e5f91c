import Glibc
import RunbookAdapter
import RunbookAudit
import RunbookDiagnostics
import RunbookEngine
import RunbookFilters
import RunbookModel
import RunbookProcesses
import RunbookSecrets

/// One run from its plan to its exit code: builds every part and puts them together.
struct RunSession {
  /// How the command line wants it.
  struct Options {
    var isDryRun: Bool
    var yes: Bool
    var confirmed: [StepID]
    var format: OutputFormat
  }

  private let planned: Planning.Result
  private let options: Options
  private let run: RunID
  private let store: AuditStore
  private let processes: SupervisedProcesses
  private let filters: WorkerFilters
  private let interrupt: SignalInterrupt
  private let screen: Screen
  private let display: RunDisplay?
  private let terminal: OperatorTerminal?
  private let services: RunServices

  private var plan: Plan { planned.plan }

  /// Opens the log and prepares everything; starts no process.
  ///
  /// - Throws: `CommandFailure` with exit code 74 where the log cannot be written.
  init(_ planned: Planning.Result, options: Options) throws(CommandFailure) {
    self.planned = planned
    self.options = options
    interrupt = SignalInterrupt()
    screen = Screen()
    run = RunID.new()
    do throws(AuditFailure) {
      store = try AuditStore.open(.current(), version: RunbookCommand.version)
    } catch {
      throw CommandFailure(
        "nothing was run, because the audit log cannot be written: \(error.reason)", exitCode: 74)
    }
    display = options.format == .text ? RunDisplay(screen: screen) : nil
    terminal = OperatorTerminal()
    let exits: String
    do throws(AuditFailure) {
      exits = try store.folder(of: run) + "/exits"
    } catch {
      throw CommandFailure(
        "nothing was run, because the audit log cannot be written: \(error.reason)", exitCode: 74)
    }
    let processes = SupervisedProcesses(run: run, exitLog: exits)
    self.processes = processes
    filters = WorkerFilters(plan: planned.plan, processes: processes)
    var loan: TerminalLoan?
    if let terminal, let display { loan = TerminalLoan(terminal: terminal, display: display) }
    services = RunServices(
      processes: processes, terminal: loan, workingDirectory: planned.page.entry.repositoryRoot,
      secrets: SecretStore(directory: planned.page.entry.repositoryRoot, processes: processes),
      blobs: store.blobs,
      display: display, interrupt: interrupt)
  }

  /// Runs to the end.
  ///
  /// - Returns: The exit code.
  func run() async -> Int32 {
    let signals = await interrupt.listen()
    defer { signals.cancel() }
    if display != nil { processes.prepare() }
    do {
      let code = try await execute()
      await close()
      return code
    } catch let failure as JournalFailure {
      await close()
      return fail("stopped, because the audit log cannot be written: \(failure.reason)", 74)
    } catch {
      await close()
      return fail("\(error)", 70)
    }
  }

  private func close() async {
    await filters.finish()
    await display?.finish()
    terminal?.restore()
  }

  private func execute() async throws -> Int32 {
    let contract = try await contract()
    let runOptions = RunOptions(contract: contract, hasTerminal: terminal != nil)
    if let code = await refusal(runOptions) { return code }
    let lines = EventLines(plan)
    let journal = ShowingJournal(journal: store) { [display, options, run] event in
      if let display {
        Self.show(event, lines, on: display)
      } else if options.format == .json {
        StandardStream.line(Self.json(event, run).text)
      }
    }
    display?.show([EventLines.Line("  run \(run)", .faint)])
    let live = LivePerformer(plan: plan, adapters: .standard, services: services, filters: filters)
    let performer: any StepPerformer =
      options.isDryRun
      ? RehearsalPerformer(plan: plan, adapters: .standard, services: services, filters: filters) : live
    let recorder = EventRecorder()
    let engine = RunEngine(
      run: run, plan: plan, performer: performer, confirmer: confirmer(),
      journal: ShowingJournal(journal: journal) { recorder.add($0.kind) }, filters: filters,
      interrupt: interrupt,
      options: runOptions)
    store.onDelay { [display] in
      let text =
        "the audit log has not answered for 2 s; nothing goes on before it does, and after 10 s the run ends"
      if let display {
        display.show([EventLines.Line("! \(text)", .caution)])
      } else {
        StandardStream.line("runbook: \(text)", to: STDERR_FILENO)
      }
    }
    interrupt.onSignal { [display] name in
      display?.show([EventLines.Line("! \(name)", .caution)])
    }
    let outcome = try await engine.execute()
    summarize(outcome, recorder.events)
    return outcome.exitCode
  }

  private func confirmer() -> any Confirmer {
    guard let terminal, let display else { return AbsentConfirmer() }
    return TerminalConfirmer(
      terminal: terminal, display: display, interrupt: interrupt, screen: screen, plan: plan)
  }

  /// The run's first event: what was agreed on, with the texts it was agreed on stored.
  private func contract() async throws(JournalFailure) -> RunPlanned {
    var contract = RunPlanned(
      runbook: plan.runbook, environment: plan.environment.name, environmentDigest: plan.environment.digest,
      planDigest: planned.digest)
    do throws(AuditFailure) {
      contract.blobs = [
        try store.blobs.put(planned.page.file.bytes), try store.blobs.put(planned.environmentFile.bytes),
        try store.blobs.put(plan.json.utf8),
      ]
    } catch {
      throw JournalFailure(error.reason)
    }
    contract.parameters = plan.parameters.sorted { $0.key < $1.key }.map { name, value in
      switch value {
      case .plain(let plain): JSONValue.Member(name, plain)
      case .secret(let reference): JSONValue.Member(name, .string(reference.text))
      }
    }
    contract.answersYes = options.yes
    contract.confirmed = options.confirmed
    if let state = await GitState.of(planned.page.entry, processes: processes, interrupt: interrupt) {
      contract.gitCommit = state.commit
      contract.gitIsDirty = state.isDirty
    }
    return contract
  }

  /// Refuses before the first step where a person would have to answer and none is there.
  private func refusal(_ runOptions: RunOptions) async -> Int32? {
    guard terminal == nil || display == nil, !options.isDryRun else { return nil }
    var unattended = runOptions
    unattended.hasTerminal = false
    let skipped = await Preflight.settledSkips(of: plan, run: run, filters: filters)
    let open = Preflight.unanswerable(plan, mode: .run, options: unattended, skipped: skipped)
    guard !open.isEmpty else { return nil }
    let list = open.map { "  \($0.step): \($0.reason)" }.joined(separator: "\n")
    return fail(
      "there is no terminal to ask at, and nothing was run; these steps need an answer:\n\(list)", 4)
  }

  private func summarize(_ outcome: RunOutcome, _ events: [RunEvent.Kind]) {
    guard let display else { return }
    var lines: [EventLines.Line] = []
    if options.isDryRun {
      let coverage = Coverage(of: events, run: run, plan: plan)
      lines.append(EventLines.Line(coverage.line, EventLines.style(of: outcome)))
    } else {
      lines.append(EventLines.Line(Tally(events).line, .faint))
    }
    lines.append(
      EventLines.Line(
        "runbook log \(run) shows this run again; runbook report \(run) makes a page of it", .faint))
    display.show(lines)
  }

  private func fail(_ message: String, _ code: Int32) -> Int32 {
    terminal?.restore()
    StandardStream.line("runbook: \(TerminalText.inertLines(message, indent: ""))", to: STDERR_FILENO)
    return code
  }

  private static func show(_ event: RunEvent, _ lines: EventLines, on display: RunDisplay) {
    switch event.kind {
    case .stepIntent(let intent):
      display.show(lines.lines(for: event.kind))
      display.setRunning(TerminalText.inert(intent.title))
    case .stepFinished:
      display.setRunning(nil)
      display.show(lines.lines(for: event.kind))
    // The question was on the terminal already, with more than a line can say.
    case .confirmAsked: break
    case .runPlanned, .runStarted, .runResumed, .runFinished, .conditionDecided, .stepSkipped,
      .confirmAnswered,
      .manualAnswered, .inputAnswered, .stepUnknown, .stepResolved, .artifact, .failureAsked,
      .failureAnswered,
      .undoStarted, .signalReceived:
      display.show(lines.lines(for: event.kind))
    }
  }

  /// One line of `--format json`.
  private static func json(_ event: RunEvent, _ run: RunID) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("type", .string(event.kind.type)), .init("run", .string(run.rawValue)),
      .init("mode", .string(event.mode.rawValue)),
    ]
    if let subject = event.kind.subject {
      members.append(.init("step", .string(subject.step.rawValue)))
      if let attempt = subject.attempt { members.append(.init("attempt", .integer(attempt))) }
    }
    return .object(members + [.init("data", .object(event.kind.data))])
  }
}
