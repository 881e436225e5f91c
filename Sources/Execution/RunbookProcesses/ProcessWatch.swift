import CProcess
import Glibc
import RunbookAdapter
import RunbookModel

/// Follows one child from its start to its end, on the calling thread: reads, keeps, passes on, ends it in
/// time.
struct ProcessWatch: ~Copyable {
  /// How patient to be.
  struct Limits {
    /// From TERM to KILL.
    let grace: Duration
    /// From the end of the child to that of reading.
    let drain: Duration
    /// For the supervisor to see that KILL left nothing, before what is left is given up.
    let kill = Duration.seconds(5)
  }

  private enum Phase: Equatable {
    case running
    /// TERM was sent.
    case ending(killAt: ContinuousClock.Instant)
    case killing(giveUpAt: ContinuousClock.Instant)
  }

  private let supervisor: Supervisor
  private let context: StepContext
  private let limits: Limits
  private let executable: String
  private let directory: String
  private let marker: String
  private let durationEnd: ContinuousClock.Instant?

  private let channel: Descriptor
  private var output: OutputReader
  private var error: OutputReader
  private let bridge: TerminalBridge?

  private var phase = Phase.running
  private var cause = ProcessResult.Cause.itself
  private var leader = Supervisor.Leader?.none
  private var end: ProcessResult.End?
  /// When the last of the child, or of its tree where that is ended, was seen to be gone.
  private var endedAt: ContinuousClock.Instant?
  private var leftOthers = false
  private var treeIsGone = false

  init(
    _ launch: borrowing Launch, _ context: StepContext, _ limits: Limits, _ supervisor: Supervisor,
    channel: consuming Descriptor, output: consuming OutputReader, error: consuming OutputReader,
    bridge: TerminalBridge?
  ) {
    self.supervisor = supervisor
    self.context = context
    self.limits = limits
    executable = launch.executable
    directory = launch.directory
    marker = launch.marker
    durationEnd = context.duration.map { ContinuousClock.now + $0 }
    self.channel = channel
    self.output = output
    self.error = error
    self.bridge = bridge
  }

  /// Returns when the child has ended and its output is read.
  mutating func result() throws(StepFailure) -> ProcessResult {
    defer { bridge?.end() }
    while !isOver(at: .now) {
      decide(at: .now)
      wait()
      try takeReports()
      readOutput()
    }
    readOutput()
    let survivors = survivors()
    return ProcessResult(
      end: end ?? .supervisorLost, cause: cause, standardOutput: output.capture.stream,
      standardError: error.capture.stream, survivors: survivors)
  }

  private func isOver(at now: ContinuousClock.Instant) -> Bool {
    if case .killing(let giveUpAt) = phase, now >= giveUpAt { return true }
    guard let endedAt else { return false }
    if !output.isOpen, !error.isOpen { return true }
    // What runs on holds the pipe. A person who interrupts does not want to wait for it.
    return now >= endedAt + limits.drain || (phase == .running && context.interrupt.level > .none)
  }

  // MARK: Ending

  private mutating func decide(at now: ContinuousClock.Instant) {
    switch phase {
    case .running:
      guard end == nil else { return }
      switch context.interrupt.level {
      case .immediate:
        cause = .interrupt
        kill(at: now)
      case .gentle:
        cause = .interrupt
        terminate(at: now)
      case .none:
        if let durationEnd, now >= durationEnd {
          cause = .duration
          terminate(at: now)
        } else if now >= context.deadline {
          cause = .deadline
          terminate(at: now)
        }
      }
    case .ending(let killAt):
      if now >= killAt || context.interrupt.level == .immediate { kill(at: now) }
    case .killing: break
    }
  }

  private mutating func terminate(at now: ContinuousClock.Instant) {
    phase = .ending(killAt: now + limits.grace)
    _ = rb_send_order(channel.number, Int32(RB_ORDER_TERMINATE.rawValue))
  }

  private mutating func kill(at now: ContinuousClock.Instant) {
    phase = .killing(giveUpAt: now + limits.kill)
    _ = rb_send_order(channel.number, Int32(RB_ORDER_KILL.rawValue))
  }

  // MARK: Waiting

  private func wait() {
    // Whether it is interrupted shows on its descriptor, how urgently only when asked.
    let isCalm = context.interrupt.level == .none
    var polls = [
      pollfd(fd: channel.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: isCalm ? context.interrupt.descriptor : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: mayShow ? output.number : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: error.number, events: Int16(POLLIN), revents: 0),
    ]
    bridge?.addPolls(to: &polls, master: output.number)
    let now = ContinuousClock.now
    var wake = now + .seconds(60)
    if !isCalm { wake = min(wake, now + .milliseconds(50)) }
    if bridge != nil { wake = min(wake, now + TerminalBridge.pulse) }
    switch phase {
    case .running where end == nil: wake = min(wake, context.deadline, durationEnd ?? wake)
    case .running: break
    case .ending(let killAt): wake = min(wake, killAt)
    case .killing(let giveUpAt): wake = min(wake, giveUpAt)
    }
    if let endedAt { wake = min(wake, endedAt + limits.drain) }
    poll(&polls, nfds_t(polls.count), (wake - now).wholeMilliseconds)
  }

