import Glibc
import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `A second place that must have every event` {
  private let signal = RunEvent.sample(.signalReceived("SIGINT"))
  private let intent = RunEvent.sample(.stepIntent(EventSamples.intent(.main)))
  private let end = RunEvent.sample(.runFinished(.failed("start")))

  @Test func `gets the very lines of the journal`() async throws {
    let scratch = Scratch()
    let path = scratch.path + "/copy.jsonl"
    for _ in 0..<2 {
      let store = try AuditStore.forTest(scratch.store, sinks: [.file(path)])
      _ = try await store.append([signal, intent])
      _ = try await store.append([end])
    }
    #expect(try scratch.read(path) == scratch.read(scratch.journal))
  }

  @Test func `as syslog gets one datagram an event`() async throws {
    let scratch = Scratch()
    let path = scratch.path + "/log"
    let receiver = Descriptor(owning: socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(receiver.rawValue, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    let store = try AuditStore.forTest(scratch.store, sinks: [.syslog(path)])
    _ = try await store.append([signal])
    var received: [String] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    for _ in 0..<2 {
      let count = recv(receiver.rawValue, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      try #require(count > 0)
      received.append(String(decoding: buffer[..<count], as: UTF8.self))
    }
    let lines = String(decoding: try scratch.read(scratch.journal), as: UTF8.self).split(separator: "\n")
    #expect(received == lines.map { "<86>runbook[\(getpid())]: \($0)" })
  }

  @Test func `that is blocked stops what would begin, and ends are logged all the same`() async throws {
    let scratch = Scratch()
    let path = scratch.path + "/pipe"
    mkfifo(path, 0o600)
    let reader = Descriptor(owning: open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC))
    let store = try AuditStore.forTest(scratch.store, limitMilliseconds: 400, sinks: [.file(path)])
    var failure: JournalFailure?
    for _ in 0..<400 where failure == nil {
      do throws(JournalFailure) { _ = try await store.append([signal]) } catch { failure = error }
    }
    #expect(failure?.reason == "the required sink '\(path)' does not take the events")
    #expect(failure?.isRecorded == true)
    let refused = await #expect(throws: JournalFailure.self) { try await store.append([intent]) }
    #expect(refused?.reason.hasSuffix("; only the end of the run can be logged") == true)
    _ = try await store.append([end])
    var types: [String] = []
    try #require(try AuditReader.open(scratch.store)).forEachEvent {
      types.append($0.type)
      return true
    }
    #expect(types.suffix(3) == ["signal.received", "sink.failed", "run.finished"])
    #expect(try Command.checkJournal(scratch.journal).code == 0)
    withExtendedLifetime(reader) {}
  }

  @Test func `that cannot be opened keeps the store shut`() throws {
    let scratch = Scratch()
    #expect(throws: AuditFailure.self) {
      try AuditStore.forTest(scratch.store, sinks: [.file(scratch.path + "/missing/log")])
    }
    #expect(throws: AuditFailure.self) {
      try AuditStore.forTest(scratch.store, sinks: [.syslog(scratch.path + "/missing")])
    }
  }

  @Test func `is named by a file that nobody else can write`() throws {
    let scratch = Scratch()
    let path = scratch.path + "/audit.json"
    #expect(try SinkPlace.all(in: path, owner: geteuid()) == [])
    #expect(try SinkPlace.all(in: scratch.path + "/missing/audit.json", owner: geteuid()) == [])
    try scratch.write(
      Array(#"{"sinks": [{"file": "/var/log/a"}, {"syslog": "/dev/log"}, {"postgres": "host=db"}]}"#.utf8),
      to: path)
    #expect(
      try SinkPlace.all(in: path, owner: geteuid()) == [
        .file("/var/log/a"), .syslog("/dev/log"), .postgres("host=db"),
      ])
    #expect(throws: AuditFailure.self) { try SinkPlace.all(in: path, owner: geteuid() + 1) }
    chmod(path, 0o620)
    #expect(throws: AuditFailure.self) { try SinkPlace.all(in: path, owner: geteuid()) }
    chmod(path, 0o600)
    for text in [
      "", "{}", #"{"sinks": [{"file": "relative"}]}"#, #"{"sinks": [{"pipe": "/x"}]}"#,
      #"{"sinks": [], "unless": "x"}"#, #"{"sinks": [{"file": "/a", "optional": true}]}"#,
    ] {
      try scratch.write(Array(text.utf8), to: path)
      #expect(throws: AuditFailure.self, "\(text)") { try SinkPlace.all(in: path, owner: geteuid()) }
    }
  }

  @Test func `is not off because somebody took its configuration away`() throws {
    let scratch = Scratch()
    let folder = scratch.path + "/runbook"
    let path = folder + "/audit.json"
    func places() throws -> [SinkPlace] { try SinkPlace.all(in: path, owner: geteuid()) }
    mkdir(folder, 0o755)
    #expect(try places() == [])
    symlink(folder + "/missing.json", path)
    #expect(throws: AuditFailure.self, "a link to nothing") { try places() }
    unlink(path)
    mkfifo(path, 0o600)
    #expect(throws: AuditFailure.self, "a pipe, which nobody waits for") { try places() }
    unlink(path)
    chmod(folder, 0o777)
    #expect(throws: AuditFailure.self, "whoever may write the folder may rename the file") { try places() }
    try scratch.write(Array(#"{"sinks": [{"file": "/var/log/a"}]}"#.utf8), to: path)
    #expect(throws: AuditFailure.self) { try places() }
    chmod(folder, 0o755)
    #expect(try places() == [.file("/var/log/a")])
    #expect(throws: AuditFailure.self) { try SinkPlace.all(in: path, owner: geteuid() + 1) }
    unlink(path)
    rmdir(folder)
    symlink(scratch.path, folder)
    #expect(throws: AuditFailure.self, "a link in the folder's place") { try places() }
    unlink(folder)
    try scratch.write([], to: folder)
    #expect(throws: AuditFailure.self, "a file in the folder's place") { try places() }
  }

  @Test func `is rotated by renaming it`() async throws {
    let scratch = Scratch()
    let path = scratch.path + "/copy.jsonl"
    let store = try AuditStore.forTest(scratch.store, sinks: [.file(path)])
    _ = try await store.append([signal])
    rename(path, path + ".1")
    _ = try await store.append([intent])
    _ = try await store.append([end])
    #expect(try scratch.read(path + ".1") + scratch.read(path) == scratch.read(scratch.journal))
  }

  @Test func `has failed when it is removed or cut`() async throws {
    for isRemoved in [true, false] {
      let scratch = Scratch()
      let path = scratch.path + "/copy.jsonl"
      let store = try AuditStore.forTest(scratch.store, sinks: [.file(path)])
      _ = try await store.append([signal])
      if isRemoved { unlink(path) } else { truncate(path, 10) }
      let failure = await #expect(throws: JournalFailure.self) { try await store.append([intent]) }
      #expect(failure?.reason.contains(isRemoved ? "was removed" : "was cut") == true)
      _ = try await store.append([end])
    }
  }
}
