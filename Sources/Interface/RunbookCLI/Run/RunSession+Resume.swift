import Glibc
import RunbookDiagnostics
import RunbookEngine
import RunbookModel
import RunbookProcesses

/// Going on with a run that another process began.
extension RunSession {
  func runOptions() async throws -> RunOptions {
    guard case .resumed(let prior, let decision, let endsSurvivors) = beginning else {
      return RunOptions(contract: try await contract(), hasTerminal: canAsk)
    }
    let survivors = try survivors(of: prior, areEnded: endsSurvivors)
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
    guard case .resumed(let prior, _, endsSurvivors: true) = beginning, let marker = prior.openMarker else {
      return
    }
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
