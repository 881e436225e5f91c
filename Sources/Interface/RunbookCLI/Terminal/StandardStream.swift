import Glibc

/// Whole writes to a standard descriptor: the C streams buffer by block and are unsafe to share.
enum StandardStream {
  /// Writes all of it. A reader that left is no error: what it does not want to read need not be written.
  ///
  /// - Returns: False where nobody reads any more.
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
        guard count > 0 else { return false }
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
