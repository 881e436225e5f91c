internal import RunbookAdapter
internal import RunbookModel
internal import Synchronization

/// Shows a step's own output as it comes and keeps what its result may hold.
final class OutputRecord: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var count = 0
  }

  private let state = Mutex(State())
  private let sink: any OutputSink
  private let limit: Int

  init(_ context: StepContext) {
    sink = context.output
    limit = context.captureLimit
  }

  func write(_ text: String) { write(Array(text.utf8)) }

  func write(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { sink.write($0, to: .standardOutput) }
    keep(bytes)
  }

  /// Takes what was shown already.
  func keep(_ stream: CapturedStream) {
    keep(stream.head + stream.tail)
    state.withLock { $0.count += stream.byteCount - stream.head.count - stream.tail.count }
  }

  /// All of it as text; nil where it is more than was kept.
  var text: String? {
    state.withLock { $0.count > $0.bytes.count ? nil : String(decoding: $0.bytes, as: UTF8.self) }
  }

  private func keep(_ bytes: [UInt8]) {
    state.withLock { state in
      state.bytes += bytes.prefix(max(0, limit - state.bytes.count))
      state.count += bytes.count
    }
  }
}
