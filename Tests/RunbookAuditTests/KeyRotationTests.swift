import Glibc
import RunbookModel
import Synchronization
import Testing

@testable import RunbookAudit

@Suite struct `A key that nobody handed over to` {
  /// Somebody who may write everything and has no key of the log: makes one and writes that the log changed to it.
  ///
  /// - Parameter place: Before which line he says so.
  /// - Returns: The log's real key.
  private func forge(_ location: StoreLocation, at place: Int, _ scratch: Scratch) throws -> VerifierKey {
    let real = try LogHead.open(location).key
    let forged = try SigningKey(name: real.name)
    let journal = location.path + "/journal/" + Journal.name
    var lines = try scratch.read(journal).dropLast().split(separator: 0x0a).map { Array($0) + [0x0a] }
    let opened = String(decoding: lines[0], as: UTF8.self).replacing(
      "\"log.opened\"", with: "\"key.rotated\"")
    let data = try #require(opened.firstRange(of: "\"data\":"))
    let hash = #""prev":"\#(String(repeating: "0", count: 64))","#
    let named = "\"data\":{\"from\":\"\(real)\",\"key\":\"\(forged.verifier)\"}}\n"
    let rotated = (opened[..<data.lowerBound] + named).replacing(
      "\"id\":", with: hash + "\"id\":", maxReplacements: 1)
    lines.insert(Array(rotated.utf8), at: place)
    try scratch.write(Array(try StoreMaker.rechained(lines).joined()), to: journal)
    for name in ["log.key", "log.vkey"] { unlink("\(location.path)/keys/\(name)") }
    try scratch.write(Array(forged.text.utf8), to: location.path + "/keys/log.key")
    try scratch.write(Array("\(forged.verifier)\n".utf8), to: location.path + "/keys/log.vkey")
    try scratch.write(Array("\(real)\n".utf8), to: "\(location.path)/keys/\(real.idText).vkey")
    return real
  }

  private func verifyElsewhere(_ location: StoreLocation, _ scratch: Scratch) throws -> String {
    let (code, output) = try Command.run([
      "python3", repositoryFile("Tests/Verifier/verify_log.py"), location.path, scratch.path,
    ])
    #expect(code != 0)
    return output
  }

  @Test(arguments: [1, 10, 20]) func `signs nothing, whoever wrote that the log changed to it`(
    place: Int
  ) async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    let real = try forge(scratch.store, at: place, scratch)
    unlink(scratch.store.path + "/checkpoints.log")
    _ = try Command.run(["rm", "-rf", scratch.store.path + "/log"])
    _ = try AuditStore.forTest(scratch.store)
    var options = VerificationOptions()
    options.key = real
    let (summary, mismatches, _) = try StoreMaker.verify(scratch.store, options)
    #expect(mismatches.contains { $0.contains("is not signed by") }, "\(mismatches)")
    #expect(summary.key == real && summary.checkpoints == 0)
    #expect(
      try verifyElsewhere(scratch.store, scratch).contains("no checkpoint over the change") || place == 20)
  }

  @Test func `goes on with no log, even behind a checkpoint that was kept`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    var options = VerificationOptions()
    options.checkpoints = [try LogHead.open(scratch.store).note]
    options.key = try forge(scratch.store, at: 20, scratch)
    let store = try AuditStore.forTest(scratch.store)
    _ = try await store.append(StoreMaker.events(10, from: 1000))
    let found = try StoreMaker.verify(scratch.store, options)
    #expect(
      found.mismatches.contains {
        $0.contains("the new key does not count") || $0.contains("is not signed by")
      })
    #expect(found.summary.signed == 20)
    _ = try verifyElsewhere(scratch.store, scratch)
    // What only the forged key signed vouches for nothing, wherever it was kept.
    options.key = nil
    options.checkpoints = [try LogHead.open(scratch.store).note]
    let other = try StoreMaker.verify(scratch.store, options)
    #expect(other.mismatches.contains { $0.hasSuffix("kept elsewhere is not signed by a key of this log") })
    #expect(other.summary.anchoring == .none)
  }

  @Test(arguments: [0, 1]) func `is one that one of the two did not sign for`(missing: Int) async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    let store = try AuditStore.forTest(scratch.store)
    _ = try store.rotateKey()
    _ = try await store.append(StoreMaker.events(10, from: 1000))
    #expect(try StoreMaker.verify(scratch.store).mismatches == [])
    let path = scratch.store.path + "/checkpoints.log"
    var lines = String(decoding: try scratch.read(path), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    let second = try #require(
      lines.indices.dropFirst().first {
        lines[$0].hasPrefix("\u{2014}") && lines[$0 - 1].hasPrefix("\u{2014}")
      })
    lines.remove(at: second - 1 + missing)
    try scratch.write(Array(lines.joined(separator: "\n").utf8), to: path)
    #expect(try !StoreMaker.verify(scratch.store).summary.isSound)
    _ = try verifyElsewhere(scratch.store, scratch)
  }
}