  /// A terminal shows the child's output as it is only once it is raw, and takes it only so fast.
  private var mayShow: Bool { bridge.map { $0.isReady && !$0.isFull } ?? true }

  private mutating func readOutput() {
    bridge?.carryInput(to: output.number)
    if mayShow { output.read { bridge?.show($0) } }
    bridge?.flush()
    error.read { _ in }
  }

  // MARK: The supervisor's word

  private mutating func takeReports() throws(StepFailure) {
    var report = rb_report()
    while end == nil || !treeIsGone {
      switch rb_receive_report(channel.number, &report) {
      case 1: try take(report)
      case 0: return
      default:
        try loseSupervisor()
        return
      }
    }
  }

  private mutating func take(_ report: rb_report) throws(StepFailure) {
    if let failure = StepFailure(report, executable: executable, directory: directory) { throw failure }
    switch report.kind {
    case RB_REPORT_STARTED.rawValue:
      leader = Supervisor.Leader(pid: report.value, started: report.started)
      bridge?.begin()
    case RB_REPORT_EXITED.rawValue:
      let signal = report.value & 0x7f
      end = signal == 0 ? .exited((report.value >> 8) & 0xff) : .signaled(signal)
      leftOthers = report.detail != 0
      treeIsGone = !leftOthers
    case RB_REPORT_GONE.rawValue: treeIsGone = true
    default: break
    }
    if end != nil, endedAt == nil, phase == .running || treeIsGone { endedAt = .now }
  }

  private mutating func loseSupervisor() throws(StepFailure) {
    if leader == nil, end == nil, supervisor.isAlive {
      throw StepFailure(
        .spawn, "cannot start '\(executable)': the supervisor has too many open files",
        effectIsPossible: false)
    }
    supervisor.bury()
    // A child that ended by itself keeps what it left behind; nobody can name it any more.
    if end == nil || phase != .running { supervisor.endOrphans(of: leader, marker: marker) }
    end = end ?? .supervisorLost
    treeIsGone = true
    leftOthers = false
    endedAt = endedAt ?? .now
  }

  private mutating func survivors() -> [String] {
    guard phase == .running ? leftOthers : !treeIsGone else { return marked() }
    guard let first = processes() else {
      // Neither the orders nor this question were answered: it hangs, and with it all promises.
      supervisor.bury()
      if end == nil || phase != .running { supervisor.endOrphans(of: leader, marker: marker) }
      end = end ?? .supervisorLost
      return marked()
    }
    guard phase == .running, !first.isEmpty else { return first }
    // Who is just about to end is no survivor.
    usleep(20_000)
    return processes() ?? first
  }

  /// After the loss of the supervisor: who still bears the step's marker.
  private func marked() -> [String] {
    guard end == .supervisorLost else { return [] }
    return LeftoverProcesses.find(run: context.run).filter { $0.marker == marker }.map {
      "\($0.pid) \($0.command)"
    }
  }

  /// Asks which processes of the tree there are; nil if there is no answer within a second.
  private func processes() -> [String]? {
    guard rb_send_order(channel.number, Int32(RB_ORDER_LIST.rawValue)) == 0 else { return nil }
    let deadline = ContinuousClock.now + .seconds(1)
    var report = rb_report()
    while true {
      switch rb_receive_report(channel.number, &report) {
      case 1 where report.kind == RB_REPORT_PROCESSES.rawValue: return Self.names(in: report)
      case 1: continue
      case 0:
        let left = (deadline - .now).wholeMilliseconds
        guard left > 0 else { return nil }
        var state = pollfd(fd: channel.number, events: Int16(POLLIN), revents: 0)
        poll(&state, 1, left)
      default: return nil
      }
    }
  }

  private static func names(in report: rb_report) -> [String] {
    var report = report
    let listed = withUnsafeBytes(of: &report.processes) { bytes in
      bytes.assumingMemoryBound(to: rb_process_name.self).prefix(Int(report.detail)).map { process in
        let name = withUnsafeBytes(of: process.name) {
          String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return "\(process.pid) \(name)"
      }
    }
    let rest = Int(report.value) - listed.count
    return rest > 0 ? listed + ["and \(rest) more"] : listed
  }
}

extension Duration {
  /// Rounded up, at least 0, at most 60,000: a time-out for `poll` that is asked again.
  fileprivate var wholeMilliseconds: Int32 {
    let parts = components
    guard parts.seconds >= 0, parts.attoseconds >= 0 else { return 0 }
    guard parts.seconds < 60 else { return 60_000 }
    return Int32(parts.seconds * 1000 + (parts.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
