import RunbookModel
import Synchronization

/// Keeps commits in memory; fails from a given commit on, as a full disk does.
final class MemoryJournal: RunJournal {
  private let state = Mutex<[[RunEvent]]>([])
  private let capacity: Int
  private let hasReserve: Bool
  private let recordsFailure: Bool
  private let (failures, failing) = AsyncStream.makeStream(of: JournalFailure.self)

  /// `capacity`: commits that succeed; `hasReserve`: after them still the end of the run alone; `recordsFailure`: the
  /// first that fails is kept all the same.
  init(capacity: Int = .max, hasReserve: Bool = false, recordsFailure: Bool = false) {
    self.capacity = capacity
    self.hasReserve = hasReserve
    self.recordsFailure = recordsFailure
  }

  /// The log is found to be broken.
  func fail() { failing.yield(JournalFailure("the journal was removed or replaced")) }

  @concurrent func failed() async -> JournalFailure? {
    for await failure in failures { return failure }
    return nil
  }

  @concurrent func append(_ events: [RunEvent]) async throws(JournalFailure) -> [Receipt] {
    let failure: JournalFailure? = state.withLock { commits in
      if commits.count == capacity, recordsFailure {
        commits.append(events)
        return JournalFailure("the sink does not take the events", isRecorded: true)
      }
      guard commits.count < capacity || hasReserve && events.allSatisfy(\.isEnd) else {
        return JournalFailure("no space left on device")
      }
      commits.append(events)
      return nil
    }
    if let failure { throw failure }
    return events.indices.map { Receipt(sequence: UInt64($0)) }
  }

  /// Every commit in order.
  var commits: [[RunEvent.Kind]] { state.withLock { $0.map { $0.map(\.kind) } } }

  /// Every event in order.
  var events: [RunEvent.Kind] { commits.flatMap(\.self) }

  /// What is durable, a commit a line.
  var log: String {
    commits.map { $0.map(\.line).joined(separator: "; ") }.joined(separator: "\n")
  }

  /// Whether that attempt's intent is durable.
  func hasIntent(_ id: StepID, attempt: Int) -> Bool {
    events.contains { event in
      if case .stepIntent(let intent) = event {
        intent.step == id && intent.attempt == attempt
      } else {
        false
      }
    }
  }
}

extension RunEvent {
  /// Whether it only says how something ended.
  fileprivate var isEnd: Bool {
    switch kind {
    case .stepFinished, .stepWithdrawn, .runFinished: true
    default: false
    }
  }
}
