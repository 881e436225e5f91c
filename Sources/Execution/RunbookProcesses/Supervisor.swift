import CProcess
import Glibc
import RunbookAdapter
import RunbookModel
import Synchronization

/// The executor's end of one supervisor process; the supervisor ends with the last reference and the last
/// child.
final class Supervisor: Sendable {
  /// What goes with a spawn besides its strings; -1 is none.
  struct Endpoints {
    var input: Int32 = -1
    var output: Int32 = -1
    var error: Int32 = -1
    var body: Int32 = -1
    var keptOutput: Int32 = -1
    var keptError: Int32 = -1
    var terminal: Int32 = -1
  }

  /// A child's first process.
  struct Leader {
    let pid: pid_t
    /// See `rb_start_time`.
    let started: UInt64
  }

  private let control: Descriptor
  private let pid: pid_t
  private let started: UInt64
  /// Whether it was found dead and everything that follows from that was done.
  private let isBuried = Mutex(false)

  /// All supervisors of this process, which adopts for all of them.
  private static let living = Mutex<Set<pid_t>>([])

  /// Starts one; it is ready when it answers, which costs nobody a wait.
  init(program: String, exitLog: String?, onLoss policy: LossPolicy) throws(StepFailure) {
    let number: Int32 =
      switch policy {
      case .kill: Int32(RB_POLICY_KILL.rawValue)
      case .finish: Int32(RB_POLICY_FINISH.rawValue)
      }
    var pid: pid_t = 0
    // Under the lock, so that none is taken for an orphan before it is known.
    let socket = Self.living.withLock { living in
      _ = rb_adopt_orphans(1)
      let socket = rb_start_supervisor(program, exitLog ?? "", number, &pid)
      if socket >= 0 { living.insert(pid) }
      return socket
    }
    guard socket >= 0 else { throw .cannotStart("the supervisor", errno: errno) }
    self.pid = pid
    control = Descriptor(socket)
    started = rb_start_time(pid)
  }

  deinit {
    isBuried.withLock { isBuried in
      guard !isBuried else { return }
      // Daemons that steps left behind go to init now, not to this process.
      Self.living.withLock { if $0 == [pid] { _ = rb_adopt_orphans(0) } }
      shutdown(control.number, Int32(SHUT_RDWR))
      waitForEnd()
    }
  }

  /// Waits for its end, which must be near; who does not end in 3 s, because it is stopped or the kernel holds
  /// it, is left to the system, so that nothing of it holds this process up.
  private func waitForEnd() {
    guard rb_await_child(pid, 3_000) == 0 else { return }
    Self.living.withLock { _ = $0.remove(pid) }
  }

  /// Asks for a child and returns the channel to it.
  func spawn(_ request: rb_spawn, strings: Int32, _ ends: Endpoints) throws(StepFailure) -> Descriptor {
    var channel: [Int32] = [-1, -1]
    guard rb_open_channel(&channel) == 0 else { throw .cannotStart("a process", errno: errno) }
    let ours = Descriptor(channel[0])
    let theirs = Descriptor(channel[1])
    var request = request
    var descriptors = [theirs.number, strings]
    let places: [(Int32, rb_spawn_flag)] = [
      (ends.input, RB_STDIN), (ends.output, RB_STDOUT), (ends.error, RB_STDERR), (ends.body, RB_BODY),
      (ends.keptOutput, RB_KEEP_STDOUT), (ends.keptError, RB_KEEP_STDERR), (ends.terminal, RB_TERMINAL),
    ]
    for (descriptor, flag) in places where descriptor >= 0 {
      request.flags |= flag.rawValue
      descriptors.append(descriptor)
    }
    guard rb_send_spawn(control.number, &request, descriptors, Int32(descriptors.count)) == 0 else {
      throw .cannotStart("a process", errno: errno)
    }
    return ours
  }

  /// Makes it keep a copy of a lock's descriptor until it ends.
  func hold(_ descriptor: Int32) throws(StepFailure) {
    guard rb_send_hold(control.number, descriptor) == 0 else { throw .cannotStart("a process", errno: errno) }
  }

  /// Whether it still holds its end of the control socket.
  var isAlive: Bool {
    var state = pollfd(fd: control.number, events: Int16(POLLIN), revents: 0)
    // Not EINTR: a signal in this process says nothing of the supervisor.
    while poll(&state, 1, 0) < 0, errno == EINTR {}
    return state.revents == 0
  }

  /// After its death, or instead of one that hangs: ends it and waits for it. Its children are this process's
  /// from then on.
  func bury() {
    isBuried.withLock { isBuried in
      guard !isBuried else { return }
      isBuried = true
      kill(pid, SIGKILL)
      waitForEnd()
    }
  }

  /// After `bury`: kills what is left of a child's tree and reaps all that this process adopted; returns when
  /// there is nothing left or after 3 s.
  func endOrphans(of leader: Leader?, marker: String) {
    Self.living.withLock { living in
      _ = rb_end_orphans(
        marker, leader?.pid ?? 0, leader?.started ?? started, started, Array(living), Int32(living.count),
        3_000)
    }
  }
}

extension StepFailure {
  /// Nothing was started, for the system's reason.
  static func cannotStart(_ what: String, errno number: Int32) -> StepFailure {
    StepFailure(.spawn, "cannot start \(what): \(systemMessage(number))", effectIsPossible: false)
  }
}

/// The system's words for an error number.
func systemMessage(_ number: Int32) -> String {
  var buffer = [CChar](repeating: 0, count: 128)
  _ = strerror_r(number, &buffer, buffer.count)
  return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
