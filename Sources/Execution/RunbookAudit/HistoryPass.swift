import RunbookModel

/// Builds the list of runs in one pass: lines that change nothing in it are not decoded.
struct HistoryPass {
  private let query: HistoryQuery
  /// The text of the query as it stands in a line.
  private let needle: [UInt8]?
  private var order: [RunID] = []
  private var summaries: [RunID: RunSummary] = [:]
  private var holdsText: Set<RunID> = []
  /// The run of the line before: lines of one run mostly follow each other.
  private var current: RunID?
  private var nextSequence: UInt64 = 0
  /// What is wrong with the lines so far; not more than `defectLimit`.
  private(set) var defects: [String] = []

  private static let defectLimit = 20

  init(query: HistoryQuery) {
    self.query = query
    needle = query.text.map { text in
      var escaped: [UInt8] = []
      JSONValue.writeString(text, to: &escaped)
      return Array(escaped.dropFirst().dropLast())
    }
  }

  /// What the query admits, newest first.
  var runs: [RunSummary] {
    let admitted = order.reversed().lazy.compactMap { summaries[$0] }
      .filter { query.admits($0, holdsText: holdsText.contains($0.id)) }
    return Array(admitted.prefix(query.limit ?? .max))
  }

  /// Takes in one line.
  mutating func add(
    _ line: UnsafeRawBufferPointer, load: (Digest) throws(AuditFailure) -> [UInt8]
  ) throws(AuditFailure) {
    guard let scan = EventLineScan(line) else { throw .tampered("a line of the journal is no event") }
    if scan.sequence != nextSequence {
      note(
        "the event \(scan.sequence) stands where the event \(nextSequence) belongs: somebody changed the journal"
      )
    }
    nextSequence = scan.sequence + 1
    guard let name = scan.runBytes else { return }
    let run: RunID
    if let current, current.rawValue.utf8.elementsEqual(name) {
      run = current
    } else {
      run = RunID(String(decoding: name, as: UTF8.self))
      current = run
    }
    if let needle, !holdsText.contains(run), EventLineScan.contains(needle, in: line, from: scan.dataStart) {
      holdsText.insert(run)
    }
    if scan.isOf(type: "run.planned") {
      try plan(StoredEvent(line: line, load: load), run)
      return
    }
    guard var summary = summaries[run] else { return }
    if let time = scan.time { summary.lastEvent = time }
    if scan.isOf(type: "step.intent") {
      // A read that is to tell what became of an unknown step leaves that one open.
      summary.openStep = summary.openStep ?? scan.step.map { StepID($0) }
    } else if scan.isOf(type: "step.finished") || scan.isOf(type: "step.resolved") {
      if summary.openStep?.rawValue == scan.step { summary.openStep = nil }
      if summary.mode == .dryRun, let verdict = scan.verdict.flatMap({ Verdict(rawValue: $0) }) {
        summary.verdicts[verdict, default: 0] += 1
      } else if let status = scan.status.flatMap({ StepStatus(rawValue: $0) }) {
        summary.statuses[status, default: 0] += 1
      }
    } else if scan.isOf(type: "step.withdrawn") {
      if summary.openStep?.rawValue == scan.step { summary.openStep = nil }
    } else if scan.isOf(type: "step.skipped"), summary.mode == .dryRun {
      switch scan.reason {
      case "condition": summary.verdicts[.skipped, default: 0] += 1
      case "blocked": summary.statuses[.blocked, default: 0] += 1
      default: break
      }
    } else if scan.isOf(type: "step.skipped") {
      summary.statuses[scan.reason == "blocked" ? .blocked : .skipped, default: 0] += 1
    } else if scan.isOf(type: "run.finished"),
      case .run(.runFinished(let outcome)) = try StoredEvent(line: line, load: load).content
    {
      summary.outcome = outcome
      switch outcome {
      case .unknown, .unlogged: break
      case .completed, .failed, .undone, .declined, .incomplete, .refused, .interrupted:
        summary.openStep = nil
      }
    } else if scan.isOf(type: "run.resumed") {
      summary.outcome = nil
    }
    summaries[run] = summary
  }

  private mutating func note(_ defect: String) {
    if defects.count < Self.defectLimit { defects.append(defect) }
  }

  private mutating func plan(_ event: StoredEvent, _ run: RunID) {
    guard case .run(.runPlanned(let planned)) = event.content else {
      note("the event \(event.sequence), which begins the run \(run), cannot be read")
      return
    }
    guard summaries[run] == nil else { return }
    order.append(run)
    summaries[run] = RunSummary(
      id: run, mode: event.run?.mode ?? .run, runbook: planned.runbook, environment: planned.environment,
      actor: event.actor, host: event.host, started: event.time, firstSequence: event.sequence,
      lastEvent: event.time, outcome: nil, statuses: [:], openStep: nil)
  }
}
