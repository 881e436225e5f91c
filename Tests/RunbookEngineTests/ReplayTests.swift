@testable import RunbookEngine
import RunbookModel
import Testing

/// What holds of every plan, whatever happens: 40 random plans with random fates.
struct ReplayTests {
  private static let seeds = Array(UInt64(1)...40)

  /// Runs a trial; the performer itself checks that each intent is durable before it starts.
  private func run(
    _ random: RandomTrial, _ trial: Trial, replaying events: [RunEvent.Kind] = []
  ) async throws(JournalFailure) -> (outcome: RunOutcome, performer: ScriptedPerformer) {
    let performer = ScriptedPerformer(trial.journal, script: trial.script)
    let engine = RunEngine(
      run: Trial.run, plan: trial.plan, performer: performer, confirmer: FatefulConfirmer(seed: random.seed),
      journal: trial.journal, filters: trial.filters, interrupt: trial.interrupt, options: trial.options,
      replaying: events, clock: trial.clock)
    return (try await engine.execute(), performer)
  }

  private func intents(in events: some Sequence<RunEvent.Kind>) -> [ScriptedPerformer.Performed] {
    events.compactMap { event in
      guard case .stepIntent(let intent) = event else { return nil }
      return .init(step: intent.step, attempt: intent.attempt, role: intent.role)
    }
  }

  @Test(arguments: seeds)
  func `every intent is followed by its outcome, and what is performed was intended once`(
    seed: UInt64
  )
    async throws
  {
    let random = RandomTrial(seed: seed)
    let trial = random.trial()
    let (outcome, performer) = try await run(random, trial)
    let events = trial.journal.events
    let intended = intents(in: events)
    #expect(Set(intended).count == intended.count)
    #expect(Set(performer.performed).isSubset(of: intended))
    var open: StepID?
    for event in events {
      switch event {
      case .stepIntent(let intent):
        #expect(open == nil)
        open = intent.step
      case .stepFinished(let finished):
        #expect(open == finished.step)
        open = nil
      default: break
      }
    }
    #expect(open == nil)
    #expect(events.last == .runFinished(outcome))
  }

