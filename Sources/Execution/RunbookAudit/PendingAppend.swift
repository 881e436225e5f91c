import RunbookModel
import Synchronization

/// A call of `append` that waits for its commit.
final class PendingAppend: Sendable {
  /// What is to be written.
  enum Content: Sendable {
    case run([RunEvent])
    case log(LogEvent)
  }

  typealias Answer = Result<UInt64, JournalFailure>

  private let content: Content
  /// Latest time for an answer, by the monotonic clock.
  let deadline: Int64
  private let continuation: Mutex<CheckedContinuation<Answer, Never>?>

  init(_ content: Content, deadline: Int64, _ continuation: CheckedContinuation<Answer, Never>) {
    self.content = content
    self.deadline = deadline
    self.continuation = Mutex(continuation)
  }

  /// Its events.
  var eventCount: Int {
    switch content {
    case .run(let events): events.count
    case .log: 1
    }
  }

  /// The events before the first one that would begin something.
  var closingEvents: ArraySlice<RunEvent> {
    switch content {
    case .run(let events): events.prefix(while: \.kind.isClosing)
    case .log: []
    }
  }

  /// Whether all its events end something that had begun.
  var isClosing: Bool { closingEvents.count == eventCount }

  /// Runs whose last event another process may have written.
  var resumedRuns: Set<RunID> {
    switch content {
    case .run(let events): Self.resumedRuns(in: events)
    case .log: []
    }
  }

  /// Runs that do not begin with these events.
  static func resumedRuns(in events: [RunEvent]) -> Set<RunID> {
    var begun: Set<RunID> = []
    var resumed: Set<RunID> = []
    for event in events {
      if case .runPlanned = event.kind {
        begun.insert(event.run)
      } else if !begun.contains(event.run) {
        resumed.insert(event.run)
      }
    }
    return resumed
  }

  /// The events as far as they can be written now; long texts are durable in blobs when it returns.
  func prepare(
    _ writer: EventLineWriter, _ blobs: BlobStore, onlyClosing: Bool
  ) throws(AuditFailure) -> [PreparedEvent] {
    let store = { (bytes: [UInt8]) throws(AuditFailure) in try blobs.put(bytes) }
    switch content {
    case .run(let events):
      var prepared: [PreparedEvent] = []
      for event in onlyClosing ? closingEvents : events[...] {
        prepared.append(try writer.prepare(event, store: store))
      }
      return prepared
    case .log(let event): return onlyClosing ? [] : [try writer.prepare(event)]
    }
  }

  /// Answers the caller; only the first answer counts.
  func resume(_ answer: Answer) {
    let waiting = continuation.withLock { waiting in
      defer { waiting = nil }
      return waiting
    }
    waiting?.resume(returning: answer)
  }
}
