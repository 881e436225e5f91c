import RunbookAdapter
import RunbookEngine
import RunbookModel
import Synchronization

/// Evaluates by a table: the filter's text gives what it yields; `true` and `false` need no entry.
struct TableFilters: FilterEvaluator {
  /// What a filter yields of its input and variables.
  typealias Entry = @Sendable (_ input: JSONValue, _ variables: [String: JSONValue]) async -> [JSONValue]?
  private let table: [String: Entry]

  init(_ table: [String: Entry] = [:]) { self.table = table }

  func evaluate(
    _ filter: Filter, input: JSONValue, variables: [String: JSONValue], within limit: Duration
  ) async throws(StepFailure) -> [JSONValue] {
    if filter.source == "true" { return [true] }
    if filter.source == "false" { return [false] }
    guard let values = await table[filter.source]?(input, variables) else {
      throw StepFailure(.expectation, "cannot index number", effectIsPossible: false)
    }
    return values
  }
}

/// Ctrl-C, pressed by the test.
final class FakeInterrupt: RunInterrupt {
  private let state = Mutex<(level: InterruptLevel, signal: String?)>((.none, nil))
  let descriptor: Int32 = -1

  var level: InterruptLevel { state.withLock { $0.level } }
  var signal: String? { state.withLock { $0.signal } }

  func endStep() { state.withLock { $0.level = .gentle } }

  /// Ends the run in good order.
  func press(_ signal: String = "SIGINT") { state.withLock { $0 = (.gentle, signal) } }
}

/// A clock that stands still until somebody pauses.
final class FakeClock: Sendable {
  private let elapsed = Mutex(Duration.zero)
  private let start = ContinuousClock.now

  /// Time that passed.
  var milliseconds: Int { elapsed.withLock { Int($0 / .milliseconds(1)) } }

  /// Lets time pass.
  func advance(by duration: Duration) { elapsed.withLock { $0 += duration } }

  /// A pause is over at once, and its time has passed.
  var jumping: RunClock {
    RunClock(
      now: { self.start + self.elapsed.withLock { $0 } }, pause: { duration, _ in self.advance(by: duration) }
    )
  }

  /// A pause is never over, only cancelled.
  static let patient = RunClock(
    now: { ContinuousClock.now },
    pause: { _, _ in
      let (never, continuation) = AsyncStream.makeStream(of: Never.self)
      for await _ in never {}
      continuation.finish()
    })
}
