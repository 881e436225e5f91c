import CTerminal
import Glibc
import TestSupport
import Testing

/// A pseudo terminal whose keyboard and screen are the test's.
///
/// It starts without line editing, which a program must put back as it was, and by which the test sees what
/// the program waits for: a line (editing on) or a key (editing and echo off).
final class TestTerminal {
  let path: String
  private(set) var master: Int32
  private let slave: Int32
  private let initial: termios
  /// All that was on the screen, escape sequences included.
  private(set) var screen = ""
  private var bytes: [UInt8] = []
  private var seen = 0

  init() throws {
    var name = [CChar](repeating: 0, count: 64)
    master = ct_open_terminal(&name, name.count)
    try #require(master >= 0)
    path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(slave >= 0)
    var modes = termios()
    try #require(tcgetattr(slave, &modes) == 0)
    modes.c_lflag &= ~tcflag_t(ICANON)
    try #require(tcsetattr(slave, TCSANOW, &modes) == 0)
    var size = winsize(ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(slave, UInt(TIOCSWINSZ), &size)
    try #require(tcgetattr(slave, &modes) == 0)
    initial = modes
  }

  deinit {
    if master >= 0 { close(master) }
    close(slave)
  }

  /// Whether its modes are what they were before the program started.
  var isRestored: Bool {
    var modes = termios()
    guard tcgetattr(slave, &modes) == 0 else { return false }
    return modes.c_lflag == initial.c_lflag && modes.c_iflag == initial.c_iflag
      && modes.c_oflag == initial.c_oflag && modes.c_cflag == initial.c_cflag
  }

  var waitsForKey: Bool { localModes & tcflag_t(ICANON | ECHO) == 0 }
  var waitsForLine: Bool { localModes & tcflag_t(ICANON) != 0 }

  func type(_ text: String) {
    let keys = Array(text.utf8)
    _ = write(master, keys, keys.count)
  }

  /// Takes the terminal away, as a closed window or a lost connection does.
  func hangUp() {
    close(master)
    master = -1
  }

  /// Reads what there is.
  func refresh() {
    guard master >= 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(master, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    screen = String(decoding: bytes, as: UTF8.self)
  }

  /// Whether `text` came after all that was seen so far; then it counts as seen.
  func takes(_ text: String) -> Bool {
    refresh()
    let needle = Array(text.utf8)
    let found = bytes[seen...].withUnsafeBytes { all in
      needle.withUnsafeBytes { place(of: $0, in: all) }
    }
    guard let found else { return false }
    seen += found + needle.count
    return true
  }

  private var localModes: tcflag_t {
    var modes = termios()
    tcgetattr(slave, &modes)
    return modes.c_lflag
  }
}

/// The program on a terminal.
final class TerminalSession {
  let terminal: TestTerminal
  let process: Started

  init(_ terminal: TestTerminal, _ process: Started) {
    self.terminal = terminal
    self.process = process
  }

  /// Waits until `text` appears behind what was seen before.
  func sees(_ text: String, _ location: SourceLocation = #_sourceLocation) async throws {
    let isThere = await eventually(within: 120) { terminal.takes(text) }
    try #require(isThere, "no '\(text)' in: \(terminal.screen)", sourceLocation: location)
  }

  /// Answers the question `text` with one key.
  func answer(_ text: String, key: String, _ location: SourceLocation = #_sourceLocation) async throws {
    try await sees(text, location)
    let isAsked = await eventually(within: 120) { terminal.waitsForKey }
    try #require(isAsked, "waits for no key: \(terminal.screen)", sourceLocation: location)
    terminal.type(key)
  }

  /// Answers the question `text` with a line.
  func answer(_ text: String, line: String, _ location: SourceLocation = #_sourceLocation) async throws {
    try await sees(text, location)
    let isAsked = await eventually(within: 120) { terminal.waitsForLine }
    try #require(isAsked, "waits for no line: \(terminal.screen)", sourceLocation: location)
    terminal.type(line + "\n")
  }

  /// Waits for the end; the screen is read meanwhile, so that the program never waits for it.
  func ended() async throws -> Ended {
    try await process.ended { terminal.refresh() }
  }
}
