import CProcess
import Glibc
import RunbookModel
import Synchronization

/// A long-lived servant process: bytes in, bytes out. Killed with its last reference.
public final class ChildPipe: Sendable {
  /// Goes to its standard input; blocks while the servant does not read. A socket: `write` sends without
  /// SIGPIPE.
  public let input: Int32
  /// Comes from its standard output; does not block: `poll` it.
  public let output: Int32
  private let channel: Int32
  /// Lives on as long as its child.
  private let supervisor: Supervisor
  private let isClosed = Mutex(false)

  init(_ supervisor: Supervisor, _ strings: borrowing SpawnStrings, executable: String) throws(StepFailure) {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw .cannotStart("'\(executable)'", errno: errno)
    }
    let input = Descriptor(ends[0])
    let itsInput = Descriptor(ends[1])
    guard rb_open_pipe(&ends) == 0 else { throw .cannotStart("'\(executable)'", errno: errno) }
    let output = Descriptor(ends[0])
    let itsOutput = Descriptor(ends[1])
    var spawn = rb_spawn()
    spawn.flags = RB_SERVANT.rawValue
    spawn.argument_count = strings.argumentCount
    spawn.variable_count = strings.variableCount
    spawn.limit_milliseconds = -1
    let channel = try supervisor.spawn(
      spawn, strings: strings.file.number, .init(input: itsInput.number, output: itsOutput.number))
    var report = rb_report()
    var state = pollfd(fd: channel.number, events: Int16(POLLIN), revents: 0)
    while poll(&state, 1, 10_000) < 0, errno == EINTR {}
    guard rb_receive_report(channel.number, &report) == 1 else {
      throw StepFailure(
        .spawn, "cannot start '\(executable)': no answer from the supervisor", effectIsPossible: false)
    }
    if let failure = StepFailure(report, executable: executable, directory: "") { throw failure }
    self.supervisor = supervisor
    self.input = input.release()
    self.output = output.release()
    self.channel = channel.release()
  }

  deinit { close() }

  /// Sends all of `bytes`; false if the servant is gone.
  public func write(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        send(input, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Kills it with all it started and closes both descriptors; a second time does nothing. The descriptors
  /// must not be in use any more.
  public func close() {
    isClosed.withLock { isClosed in
      guard !isClosed else { return }
      isClosed = true
      Glibc.close(input)
      Glibc.close(output)
      Glibc.close(channel)
    }
  }
}
