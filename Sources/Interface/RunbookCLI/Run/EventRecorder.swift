import RunbookModel
import Synchronization

/// Keeps a run's events for its summary.
final class EventRecorder: Sendable {
  private let kept: Mutex<[RunEvent.Kind]>

  /// After those of earlier processes.
  init(_ events: [RunEvent.Kind] = []) { kept = Mutex(events) }

  /// All events so far, in order.
  var events: [RunEvent.Kind] { kept.withLock { $0 } }

  func add(_ event: RunEvent.Kind) { kept.withLock { $0.append(event) } }
}

/// How many steps ended how.
struct Tally {
  private var counts: [StepStatus: Int] = [:]
  private var milliseconds = 0

  /// Counts the last end of each step.
  init(_ events: [RunEvent.Kind]) {
    var last: [StepID: StepStatus] = [:]
    for event in events {
      switch event {
      case .stepFinished(let finished):
        last[finished.step] = finished.result.status
        milliseconds += finished.activeMilliseconds
      case .stepSkipped(let id, .blocked): last[id] = .blocked
      case .stepSkipped(let id, _): last[id] = .skipped
      case .manualAnswered(let id, .done, _, _): last[id] = .done
      case .manualAnswered(let id, .skipped, _, _): last[id] = .skipped
      case .manualAnswered(let id, .failed, _, _): last[id] = .failed
      case .inputAnswered(let id, _, _): last[id] = .ok
      case .confirmAnswered(let id, _, .skip, _): last[id] = .skipped
      case .confirmAnswered(let id, _, .stop, _): last[id] = .declined
      case .failureAnswered(let id, _, .done, _, _): last[id] = .done
      case .failureAnswered(let id, _, .skip, _, _): last[id] = .skipped
      case .stepUnknown(let id, _): last[id] = .unknown
      case .stepResolved(let id, _, let status, _, _): last[id] = status
      case .runPlanned, .runStarted, .runResumed, .runFinished, .conditionDecided, .confirmAsked,
        .confirmAnswered,
        .stepIntent, .stepWithdrawn, .artifact, .failureAsked, .failureAnswered, .undoStarted,
        .signalReceived, .lockAcquired:
        break
      }
    }
    for status in last.values { counts[status, default: 0] += 1 }
  }

  /// For example `7 steps: 5 ok, 2 skipped; 3.2 s of work`.
  var line: String {
    let total = counts.values.reduce(0, +)
    let parts = StepStatus.allCases.compactMap { status in counts[status].map { "\($0) \(status.rawValue)" } }
    let list = parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))"
    return
      "\(total) step\(total == 1 ? "" : "s")\(list); \(EventLines.duration(milliseconds: milliseconds)) of work"
  }
}
