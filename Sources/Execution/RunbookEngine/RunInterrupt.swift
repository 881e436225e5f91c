public import RunbookAdapter

/// What ends a run from outside: the signals this program caught.
public protocol RunInterrupt: Interrupt {
  /// The first signal that raised the level (`SIGINT`, `SIGTERM`, `SIGQUIT` or `SIGHUP`); nil while the level is
  /// `none`.
  var signal: String? { get }

  /// Ends the running step in good order, as a first signal does, but without one.
  func endStep()
}

/// The number of a signal that can end a run; those of Linux, the same on every architecture we build for.
func signalNumber(_ name: String) -> Int32 {
  switch name {
  case "SIGHUP": 1
  case "SIGINT": 2
  case "SIGQUIT": 3
  default: 15
  }
}
