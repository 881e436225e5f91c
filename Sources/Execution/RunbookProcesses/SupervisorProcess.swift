import CProcess
import Glibc

/// The supervisor's side: this program again, as `--supervise kill|finish EXITS`.
public enum SupervisorProcess {
  /// Becomes the supervisor if the arguments say so; the very first call in `main`, before any thread.
  ///
  /// Returns at once in every other case. Never returns from being one.
  public static func runIfAsked() {
    let arguments = CommandLine.unsafeArgv
    guard CommandLine.argc == 4, let word = arguments[1], strcmp(word, "--supervise") == 0,
      let policy = arguments[2], let exitLog = arguments[3]
    else { return }
    rb_supervise(Int32((strcmp(policy, "finish") == 0 ? RB_POLICY_FINISH : RB_POLICY_KILL).rawValue), exitLog)
  }
}
