import Glibc
import RunbookModel
import Testing

@testable import RunbookAudit

/// A folder of a test's own, removed with it.
final class Scratch: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/runbook-audit-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw AuditFailure.unavailable("no folder for a test") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("rm"), strdup("-rf"), strdup(path), nil]
    var process: pid_t = 0
    if posix_spawn(&process, "/bin/rm", nil, nil, &arguments, nil) == 0 {
      var status: Int32 = 0
      waitpid(process, &status, 0)
    }
    for argument in arguments { free(argument) }
  }

  var store: StoreLocation { StoreLocation(path: path + "/state/store") }
  var journal: String { store.path + "/journal/" + Journal.name }

  func read(_ path: String) throws -> [UInt8] {
    let raw = open(path, O_RDONLY | O_CLOEXEC)
    guard raw >= 0 else { throw AuditFailure.system(errno, "open \(path)") }
    let file = Descriptor(owning: raw)
    return try file.bytes(0..<Int(try file.status().st_size))
  }

  func write(_ bytes: [UInt8], to path: String) throws {
    let raw = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard raw >= 0 else { throw AuditFailure.system(errno, "open \(path)") }
    let file = Descriptor(owning: raw)
    try bytes.withBytes { (buffer) throws(AuditFailure) in try file.write(buffer) }
  }
}

extension AuditStore {
  /// A store for a test: an actor of its own, and what else is to be replaced.
  static func forTest(
    _ location: StoreLocation, clock: AuditClock = .system, device: JournalDevice = .system,
    limitMilliseconds: Int64 = 2000
  ) throws(AuditFailure) -> AuditStore {
    try AuditStore(
      location, version: "1.2.3", actor: Actor(kind: .human, user: "eve", uid: 1000), clock: clock,
      device: device, limitMilliseconds: limitMilliseconds)
  }
}

extension RunEvent {
  static func sample(_ kind: Kind, run: String = "20261120T231500Z-k3xqd") -> RunEvent {
    RunEvent(run: RunID(run), mode: .run, kind: kind)
  }
}

@Suite struct `The store` {
  @Test func `gives back what was written, in order, with its place`() async throws {
    let scratch = try Scratch()
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
}
