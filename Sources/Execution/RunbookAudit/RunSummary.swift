public import RunbookModel

/// One run in a list.
public struct RunSummary: Sendable, Hashable {
  public let id: RunID
  public let mode: RunMode
  /// Name, title, path and digest of the runbook.
  public let runbook: Plan.Source
  public let environment: String
  /// Who started it.
  public let actor: Actor
  public let host: String
  /// When it was planned.
  public let started: Timestamp
  /// Its first event.
  public let firstSequence: UInt64
  /// When its last event was written.
  public internal(set) var lastEvent: Timestamp
  /// How it ended; nil while it runs, and where it died.
  public internal(set) var outcome: RunOutcome?
  /// Steps that ended in an attempt of their own, by status; of a dry run only those without a verdict.
  public internal(set) var statuses: [StepStatus: Int]
  /// Of a dry run: its steps by what it says of them. A step that was only simulated has no other end.
  public internal(set) var verdicts: [Verdict: Int] = [:]
  /// The step with an intent and no outcome yet.
  public internal(set) var openStep: StepID?

  /// The outcome's word; `open` where there is none.
  public var status: String { outcome?.word ?? "open" }

  /// From the first to the last event.
  public var milliseconds: Int64 { max(0, lastEvent.milliseconds - started.milliseconds) }
}

/// Which runs a list shows. Everything given must hold.
public struct HistoryQuery: Sendable, Hashable {
  /// The runbook's name.
  public var runbook: String?
  public var environment: String?
  /// The user's name.
  public var actor: String?
  /// Started at that moment or later.
  public var since: Timestamp?
  /// Started before that moment.
  public var until: Timestamp?
  /// `completed`, `failed`, …, or `open`.
  public var status: String?
  /// Occurs in what the events of the run say, apart from texts that were moved to blobs; case matters.
  public var text: String?
  /// At most so many, the newest ones.
  public var limit: Int?

  /// All runs.
  public init() {}

  func admits(_ run: RunSummary, holdsText: Bool) -> Bool {
    (runbook.map { $0 == run.runbook.name } ?? true)
      && (environment.map { $0 == run.environment } ?? true)
      && (actor.map { $0 == run.actor.user } ?? true)
      && (since.map { $0 <= run.started } ?? true)
      && (until.map { run.started < $0 } ?? true)
      && (status.map { $0 == run.status } ?? true)
      && (text == nil || holdsText)
  }
}
