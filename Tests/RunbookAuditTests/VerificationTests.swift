import Glibc
import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `A signed log` {
  @Test(arguments: [1, 2, 255, 256, 257, 1300])
  func `is sound to us and to a verifier written from the specifications alone`(count: Int) async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: count)
    let (summary, mismatches, warnings) = try StoreMaker.verify(scratch.store)
    #expect(mismatches == [])
    #expect(warnings.count == 1, "only that nothing is anchored: \(warnings)")
    #expect(summary.events == UInt64(count))
    #expect(summary.signed == UInt64(count))
    let head = try LogHead.open(scratch.store)
    for index in Set([0, count / 2, 254, 255, 256, count - 1]) where index < count {
      let proof = try head.proof(of: UInt64(index))
      try scratch.write(Array(proof.text.utf8), to: "\(scratch.path)/\(index).tlog-proof")
      try scratch.write(try head.line(of: UInt64(index)), to: "\(scratch.path)/\(index).line")
    }
    let (code, output) = try Command.run([
      "python3", repositoryFile("Tests/Verifier/verify_log.py"), scratch.store.path, scratch.path,
    ])
    #expect(code == 0, "\(output)")
    #expect(output.hasPrefix("\(count) events"), "\(output)")
    let signature = try Command.run(["bash", repositoryFile("Tests/Verifier/signature"), scratch.store.path])
    #expect(signature.code == 0, "\(signature.output)")
  }

  @Test func `of no events has the root of nothing`() throws {
    let scratch = Scratch()
    let root = try #require(try StoreDirectory.open(scratch.store.path, creating: true))
    let journals = try #require(try StoreDirectory.open("journal", in: root, creating: true))
    let journal = try #require(try Descriptor.open(Journal.name, in: journals, O_RDWR | O_CREAT))
    var signer = try LogSigner(in: root)
    _ = try signer.ensureKey(name: "test/runbook/0")
    var hasher = try SHA256()
    try signer.sign(JournalTail(), of: journal, device: .system, hasher: &hasher)
    let (code, output) = try Command.run([
      "python3", repositoryFile("Tests/Verifier/verify_log.py"), scratch.store.path, scratch.path,
    ])
    #expect(code == 0, "\(output)")
    #expect(output.hasPrefix("0 events"), "\(output)")
    let signature = try Command.run(["bash", repositoryFile("Tests/Verifier/signature"), scratch.store.path])
    #expect(signature.code == 0, "\(signature.output)")
  }

  @Test func `goes on where another process left it, with every checkpoint consistent`() async throws {
    let scratch = Scratch()
    let one = try AuditStore.forTest(scratch.store)
    let two = try AuditStore.forTest(scratch.store)
    let events = StoreMaker.events(900)
    // Each run is one process's.
    for start in stride(from: 0, to: 900, by: 100) {
      let store = start % 200 == 0 ? one : two
      _ = try await store.append(Array(events[start..<(start + 100)]))
    }
    _ = try AuditStore.forTest(scratch.store)
    let (summary, mismatches, _) = try StoreMaker.verify(scratch.store)
    #expect(mismatches == [])
    #expect(summary.signed == 901)
  }

  @Test func `changes its key and says so with both`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    let old = try LogHead.open(scratch.store)
    let store = try AuditStore.forTest(scratch.store)
    let key = try store.rotateKey()
    #expect(key != old.key && key.name == old.key.name)
    _ = try await store.append(StoreMaker.events(10, from: 1000))
    let head = try LogHead.open(scratch.store)
    #expect(head.key == key)
    var options = VerificationOptions()
    options.key = old.key
    options.checkpoints = [old.note]
    let (summary, mismatches, warnings) = try StoreMaker.verify(scratch.store, options)
    #expect(mismatches == [])
    #expect(
      warnings == [
        "the key \(old.key.idText) that was given vouches for the first 21 events; what follows rests on \(key.idText), which it handed over to"
      ])
    #expect(summary.anchoring == .checkpoint)
    let (code, output) = try Command.run([
      "python3", repositoryFile("Tests/Verifier/verify_log.py"), scratch.store.path, scratch.path,
    ])
    #expect(code == 0, "\(output)")
  }

  @Test func `copied as a bundle is sound without the private key`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 600)
    let bundle = StoreLocation(path: scratch.path + "/bundle")
    _ = try LogBundle.write(scratch.store, to: bundle.path)
    #expect(access(bundle.path + "/keys/log.key", F_OK) != 0)
    let (summary, mismatches, _) = try StoreMaker.verify(bundle)
    #expect(mismatches == [])
    #expect(summary.events == 600)
    let copied = try Command.run(["diff", "-r", scratch.store.path + "/log", bundle.path + "/log"])
    #expect(copied.output.split(separator: "\n").allSatisfy { $0.hasSuffix("draft") }, "\(copied.output)")
  }

  @Test func `loses its tiles and makes them again`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 700)
    _ = try Command.run(["rm", "-rf", scratch.store.path + "/log/tile/0"])
    #expect(try !StoreMaker.verify(scratch.store).mismatches.isEmpty)
    _ = try AuditStore.forTest(scratch.store)
    #expect(try StoreMaker.verify(scratch.store).mismatches == [])
  }

  @Test func `written before there were keys gets one, and says so`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 300)
    for name in ["keys", "log", "checkpoints.log"] {
      _ = try Command.run(["rm", "-rf", "\(scratch.store.path)/\(name)"])
    }
    var lines = try scratch.read(scratch.journal).dropLast().split(separator: 0x0a).map { Array($0) + [0x0a] }
    let first = String(decoding: lines[0], as: UTF8.self)
    let key = try #require(first.firstRange(of: ",\"key\":"))
    lines[0] = Array((first[..<key.lowerBound] + "}}\n").utf8)
    try scratch.write(Array(try StoreMaker.rechained(lines).joined()), to: scratch.journal)
    _ = try AuditStore.forTest(scratch.store)
    let (summary, mismatches, _) = try StoreMaker.verify(scratch.store)
    #expect(mismatches == [])
    #expect(summary.events == 301 && summary.signed == 301)
    let (code, output) = try Command.run([
      "python3", repositoryFile("Tests/Verifier/verify_log.py"), scratch.store.path, scratch.path,
    ])
    #expect(code == 0, "\(output)")
  }

  @Test func `without its key is not signed by another one`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    unlink(scratch.store.path + "/keys/log.key")
    #expect(throws: AuditFailure.unavailable("the log's signing key is gone: put 'keys/log.key' back")) {
      try AuditStore.forTest(scratch.store)
    }
  }
}

