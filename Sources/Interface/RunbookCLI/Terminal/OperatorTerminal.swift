import Glibc
import RunbookAdapter
import RunbookModel

/// The terminal of the person who runs this program: questions go there and answers come from there.
///
/// It is the controlling terminal, never standard input, which a pipe could feed.
final class OperatorTerminal: Sendable {
  private let descriptor: Int32
  private let saved: termios

  /// nil where there is no controlling terminal, or this program is in its background.
  init?() {
    let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { return nil }
    var modes = termios()
    guard tcgetattr(descriptor, &modes) == 0, tcgetpgrp(descriptor) == getpgrp() else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
    saved = modes
  }

  deinit { close(descriptor) }

  /// What came of waiting for a person.
  enum Input<Answer: Sendable>: Sendable {
    case answer(Answer)
    /// Ctrl-C, a signal, or the terminal is gone.
    case interrupted
  }

  /// Writes to the terminal itself.
  func write(_ text: String) { StandardStream.write(text, to: descriptor) }

  /// The terminal as it was when the program started.
  func restore() {
    var modes = saved
    tcsetattr(descriptor, TCSANOW, &modes)
  }

  /// One key, without waiting for a line end. What was typed before the question does not count, nor does what was
  /// pasted: more than one character at once, but for a line end behind the first, is refused with a bell.
  ///
  /// - Parameter question: Written when keys begin to count, so that no answer to it is lost.
  func readKey(_ question: String, interrupt: any Interrupt) -> Input<UInt8> {
    var modes = saved
    modes.c_lflag &= ~tcflag_t(ICANON | ECHO)
    withUnsafeMutableBytes(of: &modes.c_cc) { bytes in
      bytes[Int(VMIN)] = 1
      bytes[Int(VTIME)] = 0
    }
    tcsetattr(descriptor, TCSAFLUSH, &modes)
    defer { restore() }
    write(question)
    while true {
      guard waitForInput(interrupt) else { return .interrupted }
      var byte: UInt8 = 0
      let count = read(descriptor, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count == 1, byte != 4 else { return .interrupted }
      if byte == 0x1b {
        // An escape sequence is one key, and none of ours.
        _ = readRest()
        continue
      }
      let rest = readRest()
      if rest.allSatisfy({ $0 == 0x0d || $0 == 0x0a }) { return .answer(byte) }
      write("\u{07}")
    }
  }

  /// What follows without a pause; nobody types two keys within 30 ms, and what a slow line brings of a paste comes
  /// within 200.
  private func readRest() -> [UInt8] {
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while poll(&entry, 1, rest.isEmpty ? 30 : 200) > 0, entry.revents & Int16(POLLIN) != 0 {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      rest += buffer[..<count]
    }
    return rest
  }

  /// One line, edited by the terminal itself; `isSecret` shows nothing of it. What was typed before the question does
  /// not count.
  ///
  /// - Parameter question: Written when what is typed begins to count.
  func readLine(_ question: String, isSecret: Bool = false, interrupt: any Interrupt) -> Input<String> {
    var modes = saved
    modes.c_lflag |= tcflag_t(ICANON | ISIG)
    if isSecret { modes.c_lflag &= ~tcflag_t(ECHO) }
    tcsetattr(descriptor, TCSAFLUSH, &modes)
    defer {
      restore()
      if isSecret { write("\n") }
    }
    write(question)
    var line: [UInt8] = []
    while true {
      guard waitForInput(interrupt) else { return .interrupted }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return .interrupted }
      line += buffer[..<count]
      if line.last == 0x0a { return .answer(String(decoding: line.dropLast(), as: UTF8.self)) }
    }
  }

  /// Calls `body` with the descriptor and restores the modes after it.
  func lend<R: Sendable>(_ body: (Int32) -> R) -> R {
    defer { restore() }
    return body(descriptor)
  }

  private func waitForInput(_ interrupt: any Interrupt) -> Bool {
    while true {
      var entries = [
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      let result = poll(&entries, 2, -1)
      if result < 0, errno == EINTR { continue }
      if entries[1].revents != 0 { return false }
      if entries[0].revents & Int16(POLLIN) != 0 { return true }
      if entries[0].revents != 0 || result < 0 { return false }
    }
  }
}
