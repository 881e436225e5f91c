import Glibc
import RunbookAdapter
import RunbookModel
import Synchronization
import Testing

@testable import RunbookSecrets

/// Starts nothing.
struct NoProcesses: ProcessHost {
  @concurrent func run(
    _ request: ProcessRequest, in context: StepContext
  ) async throws(StepFailure) -> ProcessResult {
    throw StepFailure(.spawn, "no process in this test", effectIsPossible: false)
  }
}

@Suite struct `Output that is held to its end` {
  private let store = SecretStore(directory: "/", processes: NoProcesses())

  /// What a sink with room for `limit` bytes lets out of `text`.
  private func shown(_ text: String, limit: Int) -> (text: String, dropped: Int) {
    let shown = Mutex<[UInt8]>([])
    let sink = MaskingSink(store: store, holds: true, holdLimit: limit) { bytes, _ in
      shown.withLock { $0 += bytes }
    }
    sink.write(text, to: .standardOutput)
    let dropped = sink.finish(keepsHeld: true)[.standardOutput] ?? 0
    return (String(decoding: shown.withLock { $0 }, as: UTF8.self), dropped)
  }

  @Test func `shows no part of a secret that the limit cuts in two`() throws {
    try store.keep("hunter22", as: SecretReference(name: "pw", source: .environment("PW")))
    let text = "pw=hunter22; pw=hunter22; hunt"
    for limit in 0...text.utf8.count {
      let (shown, dropped) = shown(text, limit: limit)
      #expect(dropped == text.utf8.count - limit)
      let isWhole = limit == text.utf8.count
      #expect(shown.hasSuffix("hunt") == isWhole, "limit \(limit): \(shown)")
      #expect(
        isWhole || shown.replacing("***", with: "").allSatisfy { "pw=; ".contains($0) },
        "limit \(limit): \(shown)")
    }
  }

  @Test func `comes from a process that leaves no core file`() {
    var limit = rlimit(rlim_cur: 1, rlim_max: 1)
    getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    #expect(limit.rlim_cur == 0)
    #expect(limit.rlim_max == 0)
  }
}