@Suite struct `A change of the key that is cut in two` {
  private let signal = RunEvent.sample(.signalReceived("SIGINT"))

  /// A device of which one call fails: the `count`th from the time on that it is armed.
  private final class Failing: Sendable {
    private let rest = Mutex(0)

    func arm(_ count: Int) { rest.withLock { $0 = count } }

    private var isDue: Bool {
      rest.withLock { rest in
        rest -= 1
        return rest == 0
      }
    }

    var device: JournalDevice {
      JournalDevice(
        write: { [self] descriptor, bytes, offset in
          guard isDue else { return JournalDevice.system.write(descriptor, bytes, offset) }
          errno = EIO
          return -1
        },
        sync: { [self] descriptor in
          guard isDue else { return JournalDevice.system.sync(descriptor) }
          errno = EIO
          return -1
        })
    }
  }

  private func check(_ scratch: Scratch) throws {
    #expect(try StoreMaker.verify(scratch.store).mismatches == [])
    #expect(access(scratch.store.path + "/keys/next.key", F_OK) != 0)
    let (code, output) = try Command.run([
      "python3", repositoryFile("Tests/Verifier/verify_log.py"), scratch.store.path, scratch.path,
    ])
    #expect(code == 0, "\(output)")
  }

  /// Calls: the event's line and its sync, the checkpoint and its sync.
  @Test(arguments: 1...4) func `is ended by whoever writes next, before anything else`(call: Int) async throws
  {
    let scratch = Scratch()
    let failing = Failing()
    try await StoreMaker.make(scratch.store, events: 20)
    let other = try AuditStore.forTest(scratch.store)
    let store = try AuditStore.forTest(scratch.store, device: failing.device)
    let old = try LogHead.open(scratch.store).key
    failing.arm(call)
    #expect(throws: AuditFailure.self) { try store.rotateKey() }
    #expect(access(scratch.store.path + "/keys/next.key", F_OK) == 0)
    if call == 2 {
      // What a failed sync left in doubt is written again by the next opening.
      await #expect(throws: JournalFailure.self) { try await other.append([signal]) }
      _ = try AuditStore.forTest(scratch.store)
    } else {
      _ = try await other.append(StoreMaker.events(5, from: 400))
    }
    #expect(try (LogHead.open(scratch.store).key == old) == (call == 1))
    try check(scratch)
    // And the log can go on, by those that knew the old key too.
    let last = try AuditStore.forTest(scratch.store).rotateKey()
    if call != 2 { _ = try await other.append(StoreMaker.events(5, from: 500)) }
    _ = try AuditStore.forTest(scratch.store)
    #expect(try LogHead.open(scratch.store).key == last)
    try check(scratch)
  }

  @Test func `behind which others wrote is ended where it was, as long as nothing behind it is signed`()
    async throws
  {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    let keys = scratch.store.path + "/keys/"
    let old = try LogHead.open(scratch.store).key
    let next = try SigningKey(name: old.name)
    // The lines of a process that knew of no rule: nothing of them is signed.
    var lines = try scratch.read(scratch.journal).dropLast().split(separator: 0x0a).map { Array($0) + [0x0a] }
    let opened = String(decoding: lines[0], as: UTF8.self)
    let data = try #require(opened.firstRange(of: "\"data\":"))
    let hash = #""prev":"\#(String(repeating: "0", count: 64))","#
    let head = opened[..<data.lowerBound].replacing("\"id\":", with: hash + "\"id\":", maxReplacements: 1)
    let change = "\"data\":{\"from\":\"\(old)\",\"key\":\"\(next.verifier)\"}}\n"
    let read = "\"data\":{\"command\":\"log\"}}\n"
    lines.append(Array((head.replacing("\"log.opened\"", with: "\"key.rotated\"") + change).utf8))
    for _ in 0..<3 {
      lines.append(Array((head.replacing("\"log.opened\"", with: "\"audit.read\"") + read).utf8))
    }
    try scratch.write(Array(try StoreMaker.rechained(lines).joined()), to: scratch.journal)
    try scratch.write(Array(next.text.utf8), to: keys + "next.key")
    _ = try AuditStore.forTest(scratch.store)
    #expect(try LogHead.open(scratch.store).key == next.verifier)
    try check(scratch)
  }

  @Test func `is over though a second place that must have every event fails`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    let old = try LogHead.open(scratch.store).key
    let store = try AuditStore.forTest(scratch.store, sinks: [.file("/dev/full")])
    let failure = #expect(throws: AuditFailure.self) { try store.rotateKey() }
    #expect(failure?.reason.contains("the key is changed all the same") == true)
    await #expect(throws: JournalFailure.self) {
      try await store.append([.sample(.runStarted(selection: []))])
    }
    #expect(try LogHead.open(scratch.store).key != old)
    try check(scratch)
  }
}
