import Glibc

/// The lock that lets one process at a time add to the journal.
enum JournalLock {
  /// Waits for the lock on `file` until `deadline`, by the monotonic clock.
  ///
  /// flock has no time limit, so it is tried again and again, at first after 50 µs, later every 2 ms.
  static func acquire(_ file: Descriptor, until deadline: Int64, clock: AuditClock) throws(AuditFailure) {
    var pause: useconds_t = 50
    while Descriptor.retrying({ flock(file.rawValue, LOCK_EX | LOCK_NB) }) != 0 {
      guard errno == EWOULDBLOCK else { throw .system(errno, "lock the journal") }
      guard clock.monotonic() < deadline else {
        throw .unavailable("another process holds the journal's lock for too long")
      }
      usleep(pause)
      pause = min(pause * 2, 2000)
    }
  }

  /// Lets the next one in.
  static func release(_ file: Descriptor) { flock(file.rawValue, LOCK_UN) }
}
