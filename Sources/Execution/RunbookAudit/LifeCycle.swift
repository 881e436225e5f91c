import RunbookModel

/// What may follow what in a run. Its memory grows with the runs that are open at the same time and those that ended with a
/// step in doubt, not with the log.
struct LifeCycle {
  private struct Attempt: Hashable {
    let step: String
    let number: Int
  }

  private struct OpenRun {
    var mode: String
    var last: UInt64
    var hasStarted = false
    /// Attempts that were begun and whose end nobody saw: under way, or ended as unknown.
    var attempts: Set<Attempt> = []
  }

  private var open: [String: OpenRun] = [:]
  /// Such attempts of runs that ended, which may go on all the same.
  private var unsettled: [String: Set<Attempt>] = [:]
  private var order: [String] = []
  /// The run of the event before: events of one run mostly follow each other.
  private var current: (name: String, run: OpenRun)?
  /// Runs that began.
  private(set) var count = 0

  /// Runs without an end, oldest first; at most ten.
  var openRuns: [RunID] {
    var names = open
    if let current { names[current.name] = current.run }
    return order.filter { names[$0] != nil }.prefix(10).map { RunID($0) }
  }

  /// Takes in an event.
  ///
  /// - Parameter endOfRun: Whether the event of that number is the end of the same run.
  /// - Returns: What is wrong with it.
  mutating func add(
    _ scan: EventLineScan, _ line: UnsafeRawBufferPointer,
    endOfRun: (UInt64, String) -> Bool
  ) -> [String] {
    if scan.sequence == 0, !scan.isOf(type: "log.opened") {
      return ["the log does not begin with 'log.opened'"]
    }
    if scan.sequence != 0, scan.isOf(type: "log.opened") { return ["the log begins a second time"] }
    guard let bytes = scan.runBytes else { return [] }
    let name: String
    if let current, current.name.utf8.elementsEqual(bytes) {
      name = current.name
    } else {
      name = String(decoding: bytes, as: UTF8.self)
      if let current { open[current.name] = current.run }
      current = open.removeValue(forKey: name).map { (name, $0) }
    }
    var wrong: [String] = []
    var run: OpenRun
    if let known = current?.run {
      run = known
      // The only reference to its attempts is needed, or they are copied with each change.
      current = nil
      if scan.isOf(type: "run.planned") { wrong.append("run '\(name)' is planned a second time") }
      if scan.previousOfRun != run.last {
        wrong.append(
          "'run.prev' is \(scan.previousOfRun.map { "\($0)" } ?? "missing"), and the run's event before is \(run.last)"
        )
      }
      if scan.mode != run.mode { wrong.append("the run's mode changed from '\(run.mode)'") }
    } else {
      run = OpenRun(mode: scan.mode ?? "", last: scan.sequence)
      if scan.isOf(type: "run.planned") {
        if scan.previousOfRun != nil { wrong.append("run '\(name)' has an event before its plan") }
        count += 1
      } else if let previous = scan.previousOfRun, endOfRun(previous, name) {
        if !scan.isOf(type: "run.resumed") { wrong.append("run '\(name)' had ended already") }
        run.hasStarted = true
        run.attempts = unsettled.removeValue(forKey: name) ?? []
      } else {
        wrong.append("run '\(name)' was never planned")
        run.hasStarted = true
      }
      order.append(name)
    }
    run.last = scan.sequence
    check(scan, line, &run, &wrong)
    if scan.isOf(type: "run.finished") {
      current = nil
      if !run.attempts.isEmpty { unsettled[name] = run.attempts }
      if let index = order.lastIndex(of: name) { order.remove(at: index) }
    } else {
      current = (name, run)
    }
    return wrong
  }

  private func check(
    _ scan: EventLineScan, _ line: UnsafeRawBufferPointer, _ run: inout OpenRun, _ wrong: inout [String]
  ) {
    if scan.isOf(type: "run.started") || scan.isOf(type: "run.resumed") { run.hasStarted = true }
    guard let step = scan.step else { return }
    if !run.hasStarted { wrong.append("step '\(step)' comes before the start of its run") }
    let attempt = Attempt(step: step, number: scan.attempt ?? 0)
    if scan.isOf(type: "step.intent") {
      if run.attempts.contains(attempt) {
        wrong.append("attempt \(attempt.number) of step '\(step)' is begun twice")
      }
      // Whoever begins it again has done with what became of it before.
      run.attempts = run.attempts.filter { $0.step != step }
      run.attempts.insert(attempt)
      let data = UnsafeRawBufferPointer(rebasing: line[scan.dataStart...])
      let isRead = EventLineScan.contains(Self.read, in: data, from: 0)
      if run.mode == "dry-run", !isRead, !EventLineScan.contains(Self.simulated, in: data, from: 0) {
        wrong.append("step '\(step)' changes something in a dry run")
      }
    } else if scan.isOf(type: "step.finished") || scan.isOf(type: "step.resolved") {
      // A step that was cut off ends as unknown: what became of it is said later.
      let isKnown = scan.isOf(type: "step.resolved") || scan.status != "unknown"
      if isKnown ? run.attempts.remove(attempt) == nil : !run.attempts.contains(attempt) {
        wrong.append("attempt \(attempt.number) of step '\(step)' ends without an intent")
      }
    } else if scan.isOf(type: "step.withdrawn") {
      if run.attempts.remove(attempt) == nil {
        wrong.append("attempt \(attempt.number) of step '\(step)' is withdrawn without an intent")
      }
    } else if scan.isOf(type: "step.unknown"), !run.attempts.contains(attempt) {
      wrong.append("attempt \(attempt.number) of step '\(step)' is unknown without an intent")
    }
  }

  // The writer's own texts: a quote inside a value has a backslash before it.
  private static let read = Array(#""effect":"read","#.utf8)
  private static let simulated = Array(#","simulated":true}"#.utf8)
}
