import RunbookAdapter
import RunbookEngine
import RunbookModel

/// A dry run of these steps without a terminal; reads whose id begins with `bad` fail.
struct Dry {
  var trial: Trial
  var rehearse: FakeAdapter.Rehearse = { _ in .success(.verified("parses")) }

  init(_ steps: [Step]) {
    trial = Trial(steps)
    trial.mode = .dryRun
    trial.hasTerminal = false
    trial.answersYes = false
  }

  /// What a dry run came to.
  struct Report {
    let outcome: RunOutcome
    let log: String
    /// What was said with each verdict, by step.
    let details: [String: String]
    /// What was done with the adapter, in order.
    let calls: [String]
  }

  func run(replaying events: [RunEvent.Kind] = []) async throws -> Report {
    let adapter = FakeAdapter(
      rehearse: rehearse,
      perform: { context, _ in
        guard context.step.rawValue.hasPrefix("bad") else {
          return .success(RawResult([.init("exit", 0)], outputs: ["out": "now"]))
        }
        let failure = StepFailure(.exit, "exit status 1", effectIsPossible: true)
        return .success(RawResult([.init("exit", 1)], failure: failure))
      })
    let performer = RehearsalPerformer(
      plan: trial.plan, adapters: AdapterRegistry([adapter]), services: FakeServices(),
      filters: trial.filters,
      clock: FakeClock().jumping)
    let outcome = try await trial.engine(performer, replaying: events).execute()
    var details: [String: String] = [:]
    for event in trial.journal.events {
      if case .stepFinished(let finished) = event {
        details[finished.step.rawValue] = finished.result.verdictDetail
      }
    }
    return Report(outcome: outcome, log: trial.journal.log, details: details, calls: adapter.calls.all)
  }

  /// The last line of the rehearsal, computed from the log.
  var coverage: String { Coverage(of: trial.journal.events, run: Trial.run, plan: trial.plan).line }
}
