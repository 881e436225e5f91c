import RunbookAudit
import RunbookDiagnostics
import RunbookModel

/// What a report says, whatever it is written in.
struct Report {
  /// One row of the course of events.
  struct Entry {
    /// UTC, to the millisecond.
    let time: String
    /// What happened, control characters spelled out.
    let lines: [EventLines.Line]
    /// What the step wrote, stream by stream.
    let outputs: [(caption: String, text: String)]
  }

  let title: String
  /// Names and values, in order.
  let facts: [(name: String, value: String)]
  let entries: [Entry]
  /// The page as it was; nil where the store has lost it.
  let page: String?
  let outcome: RunOutcome?
  /// What was found of the whole log when the report was made.
  let integrity: Integrity

  /// Whether the log the run stands in is as it was written.
  struct Integrity {
    let isSound: Bool
    let text: String

    /// Verifies the whole log, which takes about a second for each million of events.
    static func ofLog(at location: StoreLocation) -> Integrity {
      do throws(AuditFailure) {
        let summary = try LogVerifier.verify(location) { _ in }
        guard summary.isSound else {
          return Integrity(
            isSound: false,
            text:
              "the log is not as it was written: runbook audit verify names \(summary.mismatches) mismatches")
        }
        let root = summary.root.map { ", root \($0.hexadecimal)" } ?? ""
        return Integrity(
          isSound: true,
          text: "verified with the report: \(summary.events) events, \(summary.signed) of them signed by "
            + "\(summary.key?.idText ?? "nobody")\(root); anchoring \(summary.anchoring.rawValue)")
      } catch {
        return Integrity(isSound: false, text: "the log could not be verified: \(error.reason)")
      }
    }
  }

  init(run: RunID, stored: StoredRun, integrity: Integrity) {
    self.integrity = integrity
    let planned = stored.planned
    let lines = EventLines(stored.plan)
    outcome = stored.outcome
    page = stored.page
    title = planned.map { $0.runbook.title } ?? run.rawValue
    var facts: [(name: String, value: String)] = [("Run", run.rawValue)]
    if let first = stored.events.first, let last = stored.events.last {
      let milliseconds = Int(last.time.milliseconds - first.time.milliseconds)
      facts += [
        (
          "Kind",
          first.run?.mode == .dryRun
            ? "dry run: writes were proved, not run" : first.run?.mode.rawValue ?? "run"
        ),
        (
          "Outcome",
          stored.outcome.map { EventLines.sentence(for: $0) } ?? "open: the log does not say how it ended"
        ),
        ("Started", first.time.description),
        ("Took", EventLines.duration(milliseconds: milliseconds)),
        (
          "Who", "\(first.actor.user) (uid \(first.actor.uid), \(first.actor.kind.rawValue)) on \(first.host)"
        ),
        ("Program", "runbook \(first.program.version), \(first.program.digest)"),
      ]
      for event in stored.events {
        guard case .run(.runResumed) = event.content else { continue }
        facts.append(
          (
            "Resumed",
            "\(event.time) by \(event.actor.user) (uid \(event.actor.uid), \(event.actor.kind.rawValue)) on \(event.host)"
          ))
      }
    }
    if let planned {
      facts += [
        ("Runbook", "\(planned.runbook.name), \(planned.runbook.path), \(planned.runbook.digest)"),
        ("Environment", "\(planned.environment), \(planned.environmentDigest)"),
        ("Plan", planned.planDigest.rawValue),
      ]
      if let commit = planned.gitCommit {
        facts.append(("Commit", commit + (planned.gitIsDirty ? ", and the page differs from it" : "")))
      }
      for parameter in planned.parameters {
        facts.append(("Parameter \(parameter.name)", parameter.value.plainText))
      }
      if planned.answersYes { facts.append(("Answered in advance", "--yes")) }
      for step in planned.confirmed { facts.append(("Answered in advance", "--confirm \(step)")) }
    }
    facts.append(("Integrity", integrity.text))
    self.facts = facts
    entries = stored.events.compactMap { event in
      let shown: [EventLines.Line]
      var outputs: [(caption: String, text: String)] = []
      switch event.content {
      case .run(let kind):
        shown = lines.lines(for: kind)
        if case .stepFinished(let finished) = kind {
          outputs = finished.outputs.map { record in
            let size =
              "\(record.stream.rawValue), \(EventLines.size(record.byteCount)), \(record.lineCount) lines"
            let cut = record.isTruncated ? ", the middle is left out" : ""
            return ("\(size)\(cut), \(record.digest)", StoredRun.text(of: record, stored.reader))
          }
        }
      case .log: return nil
      case .unreadable(let reason): shown = [EventLines.Line("! \(TerminalText.inert(reason))", .bad)]
      }
      guard !shown.isEmpty || !outputs.isEmpty else { return nil }
      return Entry(time: event.time.description, lines: shown, outputs: outputs)
    }
  }
}
