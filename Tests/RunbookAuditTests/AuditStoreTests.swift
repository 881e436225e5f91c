import Glibc
import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `The store` {
  @Test func `gives back what was written, in order, with its place`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    let kinds = EventSamples.kinds
    var receipts: [Receipt] = []
    for kind in kinds.prefix(5) { receipts += try await store.append([.sample(kind)]) }
    receipts += try await store.append(kinds.dropFirst(5).map { .sample($0) })
    #expect(receipts.map(\.sequence) == (1...UInt64(kinds.count)).map { $0 })

    let reader = try #require(try AuditReader.open(scratch.store))
    let events = try reader.events(of: RunID("20261120T231500Z-k3xqd"))
    #expect(events.compactMap(\.kind) == kinds)
    #expect(events.map(\.sequence) == receipts.map(\.sequence))
    #expect(events.map { $0.run?.previous } == [nil] + receipts.dropLast().map(\.sequence))
    #expect(Set(events.map(\.id)).count == kinds.count)
    #expect(events.allSatisfy { $0.actor.user == "eve" && $0.program.version == "1.2.3" })
  }

  @Test func `names the program that writes, and finds its digest again`() throws {
    let scratch = Scratch()
    let folder = try #require(try StoreDirectory.open(scratch.path, creating: false))
    let first = try ProgramIdentity.current(version: "1", cache: folder)
    let expected = try Command.run(["sha256sum", "/proc/\(getpid())/exe"]).output.prefix(64)
    #expect(first.digest.rawValue == "sha256:\(expected)")
    let note = try scratch.read(scratch.path + "/program")
    let marked = note.map { $0 == 0x61 ? 0x62 : $0 }
    try scratch.write(marked, to: scratch.path + "/program")
    #expect(
      try ProgramIdentity.current(version: "1", cache: folder).digest != first.digest, "the note is used")
    try scratch.write([0x30] + note, to: scratch.path + "/program")
    #expect(
      try ProgramIdentity.current(version: "1", cache: folder) == first, "a note of another file is not")
  }
}
