import Glibc
import RunbookDiagnostics
import RunbookEngine
import RunbookModel
import RunbookProcesses
import RunbookSecrets

/// Going on with a run that another process began.
extension RunSession {
  func runOptions() async throws -> RunOptions {
    guard case .resumed(let prior, let going) = beginning else {
      return RunOptions(contract: try await contract(), hasTerminal: canAsk)
    }
    try await maskAgain(prior, going)
    let decision = going.decision
    let survivors = try survivors(of: prior, areEnded: going.endsSurvivors)
    var contract = prior.contract
    contract.answersYes = options.yes
    contract.confirmed = options.confirmed
    var runOptions = RunOptions(contract: contract, hasTerminal: canAsk)
    runOptions.decision = decision
    runOptions.recovered = prior.recoveredExit(in: try Self.exitLog(of: run, in: store))
    var resumption = RunResumed(after: prior.lastSequence)
    resumption.answersYes = options.yes
    resumption.confirmed = options.confirmed
    resumption.survivors = survivors.map(\.name)
    resumption.masks = going.masks.map(\.text)
    runOptions.resumption = resumption
    if let unknown = prior.resumption.unknown, !unknown.isSettledByPage, decision == nil,
      !runOptions.hasTerminal, runOptions.recovered?.decides(unknown.step) != true
    {
      throw CommandFailure(
        """
        '\(unknown.step.id)' was begun and nobody saw its end: it may have taken effect; \
        \(absence), and nothing was run; say what became of it:
        """, listing: ["runbook resume \(run) --as done|failed|retry --note 'how you know'"], exitCode: 7)
    }
    return runOptions
  }

  /// Makes known again what finished steps had masked: reads find it once more, the rest a person says.
  ///
  /// - Throws: `CommandFailure` with exit code 6 where what comes could write it unmasked.
  private func maskAgain(_ prior: PriorRun, _ going: Going) async throws(CommandFailure) {
    let names = prior.resumption.lostMasks.map { "'\($0)'" }
    guard names.isEmpty || !going.masks.isEmpty || going.decision?.choice == .giveUp else {
      throw CommandFailure(
        """
        \(names.joined(separator: ", ")) masked texts, which are stored nowhere: the steps to come could write them for all \
        to read, and nothing was run; say where they stand, one a line:
        """, listing: ["runbook resume \(run) --mask file:PATH"], exitCode: 6)
    }
    do throws(StepFailure) {
      let request = SessionRequest(run: run, step: StepID("-"), attempt: 0, secrets: [], holdsOutput: false)
      try await services.secrets.mask(linesOf: going.masks, in: services.context(of: request))
    } catch {
      throw CommandFailure("nothing was run: \(error.detail)", exitCode: 6)
    }
  }

  /// What is still running of the run. Of the step it died in nothing may be: it could still take effect.
  ///
  /// - Throws: `CommandFailure` with exit code 6, naming what is left.
  private func survivors(of prior: PriorRun, areEnded: Bool) throws(CommandFailure) -> [Leftover] {
    let exits = try Self.exitLog(of: run, in: store)
    var (open, others) = prior.leftovers(exitLog: exits)
    if areEnded { return open + others }
    // Who is just about to end is no survivor.
    for _ in 0..<50 where !open.isEmpty {
      usleep(20_000)
      open = prior.leftovers(exitLog: exits).ofOpenStep
    }
    guard open.isEmpty else { throw Self.failure(naming: open) }
    return others
  }

  /// Kills what `--end-survivors` wants killed, after everything else that could refuse.
  func endSurvivors() throws(CommandFailure) {
    guard case .resumed(let prior, let going) = beginning, going.endsSurvivors,
      let marker = prior.openMarker
    else { return }
    let marks = prior.marks(in: try Self.exitLog(of: run, in: store))
    let left = LeftoverProcesses.end(marker, of: run, marks: marks, within: .seconds(5))
    guard left.isEmpty else { throw Self.failure(naming: left) }
  }

  private static func failure(naming survivors: [Leftover]) -> CommandFailure {
    let step = survivors.first?.marker.split(separator: "/").dropFirst().first ?? ""
    return CommandFailure(
      """
      processes of '\(step)', in which the run died, are still there, and nothing was run; \
      wait for their end, or let --end-survivors kill them:
      """, listing: survivors.map { "\($0.pid) \($0.command)" }, exitCode: 6)
  }

  /// What a person should know before a run goes on.
  var notices: [EventLines.Line] {
    guard let prior else { return [] }
    var texts: [String] = []
    if let notice = prior.pageNotice { texts.append(notice) }
    if plan.program != RunbookCommand.version {
      texts.append("the run was begun by version \(plan.program) of this program")
    }
    for secret in prior.resumption.lostSecrets {
      texts.append(
        "the secret '\(secret.name)' that '\(secret.step)' made was never stored: steps that use it are blocked"
      )
    }
    let done = plan.mainSteps.filter { prior.resumption.passed.contains($0.id) }.count
    return [EventLines.Line("  \(done) of \(plan.mainSteps.count) steps are behind it", .faint)]
      + texts.map { EventLines.Line("  ! \(TerminalText.inert($0))", .caution) }
  }

  func resumeHint(_ events: [RunEvent.Kind]) -> String {
    let resumption = Resumption(
      run: run, mode: options.isDryRun ? .dryRun : .run, plan: plan, events: events)
    guard resumption.end == nil else { return "" }
    guard let step = resumption.unknown?.step, !step.isIdempotent, step.effect > .read else {
      return "resume with: runbook resume \(run)"
    }
    return
      "resume with: runbook resume \(run) --as done|failed|retry --note 'what became of \(step.id)'"
  }
}
