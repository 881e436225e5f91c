/// What a durable event was given.
public struct Receipt: Sendable, Hashable {
  /// Its place in the store's one sequence, from 0.
  public let sequence: UInt64

  /// A receipt.
  public init(sequence: UInt64) { self.sequence = sequence }
}

/// The log cannot be written; final for this process.
public struct JournalFailure: Error, Sendable, Hashable {
  /// What failed and where, for people.
  public let reason: String
  /// The log has the events all the same, and keeps them; but nothing that they announce may begin.
  public let isRecorded: Bool

  /// A failure.
  public init(_ reason: String, isRecorded: Bool = false) {
    self.reason = reason
    self.isRecorded = isRecorded
  }
}

/// Where a run's events go. Lives beside the events, so that engine and audit do not know each other.
public protocol RunJournal: Sendable {
  /// Writes all events in one commit; returns only when they would survive a power failure.
  @concurrent func append(_ events: [RunEvent]) async throws(JournalFailure) -> [Receipt]

  /// Returns with the reason when the log is found to be beyond writing though nobody writes; nil once the task
  /// is cancelled.
  @concurrent func failed() async -> JournalFailure?
}

extension RunJournal {
  /// Of a log whose failure shows in `append` only.
  @concurrent public func failed() async -> JournalFailure? {
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    return nil
  }
}