@Suite struct `Tampering is found` {
  private static let count = 300

  /// A store of 300 events, and copies of it.
  private func store(_ scratch: Scratch) async throws -> StoreLocation {
    try await StoreMaker.make(scratch.store, events: Self.count)
    return scratch.store
  }

  private func lines(_ scratch: Scratch) throws -> [[UInt8]] {
    try scratch.read(scratch.journal).dropLast().split(separator: 0x0a).map { Array($0) + [0x0a] }
  }

  private func put(_ lines: [[UInt8]], _ scratch: Scratch) throws {
    try scratch.write(Array(lines.joined()), to: scratch.journal)
  }

  @Test func `when a byte is changed, wherever it is`() async throws {
    let scratch = Scratch()
    let store = try await store(scratch)
    let listing = try Command.run(["find", store.path, "-type", "f", "-size", "+0"]).output
    let files = listing.split(separator: "\n").map(String.init).sorted().filter {
      !$0.hasSuffix("/reserve") && !$0.contains("/runs/") && !$0.hasSuffix("/draft")
    }
    // The whole sweep is `make soak`; these are places of a fixed seed, some in every file.
    var seed: UInt64 = 42
    func random(below limit: Int) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((seed >> 33) % UInt64(limit))
    }
    for file in files {
      let bytes = try scratch.read(file)
      chmod(file, 0o600)
      for _ in 0..<(file.hasSuffix(".jsonl") ? 60 : 3) {
        let offset = random(below: bytes.count)
        var changed = bytes
        changed[offset] ^= UInt8(1 << random(below: 8))
        try scratch.write(changed, to: file)
        let found = try StoreMaker.verify(store)
        #expect(!found.summary.isSound, "byte \(offset) of \(file)")
      }
      try scratch.write(bytes, to: file)
    }
    #expect(try StoreMaker.verify(store).summary.isSound)
  }

  @Test func `when lines are removed, doubled or swapped`() async throws {
    let scratch = Scratch()
    let store = try await store(scratch)
    let all = try lines(scratch)
    for index in [0, 1, 150, 255, 256, 298, 299] {
      var changed = all
      changed.remove(at: index)
      try put(changed, scratch)
      #expect(try !StoreMaker.verify(store).summary.isSound, "line \(index) removed")
      changed = all
      changed.insert(all[index], at: index)
      try put(changed, scratch)
      #expect(try !StoreMaker.verify(store).summary.isSound, "line \(index) doubled")
      changed = all
      changed.swapAt(index, (index + 1) % all.count)
      try put(changed, scratch)
      #expect(try !StoreMaker.verify(store).summary.isSound, "line \(index) swapped")
    }
  }

  @Test func `when the journal is cut, however much is left, and nobody writes to it any more`() async throws
  {
    let scratch = Scratch()
    let store = try await store(scratch)
    let bytes = try scratch.read(scratch.journal)
    for size in stride(from: 0, to: bytes.count, by: 5003) + [bytes.count - 1] {
      try scratch.write(Array(bytes[..<size]), to: scratch.journal)
      #expect(try !StoreMaker.verify(store).summary.isSound, "cut at \(size)")
      let failure = #expect(throws: AuditFailure.self) { try AuditStore.forTest(store) }
      guard case .tampered? = failure else {
        Issue.record("cut at \(size): \(String(describing: failure))")
        continue
      }
      #expect(try scratch.read(scratch.journal).count == size, "nothing is mended")
    }
  }

  @Test func `when a run is removed and the rest is written anew without the key`() async throws {
    let scratch = Scratch()
    let store = try await store(scratch)
    try put(
      StoreMaker.rechained(try lines(scratch).filter { !contains($0, "20261120T231500Z-r50\"") }), scratch)
    let found = try StoreMaker.verify(store)
    #expect(found.mismatches.contains { $0.contains("events were removed") || $0.contains("another root") })
  }

  @Test func `when two bundles of entries change places`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 520)
    let folder = scratch.store.path + "/log/tile/entries/"
    rename(folder + "000", folder + "t")
    rename(folder + "001", folder + "000")
    rename(folder + "t", folder + "001")
    let found = try StoreMaker.verify(scratch.store)
    #expect(found.mismatches.filter { $0.contains("entries/00") }.count == 2)
  }

  @Test func `when parts of two bundles are put together`() async throws {
    let scratch = Scratch()
    let store = try await store(scratch)
    let old = scratch.path + "/old"
    _ = try LogBundle.write(store, to: old)
    _ = try await AuditStore.forTest(store).append(StoreMaker.events(120, from: 1000))
    let bundle = scratch.path + "/new"
    _ = try LogBundle.write(store, to: bundle)
    let other = StoreLocation(path: scratch.path + "/other")
    try await StoreMaker.make(other, events: 420)
    let foreign = scratch.path + "/foreign"
    _ = try LogBundle.write(other, to: foreign)
    for (source, parts) in [
      (old, ["journal", "log", "checkpoints.log"]), (foreign, ["journal", "log", "checkpoints.log", "keys"]),
    ] {
      for part in parts {
        let mixed = scratch.path + "/mixed"
        _ = try Command.run(["rm", "-rf", mixed])
        _ = try Command.run(["cp", "-a", bundle, mixed])
        _ = try Command.run(["rm", "-rf", "\(mixed)/\(part)"])
        _ = try Command.run(["cp", "-a", "\(source)/\(part)", mixed])
        let found = try StoreMaker.verify(StoreLocation(path: mixed))
        // An older tree of the same log takes nothing away: it is what a crash before publishing leaves.
        let isOnlyBehind = source == old && part == "log"
        #expect(found.summary.isSound == isOnlyBehind, "\(part) of \(source)")
        #expect(isOnlyBehind == found.warnings.contains { $0.contains("signed and not published yet") })
      }
    }
    // The whole of another log is sound, and not the one that was asked for.
    var options = VerificationOptions()
    options.key = try LogHead.open(store).key
    #expect(try StoreMaker.verify(StoreLocation(path: bundle), options).mismatches == [])
    #expect(try StoreMaker.verify(StoreLocation(path: foreign)).mismatches == [])
    #expect(try !StoreMaker.verify(StoreLocation(path: foreign), options).summary.isSound)
  }

  @Test
  func `when it is rolled back, written anew with the stolen key, or forked, by a checkpoint kept elsewhere`()
    async throws
  {
    let scratch = Scratch()
    let store = try await store(scratch)
    let old = scratch.path + "/old"
    _ = try Command.run(["cp", "-a", store.path, old])
    let first = try AuditStore.forTest(store)
    _ = try await first.append(StoreMaker.events(120, from: 1000))
    let head = try LogHead.open(store)
    var options = VerificationOptions()
    options.checkpoints = [head.note]
    #expect(try StoreMaker.verify(store, options).mismatches == [])

    // Rolled back: the copy is sound in itself.
    #expect(try StoreMaker.verify(StoreLocation(path: old)).mismatches == [])
    #expect(
      try StoreMaker.verify(StoreLocation(path: old), options).mismatches.contains {
        $0.contains("rolled back")
      })

    // A fork: the copy goes on with other events, by the same key.
    let fork = try AuditStore.forTest(StoreLocation(path: old))
    _ = try await fork.append(StoreMaker.events(300, from: 2000))
    #expect(try StoreMaker.verify(StoreLocation(path: old)).mismatches == [])
    #expect(
      try StoreMaker.verify(StoreLocation(path: old), options).mismatches.contains { $0.contains("fork") })

    // Written anew from the beginning with the stolen key: sound in itself, and shorter by nothing.
    var changed = try lines(scratch)
    changed[40] = Array(
      String(decoding: changed[40], as: UTF8.self).replacing("\"eve\"", with: "\"bob\"").utf8)
    try put(StoreMaker.rechained(changed), scratch)
    unlink(store.path + "/checkpoints.log")
    _ = try Command.run(["rm", "-rf", store.path + "/log"])
    _ = try AuditStore.forTest(store)
    #expect(try StoreMaker.verify(store).mismatches == [])
    #expect(try StoreMaker.verify(store, options).mismatches.contains { $0.contains("another root") })
  }

  @Test func `when checkpoints are removed from their record`() async throws {
    let scratch = Scratch()
    let store = try await store(scratch)
    let record = try scratch.read(store.path + "/checkpoints.log")
    for size in [0, record.count / 2, record.count - 1] {
      try scratch.write(Array(record[..<size]), to: store.path + "/checkpoints.log")
      #expect(try !StoreMaker.verify(store).summary.isSound)
      #expect(throws: AuditFailure.self) { try AuditStore.forTest(store) }
    }
  }

  private func contains(_ line: [UInt8], _ text: String) -> Bool {
    line.withUnsafeBytes { EventLineScan.contains(Array(text.utf8), in: $0, from: 0) }
  }
}

