public import RunbookAdapter
public import RunbookModel
import Synchronization

/// Masks each stream of a step before anything else sees its bytes.
///
/// `holds` keeps everything back until `finish`, for steps whose secrets are known only at their end; beyond
/// the limit held bytes are dropped and counted.
public final class MaskingSink: OutputSink {
  /// Takes masked bytes, in order for each stream.
  public typealias Receiver = @Sendable (UnsafeRawBufferPointer, OutputStream) -> Void

  private struct Stream {
    var masker: Masker
    var generation: Int
    var held: [UInt8] = []
    var dropped = 0
  }

  private let store: SecretStore
  private let holds: Bool
  private let holdLimit: Int
  private let receiver: Receiver
  private let streams = Mutex<[OutputStream: Stream]>([:])

  /// A sink in front of `receiver`.
  ///
  /// - Parameter holdLimit: Bytes of one stream that are held at the most.
  public init(store: SecretStore, holds: Bool, holdLimit: Int, receiver: @escaping Receiver) {
    self.store = store
    self.holds = holds
    self.holdLimit = holdLimit
    self.receiver = receiver
  }

  public func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream) {
    streams.withLock { streams in
      var state = streams.removeValue(forKey: stream) ?? fresh()
      if holds {
        let room = max(0, holdLimit - state.held.count)
        state.held += bytes.prefix(room)
        state.dropped += bytes.count - min(room, bytes.count)
      } else {
        mask(bytes, of: stream, &state)
      }
      streams[stream] = state
    }
  }

  /// Forgets what is held; for the next of several polls.
  public func discard() { streams.withLock { $0 = [:] } }

  /// Ends the streams: held bytes are masked with all that is known now, or dropped.
  ///
  /// - Returns: Bytes of each stream that were dropped unseen.
  public func finish(keepsHeld: Bool) -> [OutputStream: Int] {
    streams.withLock { streams in
      var dropped: [OutputStream: Int] = [:]
      for (stream, var state) in streams.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        if holds {
          if keepsHeld {
            state.masker = Masker(store.automaton.0)
            state.held.withUnsafeBytes { mask($0, of: stream, &state) }
          } else {
            state.dropped += state.held.count
          }
        }
        if state.dropped > 0 {
          state.masker.cutOff { receiver($0, stream) }
          dropped[stream] = state.dropped
        } else {
          state.masker.finish { receiver($0, stream) }
        }
      }
      streams = [:]
      return dropped
    }
  }

  private func fresh() -> Stream {
    let (automaton, generation) = store.automaton
    return Stream(masker: Masker(automaton), generation: generation)
  }

  private func mask(_ bytes: UnsafeRawBufferPointer, of stream: OutputStream, _ state: inout Stream) {
    let (automaton, generation) = store.automaton
    if generation != state.generation {
      state.masker.replace(automaton) { receiver($0, stream) }
      state.generation = generation
    }
    if state.masker.isTransparent {
      receiver(bytes, stream)
    } else {
      state.masker.feed(bytes) { receiver($0, stream) }
    }
  }
}
