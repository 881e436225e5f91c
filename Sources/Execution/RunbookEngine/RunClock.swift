public import RunbookAdapter

/// Where the engine gets time from; tests give it their own.
public struct RunClock: Sendable {
  /// The present moment of a clock that never goes back.
  public let now: @Sendable () -> ContinuousClock.Instant
  /// Returns after the duration, or earlier once the interrupt is above `none` or the task is cancelled.
  public let pause: @Sendable (Duration, any Interrupt) async -> Void

  /// A clock.
  public init(
    now: @escaping @Sendable () -> ContinuousClock.Instant,
    pause: @escaping @Sendable (Duration, any Interrupt) async -> Void
  ) {
    self.now = now
    self.pause = pause
  }

  /// The machine's clock. A pause notices an interrupt within 50 ms.
  public static let continuous = RunClock(
    now: { ContinuousClock.now },
    pause: { duration, interrupt in
      let end = ContinuousClock.now + duration
      while interrupt.level == .none {
        let rest = end - ContinuousClock.now
        guard rest > .zero, (try? await Task.sleep(for: min(rest, .milliseconds(50)))) != nil else { return }
      }
    })
}

extension Duration {
  /// Whole milliseconds, rounded towards zero.
  package var milliseconds: Int {
    Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
  }
}
