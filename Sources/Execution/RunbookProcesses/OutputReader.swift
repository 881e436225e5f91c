import CProcess
import Glibc
import RunbookAdapter
import RunbookModel

/// One stream of a child: read as fast as it comes, kept within limits, passed on.
struct OutputReader: ~Copyable {
  /// Above what a pipe of the largest usual size holds nothing is gained; below, more system calls.
  private static let bufferSize = 256 << 10

  private var descriptor: Descriptor
  private let stream: OutputStream
  private let sink: (any OutputSink)?
  private let buffer: UnsafeMutableRawBufferPointer
  private var hasLargePipe = false
  /// What was kept so far.
  private(set) var capture: OutputCapture

  /// Reads `descriptor`, which must not block.
  init(_ descriptor: consuming Descriptor, _ stream: OutputStream, sink: (any OutputSink)?, limit: Int) {
    self.descriptor = descriptor
    self.stream = stream
    self.sink = sink
    buffer = .allocate(byteCount: Self.bufferSize, alignment: 1)
    capture = OutputCapture(limit: limit)
  }

  deinit { buffer.deallocate() }

  /// Whether its end was not seen yet.
  var isOpen: Bool { descriptor.isOpen }

  /// For `poll`; -1 after the end.
  var number: Int32 { descriptor.number }

  /// Reads what is there, at most a few MiB at a time so that deadlines are kept; `shown` gets it too.
  mutating func read(_ shown: (UnsafeRawBufferPointer) -> Void) {
    for _ in 0..<16 where isOpen {
      let count = Glibc.read(descriptor.number, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN { return }
      // A pseudo terminal says EIO when nobody has the other side open any more.
      guard count > 0 else { return descriptor.close() }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      capture.append(bytes)
      sink?.write(bytes, to: stream)
      shown(bytes)
      growPipe(after: count)
    }
  }

  /// A child that fills the pipe gets a larger one: memory for those that need it only, since a user's total
  /// is limited (`/proc/sys/fs/pipe-user-pages-soft`).
  private mutating func growPipe(after count: Int) {
    guard !hasLargePipe, count >= 64 << 10 else { return }
    hasLargePipe = true
    rb_grow_pipe(descriptor.number, 1 << 20)
  }
}
