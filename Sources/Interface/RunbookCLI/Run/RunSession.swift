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
    var onLoss: LossOptions.Policy
  }

  /// What is run, and from where on.
  enum Beginning {
    case new(Planning.Result)
    case resumed(PriorRun, Going)
  }

  /// What a person says when a run is to go on.
  struct Going {
    /// Of the step whose end nobody saw.
    var decision: UnknownDecision?
    /// Kill what is left of it.
    var endsSurvivors = false
    /// Where texts stand that earlier steps had masked.
    var masks: [SecretReference] = []
  }

  let beginning: Beginning
  let plan: Plan
  let digest: Digest
  let options: Options
  let run: RunID
  let store: AuditStore
  var locks: RunLocks
  let processes: SupervisedProcesses
  let filters: WorkerFilters
  let interrupt: SignalInterrupt
  let screen: Screen
  let display: RunDisplay?
  let terminal: OperatorTerminal?
  let services: RunServices

  /// A new run. Opens the log and prepares everything; starts no process.
  ///
  /// - Throws: `CommandFailure` with exit code 74 where the log cannot be written.
  init(_ planned: Planning.Result, options: Options) throws(CommandFailure) {
    let run = RunID.new()
    let store = try Self.openStore()
    try self.init(
      .new(planned), run: run, plan: planned.plan, digest: planned.digest,
      directory: planned.page.entry.repositoryRoot, store: store, locks: try RunLocks(run: run, store: store),
      options: options)
  }

  /// The rest of a run.
  ///
  /// - Parameter locks: Has the lock on the run itself.
  init(
    resuming prior: PriorRun, _ going: Going, store: AuditStore, locks: RunLocks, options: Options
  ) throws(CommandFailure) {
    try self.init(
      .resumed(prior, going), run: prior.run, plan: prior.plan,
      digest: prior.contract.planDigest, directory: prior.contract.directory, store: store, locks: locks,
      options: options)
  }

  private init(
    _ beginning: Beginning, run: RunID, plan: Plan, digest: Digest, directory: String, store: AuditStore,
    locks: RunLocks, options: Options
  ) throws(CommandFailure) {
    self.beginning = beginning
    self.plan = plan
    self.digest = digest
    self.options = options
    self.run = run
    self.store = store
    self.locks = locks
    interrupt = SignalInterrupt()
    screen = Screen()
    display = options.format == .text ? RunDisplay(screen: screen) : nil
    terminal = OperatorTerminal()
    let processes = SupervisedProcesses(
      run: run, exitLog: try Self.exitLog(of: run, in: store),
      onLoss: options.onLoss == .finish ? .finish : .kill)
    self.processes = processes
    filters = WorkerFilters(plan: plan, processes: processes)
    var loan: TerminalLoan?
    if let terminal, let display { loan = TerminalLoan(terminal: terminal, display: display) }
    services = RunServices(
      processes: processes, terminal: loan, workingDirectory: directory,
      secrets: SecretStore(directory: directory, processes: processes), blobs: store.blobs,
      display: display, interrupt: interrupt)
  }

  /// The log, ready to be written.
  static func openStore() throws(CommandFailure) -> AuditStore {
    do throws(AuditFailure) {
      return try AuditStore.open(.current(), version: RunbookCommand.version)
    } catch {
      throw CommandFailure(
        "nothing was run, because the audit log cannot be written: \(error.reason)", exitCode: 74)
    }
  }

  static func exitLog(of run: RunID, in store: AuditStore) throws(CommandFailure) -> String {
    do throws(AuditFailure) {
      return try store.folder(of: run) + "/exits"
    } catch {
      throw CommandFailure(
        "nothing was run, because the audit log cannot be written: \(error.reason)", exitCode: 74)
    }
  }

  /// Runs to the end.
  ///
  /// - Returns: The exit code.
  func run() async -> Int32 {
    let recorder = EventRecorder(prior?.events ?? [])
    var session = self
    let code = await session.attend(recorder)
    session.locks.release(leavesDebt: OpenWrite(in: recorder.events) != nil)
    return code
  }

  var prior: PriorRun? {
    if case .resumed(let prior, _) = beginning { prior } else { nil }
  }

  private mutating func attend(_ recorder: EventRecorder) async -> Int32 {
    let signals = await interrupt.listen()
    defer { signals.cancel() }
    do {
      if !options.isDryRun { try locks.take(plan.locks, store: store) }
      try locks.share(with: processes)
      if display != nil { processes.prepare() }
      let code = try await execute(recorder)
      await close()
      return code
    } catch let failure as JournalFailure {
      await close()
      let code = fail("stopped, because the audit log cannot be written: \(failure.reason)", 74)
      let hint = recorder.events.isEmpty ? "" : resumeHint(recorder.events)
      if !hint.isEmpty { StandardStream.line(hint, to: STDERR_FILENO) }
      return code
    } catch let failure as CommandFailure {
      await close()
      return fail(failure.message ?? "", failure.exitCode)
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

  private func execute(_ recorder: EventRecorder) async throws -> Int32 {
    var runOptions = try await runOptions()
    runOptions.locks = locks.claims
    if let code = await refusal(runOptions) { return code }
    try endSurvivors()
    services.secrets.openAhead(plan.secrets(by: .standard))
    let lines = EventLines(plan, invocationLimit: 8)
    let journal = ShowingJournal(journal: store) { [display, options, run] event in
      if let display {
        Self.show(event, lines, on: display)
      } else if options.format == .json {
        StandardStream.line(Self.json(event, run).text)
      }
    }
    display?.show([EventLines.Line("  run \(run)", .faint)] + notices)
    let live = LivePerformer(plan: plan, adapters: .standard, services: services, filters: filters)
    let performer: any StepPerformer =
      options.isDryRun
      ? RehearsalPerformer(plan: plan, adapters: .standard, services: services, filters: filters) : live
    let engine = RunEngine(
      run: run, plan: plan, performer: performer, confirmer: confirmer(),
      journal: ShowingJournal(journal: journal, showsUnacknowledged: true) { recorder.add($0.kind) },
      filters: filters,
      interrupt: interrupt, options: runOptions, replaying: prior?.events ?? [])
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

  /// Whether questions can be put: `--format json` leaves the terminal to a program.
  var canAsk: Bool { terminal != nil && display != nil }

  /// Why they cannot.
  var absence: String {
    display == nil ? "with --format json nobody is asked" : "there is no terminal to ask at"
  }

  private func confirmer() -> any Confirmer {
    guard let terminal, let display else { return AbsentConfirmer() }
    return TerminalConfirmer(
      terminal: terminal, display: display, interrupt: interrupt, screen: screen, plan: plan)
  }

  /// The run's first event: what was agreed on, with the texts it was agreed on stored.
  func contract() async throws(JournalFailure) -> RunPlanned {
    guard case .new(let planned) = beginning else { preconditionFailure("a resumed run has its contract") }
    var contract = RunPlanned(
      runbook: plan.runbook, environment: plan.environment.name, environmentDigest: plan.environment.digest,
      planDigest: digest)
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
    contract.directory = services.workingDirectory
    if let state = await GitState.of(planned.page.entry, processes: processes, interrupt: interrupt) {
      contract.gitCommit = state.commit
      contract.gitIsDirty = state.isDirty
    }
    return contract
  }

  /// Refuses before the first step where a person would have to answer and none is there.
  private func refusal(_ runOptions: RunOptions) async -> Int32? {
    guard !canAsk, !options.isDryRun else { return nil }
    var unattended = runOptions
    unattended.hasTerminal = false
    var skipped = await Preflight.settledSkips(of: plan, run: run, filters: filters)
    if let prior { skipped.formUnion(prior.settledBefore(by: runOptions)) }
    let open = Preflight.unanswerable(plan, mode: .run, options: unattended, skipped: skipped)
    guard !open.isEmpty else { return nil }
    let list = open.map { "  \($0.step): \($0.reason)" }.joined(separator: "\n")
    return fail(
      "\(absence), and nothing was run; these steps need an answer:\n\(list)", 4)
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
    var hint = resumeHint(events)
    if case .failed = outcome, !canAsk, !hint.isEmpty {
      hint = "at a terminal the failed step can be tried again: runbook resume \(run)"
    }
    if outcome != .completed, !hint.isEmpty { lines.append(EventLines.Line(hint, .caution)) }
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
      if !display.takeAgreement(to: intent.step) { display.show(lines.lines(for: event.kind)) }
      display.setRunning(TerminalText.inert(intent.title))
    case .stepFinished:
      display.setRunning(nil)
      display.show(lines.lines(for: event.kind))
    // The question was on the terminal already, with more than a line can say.
    case .confirmAsked: break
    case .runPlanned, .runStarted, .runResumed, .runFinished, .conditionDecided, .stepSkipped,
      .confirmAnswered,
      .manualAnswered, .inputAnswered, .stepWithdrawn, .stepUnknown, .stepResolved, .artifact, .failureAsked,
      .failureAnswered,
      .undoStarted, .signalReceived, .lockAcquired:
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
