import RunbookModel
import Synchronization

/// Keeps commits in memory; fails from a given commit on, as a full disk does.
final class MemoryJournal: RunJournal {
  private let state = Mutex<[[RunEvent]]>([])
  private let capacity: Int

  /// `capacity`: commits that succeed.
  init(capacity: Int = .max) { self.capacity = capacity }

  @concurrent func append(_ events: [RunEvent]) async throws(JournalFailure) -> [Receipt] {
    let isWritten = state.withLock { commits in
      guard commits.count < capacity else { return false }
      commits.append(events)
      return true
    }
    guard isWritten else { throw JournalFailure("no space left on device") }
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
