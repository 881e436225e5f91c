import RunbookAdapter
import RunbookAudit
import RunbookEngine
import RunbookModel
import RunbookSecrets
import Synchronization

/// Secrets and output of one attempt: bytes go through the masker, then to the store and to the display.
final class AttemptSession: StepSession {
  let secrets: any SecretSource
  var output: any OutputSink { counted }

  private let sink: MaskingSink
  private let counted: CountedSink
  private let store: SecretStore
  private let recording: Recording
  private let blobs: BlobStore

  init(
    _ request: SessionRequest, secrets store: SecretStore, blobs: BlobStore, display: RunDisplay?, limit: Int
  ) {
    self.store = store
    self.blobs = blobs
    secrets = store.source(for: request.secrets)
    let recording = Recording()
    self.recording = recording
    sink = MaskingSink(store: store, holds: request.holdsOutput, holdLimit: limit) { bytes, stream in
      recording.add(bytes, stream)
      display?.show(bytes, from: stream)
    }
    counted = CountedSink(sink)
  }

  func mask(_ texts: [String]) { store.mask(texts) }

  func discardOutput() {
    sink.discard()
    counted.reset()
  }

  @concurrent func close(keepsOutput: Bool) async throws(JournalFailure) -> [OutputRecord] {
    let dropped = sink.finish(keepsHeld: keepsOutput)
    do throws(AuditFailure) {
      return try recording.records(written: counted.counts, dropped: dropped, in: blobs)
    } catch {
      throw JournalFailure(error.reason)
    }
  }

  /// Counts what a step wrote, before anything of it is masked.
  ///
  /// The counts say nothing of a secret. The digest in the log is of the masked bytes, which are the stored ones:
  /// that of the bytes as written would let everyone try secrets against it who has the rest of the text.
  private final class CountedSink: OutputSink {
    struct Count {
      var bytes = 0
      var lines = 0
    }

    private let masked: MaskingSink
    private let state = Mutex<[OutputStream: Count]>([:])

    init(_ masked: MaskingSink) { self.masked = masked }

    var counts: [OutputStream: Count] { state.withLock { $0 } }

    func reset() { state.withLock { $0 = [:] } }

    func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream) {
      let lines = LineFeeds.count(in: bytes)
      state.withLock {
        $0[stream, default: Count()].bytes += bytes.count
        $0[stream, default: Count()].lines += lines
      }
      masked.write(bytes, to: stream)
    }
  }

  /// The recorders of an attempt's streams, each made at its first byte.
  private final class Recording: Sendable {
    private struct State: ~Copyable {
      var output: StreamRecorder?
      var errors: StreamRecorder?
      var notices: StreamRecorder?
      var failure: AuditFailure?

      mutating func add(_ bytes: UnsafeRawBufferPointer, _ stream: OutputStream) {
        do throws(AuditFailure) {
          switch stream {
          case .standardOutput: try Self.add(bytes, stream, &output)
          case .standardError: try Self.add(bytes, stream, &errors)
          case .serverNotice: try Self.add(bytes, stream, &notices)
          }
        } catch {
          failure = error
        }
      }

      static func add(
        _ bytes: UnsafeRawBufferPointer, _ stream: OutputStream, _ recorder: inout StreamRecorder?
      ) throws(AuditFailure) {
        if recorder == nil { recorder = try StreamRecorder(stream) }
        recorder?.add(bytes)
      }
    }

    private let state = Mutex(State())

    func add(_ bytes: UnsafeRawBufferPointer, _ stream: OutputStream) {
      state.withLock { $0.add(bytes, stream) }
    }

    func records(
      written: [OutputStream: CountedSink.Count], dropped: [OutputStream: Int], in blobs: BlobStore
    ) throws(AuditFailure) -> [OutputRecord] {
      let result: Result<[OutputRecord], AuditFailure> = state.withLock { state in
        Result { () throws(AuditFailure) in
          if let failure = state.failure { throw failure }
          var records: [OutputRecord] = []
          for stream in OutputStream.allCases {
            var recorder: StreamRecorder?
            switch stream {
            case .standardOutput: recorder = state.output.take()
            case .standardError: recorder = state.errors.take()
            case .serverNotice: recorder = state.notices.take()
            }
            if recorder == nil, dropped[stream] != nil { recorder = try StreamRecorder(stream) }
            if let recorder = recorder.take() {
              records.append(
                try recorder.record(
                  in: blobs, written: written[stream].map { ($0.bytes, $0.lines) },
                  droppedBytes: dropped[stream] ?? 0))
            }
          }
          return records
        }
      }
      return try result.get()
    }
  }
}
