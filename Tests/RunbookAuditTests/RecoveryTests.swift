import Glibc
import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `Opening a store that was left behind` {
  /// A store with a few events, closed.
  private func filled(_ scratch: Scratch) async throws -> [UInt8] {
    let store = try AuditStore.forTest(scratch.store)
    for kind in EventSamples.kinds.prefix(3) + [.signalReceived("SIGINT")] {
      _ = try await store.append([.sample(kind)])
    }
    return try scratch.read(scratch.journal)
  }

  private func lines(_ journal: [UInt8]) -> [ArraySlice<UInt8>] { journal.dropLast().split(separator: 0x0a) }

  @Test func `a last line cut anywhere is moved aside and logged, and the log goes on`() async throws {
    let scratch = Scratch()
    let journal = try await filled(scratch)
    let end = journal.count - lines(journal)[4].count - 1
    let copy = scratch.path + "/copy"
    _ = try Command.run(["cp", "-a", scratch.store.path, copy])
    for cut in (end + 1)..<journal.count {
      _ = try Command.run(["rm", "-rf", scratch.store.path])
      _ = try Command.run(["cp", "-a", copy, scratch.store.path])
      try scratch.write(Array(journal[..<cut]), to: scratch.journal)
      _ = try AuditStore.forTest(scratch.store)
      let reader = try #require(try AuditReader.open(scratch.store))
      var events: [StoredEvent] = []
      try reader.forEachEvent {
        events.append($0)
        return true
      }
      try #require(events.count == 5)
      guard case .log(.recovered(let recovery)) = events[4].content, let file = recovery.file else {
        Issue.record("cut at \(cut): \(events[4])")
        return
      }
      #expect(recovery.reason == .tornLine)
      let aside = try scratch.read("\(scratch.store.path)/journal/\(file)")
      #expect(aside == Array(journal[end..<cut]))
      #expect(try Digest.sha256(aside) == recovery.digest)
    }
    #expect(try Command.checkJournal(scratch.journal).code == 0)
  }

  @Test func `a whole last line is left alone`() async throws {
    let scratch = Scratch()
    let journal = try await filled(scratch)
    _ = try AuditStore.forTest(scratch.store)
    #expect(try scratch.read(scratch.journal) == journal)
  }

  @Test func `a changed byte before the last line is refused`() async throws {
    let scratch = Scratch()
    let journal = try await filled(scratch)
    let last = lines(journal)[4].startIndex
    let start = lines(journal)[3].startIndex
    for index in stride(from: start, to: last, by: 5) + [last - 1] {
      var changed = journal
      changed[index] ^= 0x01
      try scratch.write(changed, to: scratch.journal)
      let failure = #expect(throws: AuditFailure.self) { try AuditStore.forTest(scratch.store) }
      guard case .tampered? = failure else {
        Issue.record("byte \(index): \(String(describing: failure))")
        return
      }
    }
  }

  @Test func `a line removed, doubled or swapped at the end is refused`() async throws {
    let scratch = Scratch()
    let all = lines(try await filled(scratch))
    for order in [
      [0, 1, 2, 4], [0, 1, 2, 3, 3], [0, 1, 2, 4, 3], [0, 1, 2, 3, 4, 4], [1, 2, 3, 4].reversed(),
    ] {
      try scratch.write(Array(order.map { Array(all[$0]) + [0x0a] }.joined()), to: scratch.journal)
      let failure = #expect(throws: AuditFailure.self) { try AuditStore.forTest(scratch.store) }
      guard case .tampered? = failure else {
        Issue.record("\(order): \(String(describing: failure))")
        continue
      }
    }
  }

  @Test(arguments: [
    "\n", "no event\n", "{}\n", "{\"v\":1,\"seq\":0}\n", "{\"v\":2,\"seq\":0,\"id\":\"\"}\n",
    String(repeating: "x", count: 20_000),
  ])
  func `a journal of anything else is refused`(text: String) async throws {
    let scratch = Scratch()
    _ = try await filled(scratch)
    try scratch.write(Array(text.utf8), to: scratch.journal)
    let failure = #expect(throws: AuditFailure.self) { try AuditStore.forTest(scratch.store) }
    guard case .tampered? = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
  }

  @Test func `a journal that grows shorter under an open store is refused`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    _ = try await store.append([.sample(.signalReceived("SIGINT"))])
    truncate(scratch.journal, 100)
    let failure = await #expect(throws: JournalFailure.self) {
      try await store.append([.sample(.signalReceived("SIGINT"))])
    }
    #expect(failure?.reason.contains("lost") == true)
  }

  @Test func `a journal that is replaced under an open store is refused`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    let bytes = try scratch.read(scratch.journal)
    rename(scratch.journal, scratch.journal + ".away")
    try scratch.write(bytes, to: scratch.journal)
    await #expect(throws: JournalFailure("the journal was removed or replaced")) {
      try await store.append([.sample(.signalReceived("SIGINT"))])
    }
  }

  @Test func `a line another process left unfinished is moved aside by the next append`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    let other = try #require(try AuditReader.open(scratch.store))
    let raw = open(scratch.journal, O_WRONLY | O_APPEND | O_CLOEXEC)
    try Array("{\"v\":1,\"seq\":1,".utf8).withBytes { (bytes) throws(AuditFailure) in
      try Descriptor(owning: raw).write(bytes)
    }
    let receipts = try await store.append([.sample(.signalReceived("SIGINT"))])
    #expect(receipts.map(\.sequence) == [2])
    #expect(try other.events(of: RunID("20261120T231500Z-k3xqd")).map(\.sequence) == [2])
    #expect(try Command.checkJournal(scratch.journal).output == "3 events\n")
  }

  @Test func `a journal file of a later version is left alone`() async throws {
    let scratch = Scratch()
    _ = try await filled(scratch)
    try scratch.write([], to: scratch.store.path + "/journal/00000000000000000005.jsonl")
    #expect(
      throws: AuditFailure.unavailable(
        "'journal/00000000000000000005.jsonl' was written by a later version of this program")
    ) { try AuditStore.forTest(scratch.store) }
  }
}
