/// Why a lock cannot be had.
public enum LockFailure: Error, Sendable, Hashable {
  /// A living process has it; nil where the file does not say who.
  case held(LockHolder?)
  /// The file cannot be used: nobody can know who has the lock, so nobody gets it.
  case unusable(String)
}
