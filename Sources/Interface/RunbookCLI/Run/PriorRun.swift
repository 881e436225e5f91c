import Glibc
import RunbookAudit
import RunbookDiagnostics
import RunbookEngine
import RunbookModel
import RunbookProcesses

/// A run of an earlier process, as its log tells it.
struct PriorRun {
  let run: RunID
  let mode: RunMode
  let plan: Plan
  /// What was agreed on at its beginning.
  let contract: RunPlanned
  let events: [RunEvent.Kind]
  let lastSequence: UInt64
  let resumption: Resumption

  /// Reads it back.
  ///
  /// - Throws: `CommandFailure` with exit code 74 where the store has lost what the run was agreed on; with 6 where the
  ///   run ended.
  init(_ run: RunID, reader: AuditReader) throws(CommandFailure) {
    let stored = try AuditReader.reading { () throws(AuditFailure) in try reader.events(of: run) }
    func lost(_ what: String) -> CommandFailure {
      CommandFailure("\(run) cannot be resumed: \(what)", exitCode: 74)
    }
    events = stored.compactMap(\.kind)
    guard events.count == stored.count else { throw lost("some of its events cannot be read back") }
    let texts = StoredRun(events: stored, reader: reader)
    guard let contract = texts.planned, let first = stored.first, let last = stored.last,
      let mode = first.run?.mode
    else { throw lost("the log does not tell how it was planned") }
    guard let plan = texts.plan else {
      throw lost("its plan is not in the store any more, or of another version")
    }
    if let defect = Resumption.defect(in: events, of: plan) {
      throw lost("\(defect); run runbook audit verify")
    }
    self.run = run
    self.mode = mode
    self.plan = plan
    self.contract = contract
    lastSequence = last.sequence
    resumption = Resumption(run: run, mode: mode, plan: plan, events: events)
    if let end = resumption.end {
      throw CommandFailure(
        "\(run) ended and cannot be resumed: \(EventLines.sentence(for: end))", exitCode: 6)
    }
    guard Files.isDirectory(contract.directory) else {
      throw CommandFailure(
        "\(run) cannot be resumed: its directory '\(contract.directory)' is not there", exitCode: 6)
    }
  }

  /// Whether the page is not what it was; the run goes on with what it was.
  var pageNotice: String? {
    let path =
      plan.runbook.path.hasPrefix("/") ? plan.runbook.path : "\(contract.directory)/\(plan.runbook.path)"
    guard let bytes = try? Files.read(path), let digest = try? Workspace.digest(of: bytes) else {
      return "the page \(plan.runbook.path) is gone; the run goes on with it as it was"
    }
    return digest == plan.runbook.digest
      ? nil : "the page \(plan.runbook.path) has changed since; the run goes on with it as it was"
  }

  /// What the supervisor noted of the unknown step's process; nil where there is nothing to rely on.
  ///
  /// - Parameter path: The run's exit records.
  func recoveredExit(in path: String) -> RecoveredExit? {
    guard let unknown = resumption.unknown else { return nil }
    let records = ExitRecord.read(path: path).filter {
      $0.step == unknown.step.id && $0.attempt == unknown.attempt
    }
    guard records.count == 1, let record = records.first else { return nil }
    switch record.status {
    case .exited(let code):
      return RecoveredExit(step: record.step, attempt: record.attempt, end: .exited(code))
    case .signaled(let signal):
      return RecoveredExit(step: record.step, attempt: record.attempt, end: .signaled(signal))
    case .ended: return nil
    }
  }

  /// Steps nobody will be asked about: those behind the run, and the unknown one unless it is asked about again.
  func settledBefore(by options: RunOptions) -> Set<StepID> {
    guard let unknown = resumption.unknown else { return resumption.passed }
    guard unknown.step.effect == .destructive else { return resumption.passed.union([unknown.step.id]) }
    switch options.decision?.choice {
    case .done, .failed, .giveUp: return resumption.passed.union([unknown.step.id])
    case .retry, nil: return resumption.passed
    }
  }

  /// Processes that outlived the run: those of the step it died in, and those that its finished steps left.
  ///
  /// - Parameter path: The run's exit records.
  func leftovers(exitLog path: String) -> (ofOpenStep: [Leftover], others: [Leftover]) {
    // Filter workers are servants of the run, and about to end.
    let all = LeftoverProcesses.find(run: run, marks: marks(in: path)).filter {
      !$0.marker.hasPrefix("\(run)/-/")
    }
    return (all.filter { $0.marker == openMarker }, all.filter { $0.marker != openMarker })
  }

  /// By what the run's processes are known.
  func marks(in path: String) -> ProcessMarks {
    var marks = ProcessMarks()
    marks.add(run, exitLog: path)
    return marks
  }

  /// What the processes of the open attempt bear; a `verify` step's of an earlier resume too.
  var openMarker: String? {
    var open: String?
    for event in events {
      switch event {
      case .stepIntent(let intent): open = "\(run)/\(intent.step)/\(intent.attempt)"
      case .stepFinished, .stepWithdrawn, .stepResolved: open = nil
      case .runPlanned, .runStarted, .runResumed, .runFinished, .conditionDecided, .stepSkipped,
        .confirmAsked,
        .confirmAnswered, .manualAnswered, .inputAnswered, .stepUnknown, .artifact, .failureAsked,
        .failureAnswered, .undoStarted, .signalReceived, .lockAcquired:
        break
      }
    }
    return open
  }
}
