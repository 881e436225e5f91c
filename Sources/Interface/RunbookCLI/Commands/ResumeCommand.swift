import ArgumentParser
import RunbookAudit
import RunbookEngine
import RunbookModel

/// `runbook resume`.
struct ResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a run after a stop or a crash.",
    discussion: """
      Goes on behind the last thing the log knows of, with the page, the environment and the plan as they were stored
      with the run. What is done is not done again; outputs and answers are kept. Secrets are read again.

      A step that was begun and whose end nobody saw may have taken effect. Its 'verify' step finds out; if it is
      'idempotent' or only reads, it is run again; else a person says what became of it, here or at the question:
      --as done, --as failed or --as retry, with --note. --give-up ends the run instead, and frees its locks.

      What finished steps had masked was stored nowhere. Reads are run again to find it; of a step that changes
      something a person says it, with --mask, before anything else could write it.

      A run that is alive or ended is refused. What --yes and --confirm allowed the first process is not allowed to
      this one: give them again.

      EXAMPLES:
        runbook resume k3xqd
        runbook resume k3xqd --as done --note 'the console shows the new volume'
        runbook resume 20261120T231500Z-k3xqd --yes < /dev/null
        runbook resume k3xqd --give-up --note 'cleaned up by hand'
      """)

  /// What became of a step.
  enum Settlement: String, ExpressibleByArgument, CaseIterable {
    case done, failed, retry
  }

  @OptionGroup var formatOptions: FormatOptions
  @OptionGroup var lossOptions: LossOptions

  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      "What became of the step whose end nobody saw: done, failed or retry (run it again).", valueName: "what"
    ))
  var settlement: Settlement?

  @Flag(
    name: .customLong("give-up"), help: "The step whose end nobody saw counts as failed, and the run ends.")
  var givesUp = false

  @Option(help: ArgumentHelp("How you know, or why you give up; goes to the log.", valueName: "text"))
  var note: String?

  @Flag(
    name: .customLong("end-survivors"),
    help: "Kill the processes that the interrupted step left behind before going on.")
  var endsSurvivors = false

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Where texts stand, one a line, that finished steps had masked; may be repeated.",
      valueName: "reference"))
  var mask: [String] = []

  @Flag(help: "Answer yes for every step that is not destructive.")
  var yes = false

  @Option(
    parsing: .singleValue, help: ArgumentHelp("Answer yes for one step; may be repeated.", valueName: "id"))
  var confirm: [String] = []

  @Argument(
    help: ArgumentHelp("Name of a run, the beginning of it, or the letters at its end.", valueName: "run"),
    completion: .custom { _, _, prefix in ResumeCommand.resumable(prefix) })
  var name: String

  func validate() throws {
    if settlement != nil, givesUp { throw ValidationError("--as and --give-up exclude each other") }
    let isWanted = settlement != nil || givesUp
    let isGiven = note.map { !$0.allSatisfy(\.isWhitespace) } ?? false
    if isWanted, !isGiven { throw ValidationError("--note 'how you know' is wanted with --as and --give-up") }
    for text in mask where reference(text) == nil {
      throw ValidationError(
        "--mask \(text): env:NAME, file:PATH, dotenv:FILE#NAME or command:[\"program\"] is wanted")
    }
    if !isWanted, note != nil { throw ValidationError("--note goes with --as or --give-up") }
  }

  func run() async throws {
    let store = try RunSession.openStore()
    guard let reader = try AuditReader.openForCommand() else {
      throw CommandFailure("nothing was run yet", exitCode: 1)
    }
    let run = try AuditReader.reading { () throws(AuditFailure) in try reader.run(matching: name) }
    // First the lock: what the log says before may be about to change.
    let locks = try RunLocks(run: run, store: store, patience: .seconds(12))
    let prior: PriorRun
    let decision: UnknownDecision?
    do {
      prior = try PriorRun(run, reader: reader)
      decision = try self.decision(on: prior)
      for id in confirm where prior.plan.step(named: StepID(id)) == nil {
        throw CommandFailure("--confirm \(id): no step is named so", exitCode: 64)
      }
    } catch {
      locks.release(leavesDebt: false)
      throw error
    }
    let session = try RunSession(
      resuming: prior,
      RunSession.Going(
        decision: decision, endsSurvivors: endsSurvivors, masks: mask.compactMap { reference($0) }),
      store: store, locks: locks,
      options: RunSession.Options(
        isDryRun: prior.mode == .dryRun, yes: yes, confirmed: confirm.map { StepID($0) },
        format: formatOptions.format, onLoss: lossOptions.policy))
    let code = await session.run()
    if code != 0 { throw CommandFailure(nil, exitCode: code) }
  }

  /// A reference as given: its path is meant from here.
  private func reference(_ text: String) -> SecretReference? {
    guard let reference = SecretReference(name: text, parsing: text) else { return nil }
    if case .output = reference.source { return nil }
    return reference.relative(to: ProcessInfo.workingDirectory)
  }

  private func decision(on prior: PriorRun) throws(CommandFailure) -> UnknownDecision? {
    let choice: UnknownDecision.Choice
    switch settlement {
    case .done?: choice = .done
    case .failed?: choice = .failed
    case .retry?: choice = .retry
    case nil:
      guard givesUp else { return nil }
      choice = .giveUp
    }
    guard let unknown = prior.resumption.unknown else {
      throw CommandFailure(
        "\(prior.run) has no step whose end nobody saw: there is nothing to say 'done' or 'failed' of",
        exitCode: 64)
    }
    return UnknownDecision(
      step: unknown.step.id, attempt: unknown.attempt, choice: choice, note: note ?? "")
  }

  /// Runs for the shell to offer: those without an end, or with one that can be gone on from.
  private static func resumable(_ prefix: String) -> [String] {
    let runs = (try? AuditReader.open(.current())?.history()) ?? []
    return runs.filter { run in
      switch run.outcome {
      case .failed, .declined, .unknown, .interrupted, .unlogged, nil: run.id.rawValue.hasPrefix(prefix)
      case .completed, .undone, .incomplete, .refused: false
      }
    }.prefix(50).map(\.id.rawValue)
  }
}
