import Glibc

/// The Swift runtime's reports of crashes.
public enum CrashReports {
  /// Gives the signals that a crash raises their default action back, unless SWIFT_BACKTRACE says otherwise.
  ///
  /// The runtime's own handler writes registers and memory, so secrets too, to the operator's terminal and waits half
  /// a minute for a key. The message of a failed precondition comes before it and stays.
  public static func turnOff() {
    guard getenv("SWIFT_BACKTRACE") == nil else { return }
    for number in [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP] {
      let before = signal(number, SIG_DFL)
      // What whoever started us wants ignored, as a shell does for what runs in its background, stays so.
      if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        signal(number, SIG_IGN)
      }
    }
  }
}
