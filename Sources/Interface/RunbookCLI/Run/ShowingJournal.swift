import RunbookModel

/// Shows events when they are durable, and before whatever follows from them starts.
///
/// The engine's own stream of events would do, but nothing orders it with the output of the step that an intent
/// announces.
struct ShowingJournal: RunJournal {
  let journal: any RunJournal
  /// Whether events count that the log has though it failed with them.
  var showsUnacknowledged = false
  let show: @Sendable (RunEvent) -> Void

  @concurrent func append(_ events: [RunEvent]) async throws(JournalFailure) -> [Receipt] {
    do throws(JournalFailure) {
      let receipts = try await journal.append(events)
      for event in events { show(event) }
      return receipts
    } catch {
      if showsUnacknowledged, error.isRecorded { for event in events { show(event) } }
      throw error
    }
  }

  @concurrent func failed() async -> JournalFailure? { await journal.failed() }
}
