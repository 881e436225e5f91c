import Dispatch
import Glibc
import RunbookDiagnostics
import RunbookModel
import Synchronization

/// Draws a run on standard output, on a thread of its own, so that a slow or closed terminal never holds a step.
///
/// Two streams come in: events, lossless, and output, bounded and droppable. On a terminal a last line shows
/// what is running and since when.
final class RunDisplay: Sendable {
  /// Output waiting to be drawn; what comes above is counted and dropped.
  private static let outputLimit = 1 << 20
  /// Output drawn in one second at the most: nobody reads more, and drawing it would slow the step's machine down.
  private static let outputPerSecond = 1 << 20
  /// Output of a step that is drawn whatever the steps before it wrote.
  private static let firstOutput = 4 << 10

  private struct State {
    var pending: [Item] = []
    var pendingBytes = 0
    var dropped = 0
    /// The second that `shownInSecond` counts.
    var second = ContinuousClock.now
    var shownInSecond = 0
    /// The step that a person has just agreed to, with its target and program before them.
    var agreedTo: StepID?
    /// What the running step wrote, up to `firstOutput`.
    var writtenByStep = 0
    var isScheduled = false
    var isSuspended = false
    var isClosed = false
    var isFinished = false
    var running: (label: String, since: ContinuousClock.Instant)?
    var liveLineIsDrawn = false
    var frame = 0
    var partial: [OutputStream: [UInt8]] = [:]
    /// Streams whose last line ended with a carriage return, which a line feed may follow.
    var returned: Set<OutputStream> = []
  }

  private enum Item {
    case lines([EventLines.Line])
    case output([UInt8], OutputStream)
    case dropped(Int)
    case running(String?)
  }

