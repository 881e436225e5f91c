internal import Synchronization

/// Takes a container's log as the engine sends it and gives it on line by line, with a prefix.
///
/// Without a terminal the engine sends frames: stream (1 byte), three zero bytes, length (4 bytes, big-endian),
/// payload. Frames and lines are cut anywhere.
final class LogStream: Sendable {
  private struct State {
    var pending: [UInt8] = []
    /// One unfinished line a stream: the container's output and its errors do not end each other's lines.
    var lines: [UInt8: [UInt8]] = [:]
  }

  /// A line longer than this is given on in pieces.
  private static let longestLine = 64 << 10

  private let state = Mutex(State())
  private let prefix: [UInt8]
  private let isFramed: Bool
  private let output: OutputRecord

  init(prefix: String, isFramed: Bool, output: OutputRecord) {
    self.prefix = Array(prefix.utf8)
    self.isFramed = isFramed
    self.output = output
  }

  func take(_ bytes: UnsafeRawBufferPointer) {
    state.withLock { state in
      guard isFramed else {
        takeText(bytes[...].map { $0 }, stream: 1, &state)
        return
      }
      state.pending += bytes
      var start = 0
      while state.pending.count - start >= 8 {
        let length = state.pending[(start + 4)..<(start + 8)].reduce(0) { $0 << 8 | Int($1) }
        guard state.pending.count - start >= 8 + length else { break }
        takeText(
          Array(state.pending[(start + 8)..<(start + 8 + length)]), stream: state.pending[start], &state)
        start += 8 + length
      }
      state.pending.removeFirst(start)
    }
  }

  /// Gives on what has no line end yet.
  func finish() {
    state.withLock { state in
      for stream in state.lines.keys.sorted() {
        if let line = state.lines[stream], !line.isEmpty { output.write(prefix + line + [0x0a]) }
      }
      state.lines = [:]
    }
  }

  private func takeText(_ text: [UInt8], stream: UInt8, _ state: inout State) {
    var line = state.lines[stream] ?? []
    var ready: [UInt8] = []
    for byte in text {
      line.append(byte)
      if byte == 0x0a || line.count >= Self.longestLine {
        ready += prefix + line
        if byte != 0x0a { ready.append(0x0a) }
        line = []
      }
    }
    state.lines[stream] = line
    if !ready.isEmpty { output.write(ready) }
  }
}
