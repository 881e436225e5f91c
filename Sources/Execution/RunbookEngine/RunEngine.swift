import RunbookAdapter
public import RunbookModel

/// Carries a run out: asks, records, performs, in the order the run's state wants.
///
/// Nothing starts before its intent is durable. The outcome of a step, answers nobody was asked for and the next
/// intent share one commit; before anybody is asked, and while a filter takes its time, what is known is written
/// first. Ctrl-C ends the running step and then the run: with `.interrupted`, or with `.unknown` where a step
/// that changes something was cut off.
public actor RunEngine {
  /// Every durable event of this process in order, without loss; ends with `execute`. Replayed ones are not in it.
  public nonisolated let events: AsyncStream<RunEvent>

  let run: RunID
  let performer: any StepPerformer
  let confirmer: any Confirmer
  let options: RunOptions
  let interrupt: any RunInterrupt
  var walk: any RunWalk

  private let journal: any RunJournal
  private let filters: any FilterEvaluator
  private let clock: RunClock
  private let observer: AsyncStream<RunEvent>.Continuation
  /// Applied but not durable yet.
  private var pending: [RunEvent.Kind] = []
  private var hasNotedSignal = false
  private var isExecuting = false
  /// Whether the run's end is among the events.
  private var isEndNoted = false

  /// Patience for a filter before what is known is written first.
  private static let filterPatience = Duration.milliseconds(10)

  /// An engine for one run of `plan`.
  ///
  /// - Parameter events: Of an earlier process of this run, or for mode `undo` of the run to take back.
  public init(
    run: RunID, plan: Plan, performer: any StepPerformer, confirmer: any Confirmer, journal: any RunJournal,
    filters: any FilterEvaluator, interrupt: any RunInterrupt, options: RunOptions,
    replaying events: [RunEvent.Kind] = [], clock: RunClock = .continuous
  ) {
    (self.events, observer) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    self.run = run
    self.performer = performer
    self.confirmer = confirmer
    self.journal = journal
    self.filters = filters
    self.interrupt = interrupt
    self.options = options
    self.clock = clock
    switch performer.mode {
    case .run: walk = RunState(run: run, plan: plan)
    case .undo: walk = RunState(run: run, plan: plan, isUndo: true)
    case .dryRun: walk = RehearsalState(run: run, plan: plan)
    }
    for event in events { walk.apply(event) }
    let locks = options.locks.map { RunEvent.Kind.lockAcquired($0) }
    if let resumption = options.resumption {
      pending = [.runResumed(resumption)] + locks
    } else if !walk.hasStarted || performer.mode == .undo {
      let selection = walk.ledger.mainSteps.filter { !plan.unselected.contains($0) }
      pending = [.runPlanned(options.contract)] + locks + [.runStarted(selection: selection)]
    }
    for event in pending { walk.apply(event) }
  }

  /// Walks to the end. To be called once.
  ///
  /// - Throws: When an event could not be made durable. Nothing was started after that, a destructive step that ran
  ///   was ended, and how the run ended was logged if that was still possible (the reserve of a full disk).
  public func execute() async throws(JournalFailure) -> RunOutcome {
    precondition(!isExecuting, "an engine executes one run, once")
    isExecuting = true
    defer { observer.finish() }
    do throws(JournalFailure) {
      return try await walkToTheEnd()
    } catch {
      // The log has the events before this one, and may have the run's end among them.
      if !error.isRecorded || !isEndNoted { note(.runFinished(.unlogged(error.reason))) }
      do throws(JournalFailure) { try await flush() } catch {}
      throw error
    }
  }

  private func walkToTheEnd() async throws(JournalFailure) -> RunOutcome {
    while true {
      noteSignal()
      switch walk.next(options) {
      case .decide(let id, let index): try await decide(id, index)
      case .skip(let id, let reason): note(.stepSkipped(id, reason))
      case .confirm(let id, let role, let request, let automatic):
        try await confirm(id, role, request, automatic)
      case .askForManual(let id, let role): try await askForManual(id, role)
      case .askForInput(let id, let role): try await askForInput(id, role)
      case .begin(let id, let role, let standing): try await begin(id, role, standing)
      case .fail(let id, let role, let failure): fail(id, role, failure)
      case .handleFailure(let id, let choices, let automatic):
        try await handleFailure(id, choices, automatic)
      case .startUndo(let after, let steps): note(.undoStarted(after: after, steps: steps))
      case .settle(let id, let attempt, let role): settle(id, attempt, role)
      case .settleUnknown(let id, let choices, let automatic): try await settleUnknown(id, choices, automatic)
      case .finish(let outcome):
        try await record(.runFinished(outcome))
        return outcome
      }
    }
  }

  // MARK: Events

  /// Applies an event that may become durable later, together with what follows.
  func note(_ event: RunEvent.Kind) {
    if case .runFinished = event { isEndNoted = true }
    walk.apply(event)
    pending.append(event)
  }

  /// Applies an event and makes it durable with everything before it.
  func record(_ event: RunEvent.Kind) async throws(JournalFailure) {
    note(event)
    try await flush()
  }

  /// Makes everything durable, and only then shows it.
  func flush() async throws(JournalFailure) {
    guard !pending.isEmpty else { return }
    let mode = performer.mode
    let batch = pending.map { RunEvent(run: run, mode: mode, kind: $0) }
    pending = []
    _ = try await journal.append(batch)
    for event in batch { observer.yield(event) }
  }

  /// Notes, once, that a signal wants the run to end.
  func noteSignal() {
    guard interrupt.level > .none, !hasNotedSignal else { return }
    hasNotedSignal = true
    note(.signalReceived(interrupt.signal ?? "SIGTERM"))
  }

  // MARK: Steps

  private func begin(
    _ id: StepID, _ role: StepRole, _ standing: RehearsalStanding
  ) async throws(JournalFailure) {
    let step = walk.ledger.step(id)
    let values = walk.ledger.values(for: step)
    let intent = intent(of: step, role, values)
    do throws(JournalFailure) {
      try await record(.stepIntent(intent))
    } catch {
      // The log has the intent, and will say that nothing came of it, so that no resume has to wonder.
      if error.isRecorded { note(.stepWithdrawn(id, attempt: intent.attempt)) }
      throw error
    }
    let judging = [step.expect, step.mask].compactMap(\.self) + step.outputs.compactMap(\.filter)
    let performance = await perform(
      StepTask(
        run: run, step: step, attempt: intent.attempt, role: role, values: values,
        variables: walk.ledger.variables(for: judging, in: step),
        remaining: step.isInteractive ? nil : walk.remainingMilliseconds.map { .milliseconds($0) },
        standing: standing,
        interrupt: interrupt))
    if performance.journalFailure == nil { noteSignal() }
    var finished = StepFinished(
      step: id, attempt: intent.attempt, role: role, result: performance.result,
      activeMilliseconds: performance.activeMilliseconds)
    finished.polls = performance.polls
    finished.outputs = performance.outputs
    finished.survivors = performance.survivors
    note(.stepFinished(finished))
    for artifact in performance.artifacts { note(.artifact(id, artifact)) }
    if let failure = performance.journalFailure { throw failure }
  }

  /// Has it carried out. A destructive step is ended when the log fails under it; any other may finish.
  private func perform(_ task: StepTask) async -> StepPerformance {
    let (performer, journal, interrupt) = (performer, journal, interrupt)
    guard task.step.effect == .destructive, performer.mode != .dryRun else {
      return await performer.perform(task)
    }
    enum News { case performance(StepPerformance), failure(JournalFailure?) }
    return await withTaskGroup(of: News.self) { group in
      group.addTask { .performance(await performer.perform(task)) }
      group.addTask {
        let failure = await journal.failed()
        if failure != nil { interrupt.endStep() }
        return .failure(failure)
      }
      var failure: JournalFailure?
      var result: StepPerformance?
      for await news in group {
        switch news {
        case .failure(let found): failure = found
        case .performance(let performance):
          result = performance
          group.cancelAll()
        }
      }
      guard var result else { preconditionFailure("the performer's task gives a result") }
      result.journalFailure = result.journalFailure ?? failure
      return result
    }
  }

  private func intent(of step: Step, _ role: StepRole, _ values: [String: Value]) -> StepIntent {
    let description = performer.describe(step, values: values)
    return StepIntent(
      step: step.id, attempt: walk.attempts(of: step.id) + 1, role: role,
      title: performer.redacted(step.title), effect: step.effect, target: description.target,
      invocation: description.invocation, isSimulated: description.isSimulated)
  }

  /// Notes an attempt that ended before anything of it started.
  private func fail(_ id: StepID, _ role: StepRole, _ failure: StepFailure) {
    let step = walk.ledger.step(id)
    let intent = intent(of: step, role, walk.ledger.values(for: step))
    note(.stepIntent(intent))
    let told = StepFailure(failure.reason, performer.redacted(failure.detail), effectIsPossible: false)
    var result = StepResult(failed: .failed, told, milliseconds: 0)
    if performer.mode == .dryRun {
      result.verdict = .failed
      result.verdictDetail = told.detail
    }
    var finished = StepFinished(
      step: id, attempt: intent.attempt, role: role, result: result, activeMilliseconds: 0)
    finished.polls = 0
    note(.stepFinished(finished))
  }

  /// Notes what is known of an attempt in which an earlier process died: how it ended, or nothing.
  private func settle(_ id: StepID, _ attempt: Int, _ role: StepRole) {
    guard performer.mode != .dryRun, let exit = options.recovered, exit.step == id, exit.attempt == attempt,
      let result = exit.result(of: walk.ledger.step(id))
    else { return note(.stepUnknown(id, attempt: attempt)) }
    var finished = StepFinished(
      step: id, attempt: attempt, role: role, result: result, activeMilliseconds: 0)
    finished.isRecovered = true
    note(.stepFinished(finished))
  }

  // MARK: Conditions

  private func decide(_ id: StepID, _ index: Int) async throws(JournalFailure) {
    let step = walk.ledger.step(id)
    let filter = step.conditions[index]
    let answer = try await evaluate(filter, walk.ledger.variables(for: [filter], in: step))
    let decision: Result<Bool, StepFailure> =
      switch answer {
      case .success(let values): Evaluation.boolean(values, "if")
      case .failure(let failure): .failure(failure)
      }
    switch decision {
    case .success(let isTrue): note(.conditionDecided(id, index: index, isTrue: isTrue))
    case .failure where interrupt.level > .none: break
    case .failure(let failure):
      let told = StepFailure(
        failure.reason, "the condition \(filter.source) failed: \(failure.detail)", effectIsPossible: false)
      fail(id, walk.role(of: id), told)
    }
  }

  /// Evaluates a filter; where that takes a while, what is known becomes durable meanwhile.
  private func evaluate(
    _ filter: Filter, _ variables: [String: JSONValue]
  ) async throws(JournalFailure) -> Result<[JSONValue], StepFailure> {
    let filters = filters
    guard !pending.isEmpty else { return await filters.result(of: filter, variables) }
    let (clock, interrupt) = (clock, interrupt)
    var journalFailure: JournalFailure?
    let answer = await withTaskGroup(of: Result<[JSONValue], StepFailure>?.self) { group in
      group.addTask { await filters.result(of: filter, variables) }
      group.addTask {
        await clock.pause(Self.filterPatience, interrupt)
        return nil
      }
      while let first = await group.next() {
        if let first {
          group.cancelAll()
          return Optional(first)
        }
        do throws(JournalFailure) {
          try await flush()
        } catch {
          journalFailure = error
          group.cancelAll()
          return nil
        }
      }
      return nil
    }
    if let journalFailure { throw journalFailure }
    guard let answer else { preconditionFailure("the filter's task gives an answer") }
    return answer
  }
}

extension FilterEvaluator {
  /// The values or the failure, as a value.
  fileprivate func result(
    of filter: Filter, _ variables: [String: JSONValue]
  ) async -> Result<[JSONValue], StepFailure> {
    do throws(StepFailure) {
      return .success(
        try await evaluate(filter, input: .null, variables: variables, within: Judgement.filterLimit))
    } catch {
      return .failure(error)
    }
  }
}