  private let screen: Screen
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "runbook.display")

  /// Nothing is drawn before something is shown.
  init(screen: Screen) {
    self.screen = screen
    if screen.isTerminal { tick() }
  }

  /// Shows the lines of an event.
  func show(_ lines: [EventLines.Line]) {
    guard !lines.isEmpty else { return }
    enqueue(.lines(lines), bytes: 0)
  }

  /// Notes that a question showed all of a step; on a terminal its beginning need not show it again.
  func noteAgreement(to step: StepID) {
    if screen.isTerminal { state.withLock { $0.agreedTo = step } }
  }

  /// Whether the question just answered has shown the step; once for each answer.
  func takeAgreement(to step: StepID) -> Bool {
    state.withLock { state in
      defer { state.agreedTo = nil }
      return state.agreedTo == step
    }
  }

  /// Says what runs now, nil for nothing.
  func setRunning(_ label: String?) {
    if label != nil { state.withLock { $0.writtenByStep = 0 } }
    enqueue(.running(label), bytes: 0)
  }

  /// Shows masked output of the running step, or counts it where too much is waiting.
  func show(_ bytes: UnsafeRawBufferPointer, from stream: OutputStream) {
    let now = ContinuousClock.now
    let isFull = state.withLock { state in
      if state.second.duration(to: now) > .seconds(1) {
        state.second = now
        state.shownInSecond = 0
      }
      state.shownInSecond += bytes.count
      let isFirst = state.writtenByStep < Self.firstOutput
      if isFirst { state.writtenByStep += bytes.count }
      let isFull =
        state.pendingBytes + bytes.count > Self.outputLimit || state.shownInSecond > Self.outputPerSecond
      if isFull && !isFirst { state.dropped += bytes.count }
      return isFull && !isFirst
    }
    if !isFull { enqueue(.output(Array(bytes), stream), bytes: bytes.count) }
  }

  /// Waits until everything shown so far was drawn, at most 2 s: a stopped terminal holds nobody.
  func drain() async {
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      let once = Once(done)
      queue.async {
        self.drawPending()
        self.flushPartial()
        self.eraseLiveLine()
        once.resume()
      }
      DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(2)) { once.resume() }
    }
  }

  /// Stops drawing until `resume`; for questions and interactive steps.
  func suspend() async {
    await drain()
    state.withLock { $0.isSuspended = true }
  }

  /// Stops drawing at once, without waiting; for callers that cannot.
  func suspendNow() {
    state.withLock { $0.isSuspended = true }
    queue.sync {
      drawPending()
      flushPartial()
      eraseLiveLine()
    }
  }

  /// Draws again.
  func resume() { state.withLock { $0.isSuspended = false } }

  /// Draws what is left and stops.
  func finish() async {
    enqueue(.running(nil), bytes: 0)
    await drain()
    state.withLock { $0.isFinished = true }
  }

  private func enqueue(_ item: Item, bytes: Int) {
    let schedules = state.withLock { state in
      if state.dropped > 0, bytes == 0 {
        state.pending.append(.dropped(state.dropped))
        state.dropped = 0
      }
      state.pending.append(item)
      state.pendingBytes += bytes
      defer { state.isScheduled = true }
      return !state.isScheduled
    }
    if schedules { queue.async { self.drawPending() } }
  }

  private func drawPending() {
    let items = state.withLock { state in
      let items = state.pending
      state.pending = []
      state.isScheduled = false
      return items
    }
    guard !items.isEmpty else { return }
    eraseLiveLine()
    var text = ""
    var drawn = 0
    for item in items {
      switch item {
      case .lines(let lines):
        text += takePartial()
        for line in lines { text += (line.style.map { screen.styled(line.text, $0) } ?? line.text) + "\n" }
      case .output(let bytes, let stream):
        text += linesOf(bytes, stream)
        drawn += bytes.count
      case .dropped(let count):
        text += takePartial()
        text +=
          screen.styled("  │ … \(EventLines.size(count)) not shown here, kept as the log says", .faint) + "\n"
      case .running(let label):
        text += takePartial()
        state.withLock { $0.running = label.map { ($0, .now) } }
      }
      if text.utf8.count > 65_536 {
        put(text)
        text = ""
      }
    }
    put(text)
    state.withLock { $0.pendingBytes -= drawn }
  }

  private func put(_ text: String) {
    guard !text.isEmpty, !state.withLock({ $0.isClosed }) else { return }
    if !StandardStream.write(text) { state.withLock { $0.isClosed = true } }
  }

  /// Whole lines of a chunk, the rest kept until its line ends; a carriage return ends a line too.
  private func linesOf(_ bytes: [UInt8], _ stream: OutputStream) -> String {
    var (rest, isReturned) = state.withLock { state in
      (state.partial.removeValue(forKey: stream) ?? [], state.returned.remove(stream) != nil)
    }
    var text = ""
    for byte in bytes {
      if byte == 0x0a || byte == 0x0d {
        if !rest.isEmpty || byte == 0x0a && !isReturned { text += outputLine(rest, stream) }
        isReturned = byte == 0x0d && !rest.isEmpty
        rest.removeAll(keepingCapacity: true)
      } else {
        isReturned = false
        rest.append(byte)
        if rest.count >= 4096 {
          text += outputLine(rest, stream)
          rest.removeAll(keepingCapacity: true)
        }
      }
    }
    state.withLock { state in
      if !rest.isEmpty { state.partial[stream] = rest }
      if isReturned { state.returned.insert(stream) }
    }
    return text
  }

  private func outputLine(_ bytes: [UInt8], _ stream: OutputStream) -> String {
    let line = TerminalText.inert(String(decoding: bytes, as: UTF8.self))
    let bar = stream == .standardOutput ? screen.styled("  │ ", .faint) : screen.styled("  ┊ ", .caution)
    return bar + line + "\n"
  }

  private func takePartial() -> String {
    let partial = state.withLock { state in
      let partial = state.partial
      state.partial = [:]
      return partial
    }
    return OutputStream.allCases.compactMap { stream in partial[stream].map { outputLine($0, stream) } }
      .joined()
  }

  private func flushPartial() {
    let text = takePartial()
    if !text.isEmpty {
      eraseLiveLine()
      put(text)
    }
  }

  /// Redraws the live line ten times a second until the end.
  private func tick() {
    queue.asyncAfter(deadline: .now() + .milliseconds(100)) { [weak self] in
      guard let self, !state.withLock({ $0.isFinished }) else { return }
      drawLiveLine()
      tick()
    }
  }

  private func drawLiveLine() {
    let (running, isSuspended, frame) = state.withLock { state in
      state.frame += 1
      return (state.running, state.isSuspended, state.frame)
    }
    guard let running, !isSuspended else { return }
    let elapsed = running.since.duration(to: .now).components
    // A step of half a second needs no line of its own.
    guard elapsed.seconds > 0 || elapsed.attoseconds > 500_000_000_000_000_000 else { return }
    let spinner = Array("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
    let text = "\(spinner[frame % spinner.count]) \(running.label) · \(elapsed.seconds) s · Ctrl-C ends it"
    put("\r\u{1b}[K" + screen.styled(String(text.prefix(screen.width - 1)), .link))
    state.withLock { $0.liveLineIsDrawn = true }
  }

  private func eraseLiveLine() {
    guard
      state.withLock({ state in
        defer { state.liveLineIsDrawn = false }
        return state.liveLineIsDrawn
      })
    else { return }
    put("\r\u{1b}[K")
  }
}

/// A continuation that whoever comes first resumes.
private final class Once: Sendable {
  private let continuation: Mutex<CheckedContinuation<Void, Never>?>

  init(_ continuation: CheckedContinuation<Void, Never>) { self.continuation = Mutex(continuation) }

  func resume() {
    let waiting = continuation.withLock { continuation in
      defer { continuation = nil }
      return continuation
    }
    waiting?.resume()
  }
}
