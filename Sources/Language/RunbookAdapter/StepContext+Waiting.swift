import Glibc

/// What ended a wait for a descriptor.
public enum WaitOutcome: Sendable, Equatable {
  /// The descriptor is ready, or has an error that the next call on it will tell.
  case ready
  case deadline
  /// Ctrl-C, at least once.
  case interrupted
}

extension StepContext {
  /// Blocks the calling thread until `descriptor` is ready, the step is interrupted, or `limit` has passed; call
  /// it on a `BlockingExecutor` only.
  ///
  /// - Parameters:
  ///   - events: `POLLIN`, `POLLOUT` or both.
  ///   - limit: nil: the context's own deadline.
  ///   - level: The least urgent interruption that ends the wait.
  public func wait(
    for descriptor: Int32, events: Int32, until limit: ContinuousClock.Instant? = nil,
    interruptedBy level: InterruptLevel = .gentle
  ) -> WaitOutcome {
    let limit = limit ?? deadline
    while true {
      if interrupt.level >= level { return .interrupted }
      let left = ContinuousClock.now.duration(to: limit)
      guard left > .zero else { return .deadline }
      // Once the first Ctrl-C came its descriptor stays readable: from then on the level is looked at instead.
      let watches = interrupt.level == .none
      var descriptors = [
        pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0),
        pollfd(fd: watches ? interrupt.descriptor : -1, events: Int16(POLLIN), revents: 0),
      ]
      let (seconds, attoseconds) = left.components
      let milliseconds = min(seconds, 86_400) * 1000 + attoseconds / 1_000_000_000_000_000 + 1
      let slice = watches ? milliseconds : min(milliseconds, 50)
      let count = poll(&descriptors, 2, Int32(clamping: slice))
      if count > 0, descriptors[0].revents != 0 { return .ready }
    }
  }
}
