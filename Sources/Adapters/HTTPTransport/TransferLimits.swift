public import RunbookAdapter

/// What ends a transfer before the server does.
public struct TransferLimits: Sendable {
  /// When it has failed.
  public var deadline: ContinuousClock.Instant
  /// How long it may go on before it is ended successfully; nil: until the server ends it.
  public var duration: Duration?
  /// Ctrl-C.
  public var interrupt: (any Interrupt)?

  /// Limits.
  public init(deadline: ContinuousClock.Instant, duration: Duration? = nil, interrupt: (any Interrupt)? = nil)
  {
    self.deadline = deadline
    self.duration = duration
    self.interrupt = interrupt
  }

  /// Those of one attempt of a step.
  public init(_ context: StepContext) {
    self.init(deadline: context.deadline, duration: context.duration, interrupt: context.interrupt)
  }
}
