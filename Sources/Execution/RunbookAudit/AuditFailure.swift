import Glibc
public import RunbookModel

/// Why the store cannot be used, or not answer a question.
public enum AuditFailure: Error, Sendable, Hashable {
  /// Disk, permissions, another owner, a missing library.
  case unavailable(String)
  /// No space, no quota, or the limit of a file's size: closing events may still find room.
  case full(String)
  /// A second place that must have every event did not take them; the log itself has them.
  case sink(String)
  /// The log has the events, and no checkpoint could be signed over them.
  case unsigned(String)
  /// Complete lines or blobs that do not fit: somebody changed them.
  case tampered(String)
  /// No run has that name.
  case notFound(String)
  /// Several runs begin with that text.
  case ambiguous(String, [RunID])

  /// For people: lower case, no full stop.
  public var reason: String {
    switch self {
    case .unavailable(let reason), .full(let reason), .sink(let reason), .unsigned(let reason),
      .tampered(let reason), .notFound(let reason):
      reason
    case .ambiguous(let text, let runs):
      "several runs begin with '\(text)': \(runs.map(\.rawValue).joined(separator: ", "))"
    }
  }

  /// A failed system call: `error` is its errno, `action` what was tried.
  static func system(_ error: Int32, _ action: String) -> Self {
    let reason = "cannot \(action): \(String(cString: strerror(error)))"
    switch error {
    case ENOSPC, EDQUOT, EFBIG: return .full(reason)
    default: return .unavailable(reason)
    }
  }
}

extension JournalFailure {
  /// The same for the engine, which only needs to know that it must not go on.
  init(_ failure: AuditFailure) { self.init(failure.reason) }
}
