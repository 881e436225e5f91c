import RunbookAudit
import RunbookModel

/// One run as the log tells it, with the texts it was agreed on.
struct StoredRun {
  let events: [StoredEvent]
  let reader: AuditReader

  /// The run's first event.
  var planned: RunPlanned? {
    for case .run(.runPlanned(let planned)) in events.lazy.map(\.content) { return planned }
    return nil
  }

  /// How it ended; nil where the log does not say.
  var outcome: RunOutcome? {
    for event in events.reversed() {
      if case .runFinished(let outcome)? = event.kind { return outcome }
      // Another process went on, and the log does not say how that ended.
      if case .runResumed? = event.kind { return nil }
    }
    return nil
  }

  /// The plan as it was stored; nil where the blob is gone.
  var plan: Plan? {
    guard let planned, let bytes = blob(planned.planDigest), let value = try? JSONValue(parsing: bytes) else {
      return nil
    }
    return try? Plan(json: value)
  }

  /// The page as it was.
  var page: String? {
    planned.flatMap { blob($0.runbook.digest) }.map { String(decoding: $0, as: UTF8.self) }
  }

  /// What a step wrote, as far as it is kept.
  static func text(of record: OutputRecord, _ reader: AuditReader) -> String {
    if let text = record.text { return text }
    guard let digest = record.blob else { return "" }
    guard let bytes = try? reader.blob(digest) else { return "(the store has lost the blob \(digest))" }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func blob(_ digest: Digest) -> [UInt8]? { try? reader.blob(digest) }
}
