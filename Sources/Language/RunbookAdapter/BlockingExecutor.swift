import Dispatch

/// Runs blocking C calls away from the cooperative pool, one at a time.
///
/// An actor that polls sockets or descriptors names one as its `unownedExecutor`; each owns one thread while
/// it has work and none while it is idle.
public final class BlockingExecutor: SerialExecutor {
  private let queue: DispatchQueue

  /// An executor with its own queue; `label` is shown by debuggers.
  public init(label: String) { queue = DispatchQueue(label: label) }

  /// Queues one job behind those that wait.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
