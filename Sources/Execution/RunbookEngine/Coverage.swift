public import RunbookModel

/// How much of a plan a dry run could tell of: what its last line says.
public struct Coverage: Sendable, Hashable {
  /// Selected main steps the rehearsal came to, and the undo and rescue steps they name.
  public internal(set) var steps: Int
  /// Steps by verdict; a verdict that no step got is absent.
  public internal(set) var counts: [Verdict: Int] = [:]
  /// Steps that could not be told of, because a step they need failed.
  public internal(set) var blocked = 0

  init(steps: Int) { self.steps = steps }

  /// Counts the events of one dry run of `plan`, also of one read back from the log.
  public init(of events: some Sequence<RunEvent.Kind>, run: RunID, plan: Plan) {
    var state = RehearsalState(run: run, plan: plan)
    for event in events { state.apply(event) }
    self = state.coverage
  }

  /// For example `9 steps: 5 executed, 3 verified, 1 unverifiable`.
  public var line: String {
    var parts = Verdict.allCases.compactMap { verdict in
      counts[verdict].map { "\($0) \(verdict.rawValue)" }
    }
    if blocked > 0 { parts.append("\(blocked) blocked") }
    let total = steps == 1 ? "1 step" : "\(steps) steps"
    return parts.isEmpty ? total : "\(total): \(parts.joined(separator: ", "))"
  }
}