  @Test(arguments: seeds)
  func `a run that ended well has no step that did not`(seed: UInt64) async throws {
    let random = RandomTrial(seed: seed)
    let trial = random.trial()
    let (outcome, _) = try await run(random, trial)
    var state = RunState(run: Trial.run, plan: trial.plan)
    for event in trial.journal.events { state.apply(event) }
    for step in trial.plan.mainSteps where outcome == .completed {
      switch state.status(of: step.id) {
      case .ok, .done, .skipped: break
      case .failed: #expect(step.onFailure == .continue)
      case .declined, .blocked, .unknown, nil: Issue.record("\(step.id) in a completed run")
      }
    }
    if case .undone = outcome { #expect(state.undoCandidates.isEmpty && state.unknownStep == nil) }
  }

  @Test(arguments: seeds)
  func `steps are taken back last in first out`(seed: UInt64) async throws {
    let random = RandomTrial(seed: seed)
    let trial = random.trial()
    _ = try await run(random, trial)
    let order = Dictionary(
      uniqueKeysWithValues: trial.plan.mainSteps.enumerated().map { ($1.id, $0) })
    let undone = intents(in: trial.journal.events).compactMap { performed in
      if case .undo(let owner) = performed.role { order[owner] } else { nil }
    }
    #expect(undone == undone.sorted(by: >))
    #expect(Set(undone).count == undone.count)
  }

  @Test(arguments: seeds)
  func `no step starts when its intent cannot be journaled`(seed: UInt64) async throws {
    let random = RandomTrial(seed: seed)
    let whole = random.trial()
    _ = try await run(random, whole)
    for capacity in 0..<whole.journal.commits.count {
      let trial = random.trial(capacity: capacity)
      let performer = ScriptedPerformer(trial.journal, script: trial.script)
      let engine = RunEngine(
        run: Trial.run, plan: trial.plan, performer: performer,
        confirmer: FatefulConfirmer(seed: random.seed), journal: trial.journal, filters: trial.filters,
        interrupt: trial.interrupt, options: trial.options, clock: trial.clock)
      await #expect(throws: JournalFailure.self) { try await engine.execute() }
      #expect(trial.journal.commits == Array(whole.journal.commits[..<capacity]))
      let started = performer.performed
      let intended = intents(in: trial.journal.events)
      #expect(Set(started).isSubset(of: intended))
      #expect(started.count <= intended.count)
    }
  }

  @Test(arguments: seeds)
  func `from every prefix the run goes on as it did, and repeats nothing that was intended`(
    seed: UInt64
  )
    async throws
  {
    let random = RandomTrial(seed: seed)
    let whole = random.trial()
    let (outcome, _) = try await run(random, whole)
    let all = whole.journal.events
    for count in 2..<max(2, all.count) {
      let prefix = Array(all[..<count])
      let trial = random.trial()
      let (again, performer) = try await run(random, trial, replaying: prefix)
      #expect(Set(performer.performed).isDisjoint(with: intents(in: prefix)))
      let rest = trial.journal.events
      switch prefix[count - 1] {
      case .stepIntent(let intent):
        #expect(rest.first == .stepUnknown(intent.step, attempt: intent.attempt))
        #expect(rest.last == .runFinished(again))
        let step = try #require(trial.plan.step(named: intent.step))
        let isBegunAgain = performer.performed.contains { $0.step == step.id }
        let isAllowed =
          step.isIdempotent || step.effect == .read || rest.contains { Self.isRetry($0, of: step.id) }
        #expect(!isBegunAgain || isAllowed, "\(step.id) is not repeated unless somebody says so")
      case .confirmAsked, .failureAsked:
        #expect(Array(prefix.dropLast()) + rest == all)
        #expect(again == outcome)
      default:
        #expect(prefix + rest == all)
        #expect(again == outcome)
      }
    }
  }

  private static func isRetry(_ event: RunEvent.Kind, of id: StepID) -> Bool {
    guard case .failureAnswered(id, _, .retry, _, .person) = event else { return false }
    return true
  }

  @Test(arguments: seeds)
  func
    `killed again and again at every event, a run gets to its end and repeats nothing that may have happened`(
      seed: UInt64
    )
    async throws
  {
    let random = RandomTrial(seed: seed)
    let whole = random.trial()
    _ = try await run(random, whole)
    for count in stride(from: 2, through: whole.journal.events.count, by: 3) {
      var events = Array(whole.journal.events.prefix(count))
      // Each process but the last dies after five more events: one is its own beginning.
      for round in 1...20 {
        guard Resumption(run: Trial.run, mode: .run, plan: whole.plan, events: events).end == nil else {
          break
        }
        var trial = random.trial()
        trial.resumesAfter = UInt64(events.count - 1)
        let isLast = round == 20
        let (_, performer) = try await run(random, trial, replaying: events)
        let added = isLast ? trial.journal.events : Array(trial.journal.events.prefix(5))
        #expect(Set(performer.performed).isDisjoint(with: intents(in: events)))
        events += added
        if case .runFinished? = added.last { break }
      }
      guard case .runFinished? = events.last else { continue }
      try checkRepeats(events, whole.plan)
    }
  }

  /// Between two intents of a write that is not idempotent somebody said that it failed, or said to begin it again.
  private func checkRepeats(_ events: [RunEvent.Kind], _ plan: Plan) throws {
    var open: Set<StepID> = []
    for event in events {
      switch event {
      case .stepIntent(let intent):
        let step = try #require(plan.step(named: intent.step))
        guard step.effect > .read, !step.isIdempotent else { break }
        let isFirst = open.insert(step.id).inserted
        #expect(isFirst)
      case .stepFinished(let finished): if finished.result.status != .unknown { open.remove(finished.step) }
      case .stepResolved(let id, _, _, _, _): open.remove(id)
      case .failureAnswered(let id, _, .retry, _, .person): open.remove(id)
      default: break
      }
    }
  }

  @Test(arguments: seeds)
  func `replaying a journal gives the state the run ended in`(seed: UInt64) async throws {
    let random = RandomTrial(seed: seed)
    let trial = random.trial()
    let performer = ScriptedPerformer(trial.journal, script: trial.script)
    let engine = RunEngine(
      run: Trial.run, plan: trial.plan, performer: performer, confirmer: FatefulConfirmer(seed: seed),
      journal: trial.journal, filters: trial.filters, interrupt: trial.interrupt, options: trial.options,
      clock: trial.clock)
    _ = try await engine.execute()
    var replayed = RunState(run: Trial.run, plan: trial.plan)
    for event in trial.journal.events { replayed.apply(event) }
    #expect(await engine.walk as? RunState == replayed)
  }
}
