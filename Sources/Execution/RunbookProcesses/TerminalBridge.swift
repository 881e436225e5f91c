import Glibc

/// Joins the operator's terminal to a child's: bytes both ways, size, and the modes put back in the end.
///
/// Belongs to one thread.
final class TerminalBridge {
  /// How often the size is compared: a handler for SIGWINCH would be one for the whole process.
  static let pulse = Duration.milliseconds(100)
  /// What the terminal has not taken yet; more is left in the child's terminal, which then waits.
  private static let backlog = 64 << 10

  /// The operator's modes, which the child's terminal starts with.
  let modes: termios
  /// The size both have.
  private(set) var size = winsize()

  private let terminal: Int32
  /// The terminal once more, with a description of its own that does not block, where that can be opened.
  private let files: Descriptor
  private var isRaw = false
  /// Whether `begin` was called.
  private(set) var isReady = false
  private var takesInput = true
  private var givesOutput = true
  private var toTerminal: [UInt8] = []
  private var toChild: [UInt8] = []

  /// Nil if `terminal` is none.
  init?(_ terminal: Int32) {
    var modes = termios()
    guard tcgetattr(terminal, &modes) == 0 else { return nil }
    self.modes = modes
    self.terminal = terminal
    _ = ioctl(terminal, UInt(TIOCGWINSZ), &size)
    let flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC
    let again = open("/proc/self/fd/\(terminal)", flags)
    // Another user's terminal, after su: the name by which everyone may open his own works.
    files = Descriptor(again >= 0 ? again : open("/dev/tty", flags))
    guard files.isOpen else { return nil }
  }

  deinit { end() }

  /// Whether the child's output has to wait.
  var isFull: Bool { toTerminal.count >= Self.backlog }

  /// From here on keys go to the child as they are pressed.
  func begin() {
    var raw = modes
    cfmakeraw(&raw)
    isRaw = tcsetattr(terminal, TCSANOW, &raw) == 0
    isReady = true
  }

  /// Shows what is left, for a second at most, and puts the modes back; a second time does nothing.
  func end() {
    let deadline = ContinuousClock.now + .seconds(1)
    while givesOutput, !toTerminal.isEmpty, ContinuousClock.now < deadline {
      var state = pollfd(fd: files.number, events: Int16(POLLOUT), revents: 0)
      guard poll(&state, 1, 100) >= 0 else { break }
      flush()
    }
    toTerminal = []
    guard isRaw else { return }
    isRaw = false
    var modes = modes
    tcsetattr(terminal, TCSANOW, &modes)
  }

  /// Adds what it waits for.
  func addPolls(to polls: inout [pollfd], master: Int32) {
    let reads = takesInput && toChild.isEmpty && master >= 0
    let events = (reads ? POLLIN : 0) | (toTerminal.isEmpty ? 0 : POLLOUT)
    polls.append(pollfd(fd: events == 0 ? -1 : files.number, events: Int16(events), revents: 0))
    polls.append(pollfd(fd: toChild.isEmpty ? -1 : master, events: Int16(POLLOUT), revents: 0))
  }

  /// Takes what was typed and the terminal's new size to the child's terminal.
  func carryInput(to master: Int32) {
    guard master >= 0 else { return }
    var now = winsize()
    if ioctl(terminal, UInt(TIOCGWINSZ), &now) == 0, now.ws_row != size.ws_row || now.ws_col != size.ws_col {
      size = now
      _ = ioctl(master, UInt(TIOCSWINSZ), &now)
    }
    if takesInput, isRaw, toChild.isEmpty { readInput() }
    while !toChild.isEmpty {
      let count = toChild.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      toChild.removeFirst(count)
    }
  }

  private func readInput() {
    let typed = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      let got = read(files.number, buffer.baseAddress, 4096)
      // A terminal that hung up ends every read; one that has nothing says EAGAIN.
      if got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) { takesInput = false }
      count = max(0, got)
    }
    toChild += typed
  }

  /// Queues output for the terminal.
  func show(_ bytes: UnsafeRawBufferPointer) { if givesOutput { toTerminal += bytes } }

  /// Gives the terminal what it takes now.
  func flush() {
    while givesOutput, !toTerminal.isEmpty {
      let count = toTerminal.withUnsafeBytes { write(files.number, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN { return }
      guard count > 0 else {
        // Closed: the child goes on without it.
        givesOutput = false
        toTerminal = []
        return
      }
      toTerminal.removeFirst(count)
    }
  }
}
