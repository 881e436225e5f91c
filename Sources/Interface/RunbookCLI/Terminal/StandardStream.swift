import Glibc
import Synchronization

/// Whole writes to a standard descriptor: the C streams buffer by block and are unsafe to share.
enum StandardStream {
  private static let firstFailure = Mutex<Int32?>(nil)

  /// Why standard output did not take something; nil where it took all, or its reader left.
  static var outputFailure: Int32? { firstFailure.withLock { $0 } }

  /// Opens what is closed of the three standard descriptors, so that no file of this program, the log for one, ever
  /// gets their numbers. Writing to it fails as before.
  static func occupy() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Writes all of it. A reader that left is no error: what it does not want to read need not be written.
  ///
  /// - Returns: False where nobody reads any more, or it could not be written: see `outputFailure`.
  @discardableResult
  static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        if count < 0, errno == EINTR { continue }
        if count < 0, errno == EAGAIN {
          var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&entry, 1, 1000)
          continue
        }
        guard count > 0 else {
          let error = errno
          if descriptor == STDOUT_FILENO, error != EPIPE { firstFailure.withLock { $0 = $0 ?? error } }
          return false
        }
        done += count
      }
      return true
    }
  }

  /// Writes one line.
  static func line(_ text: String = "", to descriptor: Int32 = STDOUT_FILENO) {
    write(text + "\n", to: descriptor)
  }
}
