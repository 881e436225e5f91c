import CProcess
import Glibc
import RunbookAdapter
import RunbookModel
import RunbookProcesses
import Synchronization
import TestSupport
import Testing

/// Interactive steps, on a real pseudo terminal that plays the operator's.
@Suite(.serialized) struct TerminalTests {
  @Test func `a step talks to the operator and the log has what the terminal showed`() async throws {
    let terminal = TestTerminal(rows: 41, columns: 93)
    let step = StepUnderTest().interactive(on: terminal)
    async let running = step.bash(
      "tty > /dev/null && stty size && read -rsp 'password: ' word && echo && echo \"got $word\" && ps -o tty= $$"
    )
    #expect(await terminal.shows("password: "))
    terminal.type("secret\n")
    let result = try await running
    #expect(result.end == .exited(0))
    let text = result.standardOutput.text ?? ""
    #expect(text.hasPrefix("41 93\r\npassword: \r\ngot secret\r\npts/"))
    #expect(step.attempt.output.text() == text)
    #expect(await terminal.shows(text))
    #expect(result.standardError.byteCount == 0)
    #expect(terminal.isRestored)
  }

  @Test func `keys arrive one by one, Ctrl-C goes to the step`() async throws {
    let terminal = TestTerminal()
    let step = StepUnderTest().interactive(on: terminal)
    async let running = step.bash(
      "trap 'echo caught' INT; read -rsn1 -p 'key? ' key; echo \"<$key>\"; sleep 20; exit 6")
    #expect(await terminal.shows("key? "))
    #expect(!terminal.isRestored, "the operator's terminal is raw")
    terminal.type("k")
    #expect(await terminal.shows("<k>"))
    terminal.type("\u{03}")
    let result = try await running
    #expect(result.standardOutput.text?.contains("caught") == true)
    #expect(result.end == .exited(6))
    #expect(result.cause == .itself)
    #expect(terminal.isRestored)
  }

  @Test func `a new window size reaches the step`() async throws {
    let terminal = TestTerminal(rows: 24, columns: 80)
    let step = StepUnderTest().interactive(on: terminal)
    async let running = step.bash("trap 'stty size; exit 0' WINCH; stty size; while :; do sleep 0.05; done")
    #expect(await terminal.shows("24 80"))
    terminal.resize(rows: 50, columns: 132)
    #expect(await terminal.shows("50 132"))
    #expect(try await running.end == .exited(0))
  }

  @Test func `modes are put back after an interrupt, a deadline and a failed start`() async throws {
    let terminal = TestTerminal()
    let step = StepUnderTest(grace: .milliseconds(300)).interactive(on: terminal)
    let result = try await step.with { $0.deadline = .now + .seconds(1) }.bash(
      "trap '' TERM; stty raw -echo; setsid sleep 90 & sleep 90; sleep 90")
    #expect(result.cause == .deadline)
    #expect(terminal.isRestored)
    #expect(step.leftovers.isEmpty)

    await #expect(throws: StepFailure.self) { try await step.run("no-such-program") }
    #expect(terminal.isRestored)

    async let running = step.bash("echo up; sleep 90")
    #expect(await terminal.shows("up"))
    step.attempt.interrupt.press()
    #expect(try await running.cause == .interrupt)
    #expect(terminal.isRestored)
  }

  @Test func `kill -9 of the executor puts the modes back too`() async throws {
    let terminal = TestTerminal()
    let length = uniqueSleep()
    let driver = Driver(
      ["interactive"], [["bash", "-c", "echo up; sleep $0", length]], terminal: terminal.slave)
    #expect(await terminal.shows("up"))
    #expect(await eventually { !terminal.isRestored })
    await driver.killHard()
    #expect(await eventually { terminal.isRestored })
    #expect(await eventually { sleeping(length).isEmpty })
  }

  @Test func `a terminal that nobody reads or that is closed does not lose the step's output`() async throws {
    let terminal = TestTerminal(reads: false)
    let step = StepUnderTest().interactive(on: terminal)
    async let running = step.bash("head -c 300000 /dev/zero | tr '\\0' x; echo; echo end")
    #expect(await eventually { step.attempt.output.text().count > 60_000 })
    terminal.hangUp()
    let result = try await running
    #expect(result.end == .exited(0))
    #expect(result.standardOutput.byteCount == 300_007)
  }

  @Test func `without a terminal an interactive step is refused`() async throws {
    let step = StepUnderTest().with { $0.isInteractive = true }
    await #expect(
      throws: StepFailure(.spawn, "an interactive step needs a terminal", effectIsPossible: false)
    ) { try await step.bash("true") }
    var helper = step.request("tty", [])
    helper.streamsOutput = false
    #expect(try await step.run(helper).standardOutput.text == "not a tty\n")
  }
}

/// A pseudo terminal whose other side the test plays.
final class TestTerminal: TerminalLender {
  let slave: Int32
  private let master: Mutex<Int32>
  private let shown = Mutex<[UInt8]>([])
  private let reads: Bool

  init(rows: UInt16 = 24, columns: UInt16 = 80, reads: Bool = true) {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    var master: Int32 = -1
    var slave: Int32 = -1
    precondition(rb_open_terminal(&master, &slave, nil, &size) == 0, "no pseudo terminal can be made")
    self.slave = slave
    self.master = Mutex(master)
    self.reads = reads
  }

  deinit {
    hangUp()
    close(slave)
  }

  func lend<R: Sendable>(_ body: (Int32) -> R) -> R { body(slave) }

  /// Whether lines are edited and echoed, as in a shell.
  var isRestored: Bool {
    var modes = termios()
    return tcgetattr(slave, &modes) == 0 && modes.c_lflag & tcflag_t(ICANON) != 0
      && modes.c_lflag & tcflag_t(ECHO) != 0
  }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = master.withLock { write($0, bytes, bytes.count) }
  }

  func resize(rows: UInt16, columns: UInt16) {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = master.withLock { ioctl($0, UInt(TIOCSWINSZ), &size) }
  }

  func hangUp() {
    master.withLock { master in
      if master >= 0 { close(master) }
      master = -1
    }
  }

  /// Whether `text` appears within 20 s.
  func shows(_ text: String) async -> Bool {
    await eventually {
      readAll()
      let bytes = shown.withLock { $0 }
      return String(decoding: bytes, as: UTF8.self).contains(text)
    }
  }

  private func readAll() {
    guard reads else { return }
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = master.withLock { read($0, &buffer, buffer.count) }
      guard count > 0 else { return }
      shown.withLock { $0 += buffer[..<count] }
    }
  }
}
