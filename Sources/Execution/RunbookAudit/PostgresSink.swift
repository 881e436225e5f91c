import CPQ
import Dispatch
import Glibc
import Synchronization

/// Rows of the table `runbook_events (log, seq, line)`: one statement, so one transaction, a commit.
///
/// A connection that is found dead before anything of a commit was sent is made anew, once. What was sent and not
/// acknowledged is never sent again: whether it arrived is not known, so the sink has failed.
final class PostgresSink: RequiredSink {
  /// Rows, with the place of each line counted from 0 on.
  private static let statement = """
    INSERT INTO runbook_events (log, seq, line) SELECT $1, $2::bigint + place - 1, line \
    FROM unnest(string_to_array($3, E'\\n')) WITH ORDINALITY AS lines (line, place)
    """
  /// Nanoseconds to connect.
  private static let patience: Int64 = 2_000_000_000

  private let settings: PostgresSinkSettings
  // libpq looks hosts up without a deadline: nobody waits for this queue longer than for the sink.
  private let queue = DispatchQueue(label: "runbook.sink.postgres")
  private let connection = Mutex<PostgresSinkConnection?>(nil)

  /// Connects.
  init(_ settings: PostgresSinkSettings, clock: AuditClock) throws(AuditFailure) {
    self.settings = settings
    let deadline = clock.monotonic() + Self.patience
    do throws(AuditFailure) {
      try onQueue(until: deadline, clock) { [self] () throws(AuditFailure) in
        let made = try PostgresSinkConnection(settings, until: deadline, clock)
        connection.withLock { $0 = made }
      }
    } catch { throw .unavailable(error.reason) }
  }

  func write(_ lines: SinkLines, until deadline: Int64, clock: AuditClock) throws(AuditFailure) {
    try onQueue(until: deadline, clock) { [self] () throws(AuditFailure) in
      var current = connection.withLock { $0 }
      if current?.isAlive != true {
        current = try PostgresSinkConnection(settings, until: deadline, clock)
        connection.withLock { $0 = current }
      }
      let count = lines.bytes.count { $0 == 0x0a }
      let parameters = [Array(lines.log.utf8), Array("\(lines.first)".utf8), Array(lines.bytes.dropLast())]
      let written = try current?.insert(Self.statement, parameters, until: deadline, clock)
      guard written == count else {
        throw .sink("the required sink \(settings.place) took \(written ?? 0) of \(count) events")
      }
    }
  }

  /// Runs `body` on the queue and waits for it until the deadline.
  private func onQueue(
    until deadline: Int64, _ clock: AuditClock, _ body: @escaping @Sendable () throws(AuditFailure) -> Void
  ) throws(AuditFailure) {
    let outcome = Outcome()
    queue.async {
      do throws(AuditFailure) {
        try body()
        outcome.set(.success(()))
      } catch { outcome.set(.failure(error)) }
    }
    // A little more than the body has itself.
    let rest = max(0, deadline - clock.monotonic()) + 100_000_000
    guard let result = outcome.wait(nanoseconds: rest) else {
      throw .sink("the required sink \(settings.place) does not answer")
    }
    try result.get()
  }

  /// What came of a call on the queue.
  private final class Outcome: Sendable {
    private let isThere = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<Void, AuditFailure>?>(nil)

    func set(_ result: Result<Void, AuditFailure>) {
      self.result.withLock { $0 = result }
      isThere.signal()
    }

    func wait(nanoseconds: Int64) -> Result<Void, AuditFailure>? {
      guard isThere.wait(timeout: .now() + .nanoseconds(Int(nanoseconds))) == .success else { return nil }
      return result.withLock { $0 }
    }
  }
}
