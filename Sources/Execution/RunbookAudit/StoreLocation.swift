import Glibc

/// Where the store is.
public struct StoreLocation: Sendable, Hashable {
  /// The directory.
  public let path: String

  /// A store at `path`, which need not exist yet.
  public init(path: String) { self.path = path }

  /// `$RUNBOOK_STORE`, else `$XDG_STATE_HOME/runbook`, else `~/.local/state/runbook`.
  ///
  /// As the XDG Base Directory Specification wants it, `$XDG_STATE_HOME` counts only where it is absolute.
  ///
  /// - Parameter variable: The value of an environment variable, nil where it is not set.
  /// - Throws: `.unavailable` where even the home directory is not known.
  public init(environment variable: (String) -> String?) throws(AuditFailure) {
    if let path = variable("RUNBOOK_STORE"), !path.isEmpty {
      self.init(path: path)
    } else if let state = variable("XDG_STATE_HOME"), state.hasPrefix("/") {
      self.init(path: state + "/runbook")
    } else if let home = variable("HOME"), home.hasPrefix("/") {
      self.init(path: home + "/.local/state/runbook")
    } else {
      throw .unavailable("the log's directory is not known: set RUNBOOK_STORE or HOME")
    }
  }

  /// The location by this process's environment.
  public static func current() throws(AuditFailure) -> StoreLocation {
    try StoreLocation { getenv($0).map { String(cString: $0) } }
  }

  /// Looks whether a run could write its log here. Changes nothing.
  ///
  /// - Returns: Whether there is a log; without one the first run makes it.
  /// - Throws: `.unavailable` where it could not, with the reason.
  public func isReady() throws(AuditFailure) -> Bool {
    guard let root = try StoreDirectory.open(path, creating: false) else {
      var parent = path[...]
      while access(String(parent), F_OK) != 0, let slash = parent.lastIndex(of: "/") {
        parent = parent[..<slash]
        if parent.isEmpty { parent = "/" }
      }
      guard access(String(parent), W_OK) == 0 else {
        throw .unavailable("'\(path)' cannot be made in '\(parent)': \(String(cString: strerror(errno)))")
      }
      return false
    }
    try StoreDirectory.checkOwner(root, path)
    let isThere = faccessat(root.rawValue, "journal/" + Journal.name, F_OK, 0) == 0
    guard faccessat(root.rawValue, isThere ? "journal/" + Journal.name : ".", W_OK, 0) == 0 else {
      throw .unavailable("'\(path)' cannot be written: \(String(cString: strerror(errno)))")
    }
    return isThere
  }
}
