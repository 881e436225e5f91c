import CProcess
import Glibc
import RunbookAdapter
import RunbookModel

extension ProcessWatch {
  /// Runs a process whose output goes to pipes.
  static func pipes(
    _ request: ProcessRequest, _ context: StepContext, _ limits: Limits, _ supervisor: Supervisor
  ) throws(StepFailure) -> ProcessResult {
    let launch = try Launch(request, context)
    var output: [Int32] = [-1, -1]
    var error: [Int32] = [-1, -1]
    guard rb_open_pipe(&output) == 0 else { throw .cannotStart("'\(launch.executable)'", errno: errno) }
    let outputEnd = Descriptor(output[0])
    let itsOutput = Descriptor(output[1])
    guard rb_open_pipe(&error) == 0 else { throw .cannotStart("'\(launch.executable)'", errno: errno) }
    let errorEnd = Descriptor(error[0])
    let itsError = Descriptor(error[1])

    let channel = try launch.start(
      .init(
        output: itsOutput.number, error: itsError.number, keptOutput: outputEnd.number,
        keptError: errorEnd.number),
      flags: request.streamsOutput ? RB_RECORD.rawValue : 0, by: supervisor, grace: limits.grace,
      limit: timeLimit(context))
    // While this process has the writing ends open, no end of output is seen.
    _ = consume itsOutput
    _ = consume itsError
    let sink = request.streamsOutput ? context.output : nil
    var watch = ProcessWatch(
      launch, context, limits, supervisor, channel: channel,
      output: OutputReader(outputEnd, .standardOutput, sink: sink, limit: context.captureLimit),
      error: OutputReader(errorEnd, .standardError, sink: sink, limit: context.captureLimit), bridge: nil)
    return try watch.result()
  }

  /// Runs a process on a new terminal that is joined to the operator's.
  static func terminal(
    _ operatorTerminal: Int32, _ request: ProcessRequest, _ context: StepContext, _ limits: Limits,
    _ supervisor: Supervisor
  ) throws(StepFailure) -> ProcessResult {
    let launch = try Launch(request, context)
    guard let bridge = TerminalBridge(operatorTerminal) else {
      throw StepFailure(.spawn, "an interactive step needs a terminal", effectIsPossible: false)
    }
    var modes = bridge.modes
    var size = bridge.size
    var master: Int32 = -1
    var slave: Int32 = -1
    guard rb_open_terminal(&master, &slave, &modes, &size) == 0 else {
      throw .cannotStart("'\(launch.executable)'", errno: errno)
    }
    let ours = Descriptor(master)
    let its = Descriptor(slave)
    let channel = try launch.start(
      .init(
        input: its.number, output: its.number, error: its.number, keptOutput: ours.number,
        terminal: operatorTerminal),
      flags: RB_RECORD.rawValue | RB_CONTROLLING.rawValue, by: supervisor, grace: limits.grace,
      limit: timeLimit(context))
    _ = consume its
    var watch = ProcessWatch(
      launch, context, limits, supervisor, channel: channel,
      output: OutputReader(ours, .standardOutput, sink: context.output, limit: context.captureLimit),
      error: OutputReader(Descriptor(-1), .standardError, sink: nil, limit: 0), bridge: bridge)
    return try watch.result()
  }

  /// What the supervisor enforces where it must finish the child alone.
  private static func timeLimit(_ context: StepContext) -> Duration {
    let untilDeadline = context.deadline - .now
    return context.duration.map { min($0, untilDeadline) } ?? untilDeadline
  }
}
