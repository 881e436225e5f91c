import Glibc
import RunbookAdapter
import RunbookEngine
import RunbookModel
import Synchronization
import UnixSignals

/// Ctrl-C, Ctrl-\, SIGTERM and SIGHUP as levels that blocking calls can poll.
///
/// The first SIGINT or SIGTERM ends the running step in good order, the second, or a SIGQUIT, at once. SIGHUP says
/// that the terminal is gone: a running step goes on, and whoever would ask a person stops.
final class SignalInterrupt: RunInterrupt {
  private let pipe: (read: Int32, write: Int32)
  private let state = Mutex((level: InterruptLevel.none, signal: String?.none, isHungUp: false))
  /// Called once for each signal, with its name.
  private let notice: Mutex<(@Sendable (String) -> Void)?>

  /// No signal is handled before `listen`.
  init() {
    var ends: [Int32] = [-1, -1]
    _ = Glibc.pipe(&ends)
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    pipe = (ends[0], ends[1])
    notice = Mutex(nil)
  }

  deinit {
    close(pipe.read)
    close(pipe.write)
  }

  var descriptor: Int32 { pipe.read }
  var level: InterruptLevel { state.withLock { $0.level } }

  var signal: String? { state.withLock { $0.signal } }

  /// Whether the terminal is gone.
  var isHungUp: Bool { state.withLock { $0.isHungUp } }

  /// Says who wants to know of each signal.
  func onSignal(_ body: @escaping @Sendable (String) -> Void) { notice.withLock { $0 = body } }

  /// Handles signals from now on until the task is cancelled. SIGPIPE is ignored for good.
  func listen() async -> Task<Void, Never> {
    Glibc.signal(SIGPIPE, SIG_IGN)
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sigquit, .sighup)
    return Task { [self] in
      for await signal in signals {
        switch signal {
        case .sigint: received("SIGINT")
        case .sigterm: received("SIGTERM")
        case .sigquit: received("SIGQUIT", atOnce: true)
        default: hungUp()
        }
      }
    }
  }

  private func received(_ name: String, atOnce: Bool = false, isNoticed: Bool = false) {
    state.withLock { state in
      state.level = state.level == .none && !atOnce ? .gentle : .immediate
      if state.signal == nil { state.signal = name }
    }
    var byte: UInt8 = 1
    _ = write(pipe.write, &byte, 1)
    if !isNoticed { notice.withLock { $0 }?(name) }
  }

  func endStep() {
    state.withLock { if $0.level == .none { $0.level = .gentle } }
    var byte: UInt8 = 1
    _ = write(pipe.write, &byte, 1)
  }

  /// The terminal is gone and a person would have to be asked: from here on the run is to end.
  func giveUpTerminal() {
    guard isHungUp else { return }
    received("SIGHUP", isNoticed: true)
  }

  private func hungUp() {
    state.withLock { $0.isHungUp = true }
    notice.withLock { $0 }?("SIGHUP")
  }
}