@Suite struct `The life of a run` {
  private func findings(_ kinds: [(RunMode, RunEvent.Kind)]) async throws -> [String] {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    _ = try await store.append(
      kinds.map { RunEvent(run: RunID("20261120T231500Z-k3xqd"), mode: $0.0, kind: $0.1) })
    _ = try AuditStore.forTest(scratch.store)
    return try StoreMaker.verify(scratch.store).mismatches
  }

  private var planned: RunEvent.Kind {
    var planned = EventSamples.planned
    planned.blobs = []
    return .runPlanned(planned)
  }

  @Test func `knows what cannot have happened`() async throws {
    var intent = EventSamples.intent(.main)
    intent.isSimulated = false
    let begin = RunEvent.Kind.stepIntent(intent)
    var finished = EventSamples.plainFinished
    finished.step = intent.step
    finished.attempt = intent.attempt
    let end = RunEvent.Kind.stepFinished(finished)
    let start = RunEvent.Kind.runStarted(selection: [])
    let over = RunEvent.Kind.runFinished(.completed)
    let resumed = RunEvent.Kind.runResumed(RunResumed(after: 1))
    func run(_ kinds: RunEvent.Kind..., mode: RunMode = .run) async throws -> [String] {
      try await findings(kinds.map { (mode, $0) })
    }
    #expect(try await run(planned, start, begin, end, over) == [])
    #expect(try await run(planned, start, over, resumed, begin, end, over) == [])
    #expect(try await run(planned, start, begin, over, resumed, end, over) == [])
    let settled = RunEvent.Kind.stepResolved("start", attempt: 3, .done, note: "", .person)
    let unknown = RunEvent.Kind.stepUnknown("start", attempt: 3)
    let other = RunEvent.Kind.stepResolved("stop", attempt: 1, .done, note: "", .person)
    var cut = finished
    cut.result.status = .unknown
    let cutOff = RunEvent.Kind.stepFinished(cut)
    #expect(try await run(planned, start, begin, over, resumed, settled, over) == [])
    // It was cut off, ended as unknown, and the process died before the run's end.
    #expect(try await run(planned, start, begin, cutOff, resumed, settled, over) == [])
    #expect(try await run(planned, start, begin, cutOff, over, resumed, settled, over) == [])
    #expect(try await run(planned, start, begin, over, resumed, unknown, settled, over) == [])
    // What never began cannot be said to have ended, by whoever took the run up either.
    #expect(
      try await run(planned, start, begin, end, resumed, settled, over)
        == ["attempt 3 of step 'start' ends without an intent"])
    #expect(
      try await run(planned, start, begin, resumed, unknown, other, over)
        == ["attempt 1 of step 'stop' ends without an intent"])
    #expect(
      try await run(planned, start, begin, end, over, resumed, unknown, over)
        == ["attempt 3 of step 'start' is unknown without an intent"])
    #expect(try await run(planned, start, settled, over) != [])
    #expect(try await run(start, begin) == ["run '20261120T231500Z-k3xqd' was never planned"])
    #expect(try await run(planned, begin) == ["step 'start' comes before the start of its run"])
    #expect(try await run(planned, start, end) == ["attempt 3 of step 'start' ends without an intent"])
    #expect(try await run(planned, start, begin, begin) == ["attempt 3 of step 'start' is begun twice"])
    #expect(try await run(planned, start, over, begin) == ["run '20261120T231500Z-k3xqd' had ended already"])
    #expect(
      try await run(planned, start, begin, mode: .dryRun) == ["step 'start' changes something in a dry run"])
    #expect(try await findings([(.run, planned), (.dryRun, start)]) == ["the run's mode changed from 'run'"])
  }
}
