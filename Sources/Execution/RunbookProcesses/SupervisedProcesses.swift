import CProcess
import Dispatch
import Glibc
public import RunbookAdapter
public import RunbookModel
import Synchronization

/// What happens to running children when this process dies without having ended them.
public enum LossPolicy: Sendable {
  /// Their trees are killed.
  case kill
  /// They go on, what they write is dropped, their end is recorded. Deadlines hold.
  case finish
}

/// The processes of one run: a supervisor, this program again, is their parent and outlives this process to
/// end them; this process keeps what they write.
///
/// What a child leaves behind when it ends by itself is reported and left alone, now and at the end of the
/// run: it may be a daemon that the step was to start. What a child that was ended (deadline, duration,
/// interrupt) has started is ended with it, whatever sessions and parents it made for itself. When this
/// process dies, by `kill -9` too, that holds for the children that run at that moment, and for no others.
public final class SupervisedProcesses: ProcessHost {
  private let run: RunID
  private let exitLog: String?
  private let policy: LossPolicy
  private let limits: ProcessWatch.Limits
  private let program: String
  private let supervision: Mutex<Supervision>

  /// The supervisor, and what each new one is to hold.
  private struct Supervision {
    var supervisor: Supervisor?
    var locks: [Int32] = []
  }

  /// Starts nothing yet.
  ///
  /// - Parameters:
  ///   - exitLog: Gets a line for the end of each child whose output is shown (`ExitRecord`); nil: none.
  ///   - grace: From TERM to KILL.
  ///   - drain: How long a child's output is read after its end while something it left behind holds the
  ///     pipe.
  ///   - program: Whose `main` begins with `SupervisorProcess.runIfAsked()`; by default this program.
  public init(
    run: RunID, exitLog: String?, onLoss policy: LossPolicy = .kill, grace: Duration = .seconds(5),
    drain: Duration = .seconds(2), program: String = "/proc/self/exe"
  ) {
    self.run = run
    self.exitLog = exitLog
    self.policy = policy
    limits = ProcessWatch.Limits(grace: grace, drain: drain)
    self.program = program
    supervision = Mutex(Supervision())
  }

  /// Starts the supervisor ahead of the first child, while a person reads a question. Takes about 1 ms; an
  /// error shows when the first child is to start.
  public func prepare() { _ = try? connected() }

  /// Makes the supervisor, and the successor of a dead one, keep a copy of a lock's descriptor: the lock is free only
  /// when this process, the supervisor and with it every running child are gone. Starts no supervisor yet.
  ///
  /// - Parameter descriptor: Must stay open as long as children are started.
  public func hold(lock descriptor: Int32) throws(StepFailure) {
    try supervision.withLock { supervision throws(StepFailure) in
      supervision.locks.append(descriptor)
      try supervision.supervisor?.hold(descriptor)
    }
  }

  /// See `ProcessHost`. Blocks no thread of the cooperative pool; any number may run at a time.
  ///
  /// An interactive step's process (one whose output is shown) gets a terminal of its own, joined to the
  /// operator's, and all it shows is its standard output.
  @concurrent public func run(
    _ request: ProcessRequest, in context: StepContext
  ) async throws(StepFailure) -> ProcessResult {
    let result: Result<ProcessResult, StepFailure> = await withCheckedContinuation { continuation in
      // A queue of its own is a thread of its own: the pool grows for queues that block.
      DispatchQueue(label: "runbook.process").async {
        continuation.resume(
          returning: Result { () throws(StepFailure) in try self.wait(for: request, context) })
      }
    }
    return try result.get()
  }

  /// Starts a servant of this process, for example the filter worker: killed when closed and when this
  /// process dies, without deadline. Its environment and directory are this process's own. Blocks for a few
  /// milliseconds.
  public func open(executable: String, arguments: [String]) throws(StepFailure) -> ChildPipe {
    let supervisor = try connected()
    let marker = "\(run)/-/0"
    var strings = try SpawnStrings()
    try strings.begin(executable: executable, directory: "", marker: marker)
    try strings.add(program: executable, arguments: arguments)
    try strings.add(environment: Self.ownEnvironment(), marker: marker, secrets: nil)
    try strings.finish()
    return try ChildPipe(supervisor, strings, executable: executable)
  }

  /// The living supervisor, or a new one in place of a dead one.
  private func connected() throws(StepFailure) -> Supervisor {
    try supervision.withLock { supervision throws(StepFailure) in
      if let supervisor = supervision.supervisor, supervisor.isAlive { return supervisor }
      supervision.supervisor?.bury()
      let new = try Supervisor(program: program, exitLog: exitLog, onLoss: policy)
      supervision.supervisor = new
      for lock in supervision.locks { try new.hold(lock) }
      return new
    }
  }

  private func wait(for request: ProcessRequest, _ context: StepContext) throws(StepFailure) -> ProcessResult
  {
    guard context.interrupt.level == .none else {
      throw StepFailure(.cancelled, "interrupted before it began", effectIsPossible: false)
    }
    guard ContinuousClock.now < context.deadline else {
      throw StepFailure(.timeout, "no time was left to begin", effectIsPossible: false)
    }
    let supervisor = try connected()
    do throws(StepFailure) {
      return try watch(request, context, by: supervisor)
    } catch {
      // It died before it could be asked, so nothing was started: its successor is asked.
      guard error.reason == .spawn, !supervisor.isAlive else { throw error }
      return try watch(request, context, by: connected())
    }
  }

  private func watch(
    _ request: ProcessRequest, _ context: StepContext, by supervisor: Supervisor
  ) throws(StepFailure) -> ProcessResult {
    guard context.isInteractive, request.streamsOutput else {
      return try ProcessWatch.pipes(request, context, limits, supervisor)
    }
    guard let lender = context.terminal else {
      throw StepFailure(.spawn, "an interactive step needs a terminal", effectIsPossible: false)
    }
    return try lender.lend { terminal in
      Result { () throws(StepFailure) in
        try ProcessWatch.terminal(terminal, request, context, limits, supervisor)
      }
    }.get()
  }

  private static func ownEnvironment() -> [(name: String, value: Value)] {
    var variables: [(name: String, value: Value)] = []
    var next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "="), equals != text.startIndex {
        variables.append((String(text[..<equals]), .text(String(text[text.index(after: equals)...]))))
      }
      next = next.advanced(by: 1)
    }
    return variables
  }
}
