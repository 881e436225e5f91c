import Dispatch
import Glibc
import RunbookModel
import Synchronization
import TestSupport
import Testing

@testable import RunbookAudit

/// A device that does what it is told, else what the kernel does.
final class FaultyDevice: Sendable {
  /// What a call does instead of its work.
  enum Fault: Sendable {
    /// Fails with this errno, the first `written` bytes being written all the same.
    case write(errno: Int32, written: Int)
    case sync(errno: Int32)
    /// Does its work: the next call is meant.
    case pass(isSync: Bool)
    /// Never returns, as on a dead disk.
    case hang(DispatchSemaphore)
  }

  private let faults = Mutex<[Fault]>([])

  /// The next calls do this, one after the other.
  func arm(_ faults: Fault...) { self.faults.withLock { $0 = faults } }

  var device: JournalDevice {
    JournalDevice(
      write: { [self] descriptor, bytes, offset in
        guard case .write(let error, let written)? = next(isSync: false) else {
          return JournalDevice.system.write(descriptor, bytes, offset)
        }
        if written > 0 {
          // A short write first; the error is for the call after it.
          faults.withLock { $0.insert(.write(errno: error, written: 0), at: 0) }
          return JournalDevice.system.write(
            descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(written)), offset)
        }
        errno = error
        return -1
      },
      sync: { [self] descriptor in
        switch next(isSync: true) {
        case .sync(let error)?:
          errno = error
          return -1
        case .hang(let end)?:
          end.wait()
          return 0
        case .write?, .pass?, nil: return JournalDevice.system.sync(descriptor)
        }
      })
  }

  private func next(isSync: Bool) -> Fault? {
    faults.withLock { faults in
      switch faults.first {
      case .write? where !isSync, .sync? where isSync, .hang? where isSync: faults.removeFirst()
      case .pass(isSync)?: faults.removeFirst()
      case .write?, .sync?, .hang?, .pass?, nil: nil
      }
    }
  }
}

@Suite struct `When the disk fails` {
  private let run = RunID("20261120T231500Z-k3xqd")
  private let signal = RunEvent.sample(.signalReceived("SIGINT"))
  private let intent = RunEvent.sample(.stepIntent(EventSamples.intent(.main)))
  private let outcome = RunEvent.sample(.stepFinished(EventSamples.plainFinished))
  private let end = RunEvent.sample(.runFinished(.failed("start")))

  @Test func `a failed sync ends the log until it is opened again, which writes the end anew`() async throws {
    let scratch = Scratch()
    let faults = FaultyDevice()
    let store = try AuditStore.forTest(scratch.store, device: faults.device)
    let other = try AuditStore.forTest(scratch.store)
    _ = try await store.append([signal])
    let durable = try scratch.read(scratch.journal).count
    faults.arm(.sync(errno: EIO))
    await #expect(throws: JournalFailure("cannot sync the journal: Input/output error")) {
      try await store.append([intent])
    }
    await #expect(throws: JournalFailure("cannot sync the journal: Input/output error")) {
      try await store.append([end])
    }
    let refused = await #expect(throws: JournalFailure.self) { try await other.append([signal]) }
    #expect(refused?.reason.contains("opened again") == true)

    let reopened = try AuditStore.forTest(scratch.store)
    _ = try await reopened.append([end])
    var events: [StoredEvent] = []
    try #require(try AuditReader.open(scratch.store)).forEachEvent {
      events.append($0)
      return true
    }
    // The writer was told that it failed, so it began nothing.
    #expect(
      events.map(\.type) == [
        "log.opened", "signal.received", "step.intent", "log.recovered", "step.withdrawn", "run.finished",
      ])
    #expect(events[4].run?.previous == 2 && events[4].step == events[2].step)
    #expect(events[4].attempt == events[2].attempt)
    guard case .log(.recovered(let recovery)) = events[3].content else {
      Issue.record("\(events[3])")
      return
    }
    #expect(recovery.reason == .failedSync)
    #expect(recovery.file == nil)
    let journal = try scratch.read(scratch.journal)
    let again = Array(journal[durable..<(durable + recovery.byteCount)])
    #expect(try Digest.sha256(again) == recovery.digest)
    #expect(again.last == 0x0a)
    #expect(try Command.checkJournal(scratch.journal).output == "6 events\n")
  }

  @Test func `a checkpoint that cannot be signed stops what would begin, and ends are logged all the same`()
    async throws
  {
    let scratch = Scratch()
    let faults = FaultyDevice()
    let store = try AuditStore.forTest(scratch.store, device: faults.device)
    let head = try LogHead.open(scratch.store)
    // The journal's own sync is well; that of the checkpoint's is not.
    faults.arm(.pass(isSync: true), .sync(errno: EIO))
    let failure = await #expect(throws: JournalFailure.self) {
      try await store.append([signal, .sample(.runStarted(selection: [])), intent])
    }
    #expect(failure == JournalFailure("cannot sync 'checkpoints.log': Input/output error", isRecorded: true))
    let refused = await #expect(throws: JournalFailure.self) { try await store.append([intent]) }
    #expect(
      refused?.isRecorded == false
        && refused?.reason.hasSuffix("only the end of the run can be logged") == true)
    _ = try await store.append([.sample(.stepWithdrawn("start", attempt: 3)), end])
    #expect(try LogHead.open(scratch.store).checkpoint == head.checkpoint)
    #expect(try Command.checkJournal(scratch.journal).output == "6 events\n")
    _ = try AuditStore.forTest(scratch.store)
    #expect(try LogHead.open(scratch.store).checkpoint.size == 6)
  }

  @Test func `a disk that is full when a checkpoint is due is no failure, and the next one is over all`()
    async throws
  {
    let scratch = Scratch()
    let faults = FaultyDevice()
    let store = try AuditStore.forTest(scratch.store, device: faults.device)
    faults.arm(.pass(isSync: false), .write(errno: ENOSPC, written: 0))
    _ = try await store.append([.sample(.runStarted(selection: []))])
    _ = try await store.append([signal, end])
    #expect(try LogHead.open(scratch.store).checkpoint.size == 4)
  }

  @Test(arguments: [0, 1, 200])
  func `a full disk leaves whole lines only, and the reserve is for the end of the run`(
    written: Int
  ) async throws {
    let scratch = Scratch()
    let faults = FaultyDevice()
    let store = try AuditStore.forTest(scratch.store, device: faults.device)
    _ = try await store.append([signal])
    let before = try scratch.read(scratch.journal)
    faults.arm(.write(errno: ENOSPC, written: written))
    let full = JournalFailure("cannot write the journal: No space left on device")
    await #expect(throws: full) { try await store.append([intent, end]) }
    #expect(try scratch.read(scratch.journal) == before)
    #expect(try scratch.read(scratch.store.path + "/reserve").count == Reserve.size)

    // Its disk is full for this store from now on; the end of the run is taken as long as there is room.
    _ = try await store.append([outcome])
    #expect(try scratch.read(scratch.store.path + "/reserve").count == Reserve.size)
    faults.arm(.write(errno: ENOSPC, written: 0))
    _ = try await store.append([signal, end])
    #expect(try scratch.read(scratch.store.path + "/reserve").isEmpty)
    let closed = JournalFailure("the disk is full: only the end of the run can be logged")
    await #expect(throws: closed) { try await store.append([intent]) }
    await #expect(throws: closed) { try await store.append(.read(command: "history", run: nil)) }
    #expect(try Command.checkJournal(scratch.journal).output == "5 events\n")

    _ = try AuditStore.forTest(scratch.store)
    #expect(try scratch.read(scratch.store.path + "/reserve").count == Reserve.size)
  }

  @Test func `on a full disk an outcome is logged though the intent behind it is not`() async throws {
    let scratch = Scratch()
    let faults = FaultyDevice()
    let store = try AuditStore.forTest(scratch.store, device: faults.device)
    faults.arm(.write(errno: ENOSPC, written: 100))
    await #expect(throws: JournalFailure("cannot write the journal: No space left on device")) {
      try await store.append([outcome, signal, intent, end])
    }
    let reader = try #require(try AuditReader.open(scratch.store))
    #expect(try reader.events(of: run).map(\.type) == ["step.finished", "signal.received"])
    #expect(try Command.checkJournal(scratch.journal).output == "3 events\n")
  }

  @Test func `closing events fail too where nothing helps`() async throws {
    let scratch = Scratch()
    let faults = FaultyDevice()
    let store = try AuditStore.forTest(scratch.store, device: faults.device)
    faults.arm(.write(errno: ENOSPC, written: 0), .write(errno: ENOSPC, written: 0))
    await #expect(throws: JournalFailure("cannot write the journal: No space left on device")) {
      try await store.append([end])
    }
  }

  @Test func `an append fails in time though the sync never returns`() async throws {
    let scratch = Scratch()
    let faults = FaultyDevice()
    let store = try AuditStore.forTest(scratch.store, device: faults.device, limitMilliseconds: 100)
    let over = DispatchSemaphore(value: 0)
    defer { over.signal() }
    faults.arm(.hang(over))
    let failure = JournalFailure("the log did not answer within 100 ms")
    async let second = #expect(throws: failure) { try await store.append([signal]) }
    await #expect(throws: failure) { try await store.append([intent]) }
    _ = await second
    await #expect(throws: failure) { try await store.append([end]) }
  }

  @Test func `somebody is told of a log that is slow before it counts as failed`() async throws {
    let scratch = Scratch()
    let faults = FaultyDevice()
    let store = try AuditStore.forTest(scratch.store, device: faults.device)
    let told = Mutex(0)
    let over = DispatchSemaphore(value: 0)
    store.onDelay {
      told.withLock { $0 += 1 }
      over.signal()
    }
    _ = try await store.append([signal])
    #expect(told.withLock { $0 } == 0)
    faults.arm(.hang(over))
    _ = try await store.append([intent])
    #expect(told.withLock { $0 } == 1)
  }

  @Test func `a log that was poisoned or removed is found to have failed though nobody writes`() async throws
  {
    let scratch = Scratch()
    let faults = FaultyDevice()
    let store = try AuditStore.forTest(scratch.store)
    let other = try AuditStore.forTest(scratch.store, device: faults.device)
    let watch = Task { await store.failed() }
    watch.cancel()
    #expect(await watch.value == nil)
    faults.arm(.sync(errno: EIO))
    await #expect(throws: JournalFailure.self) { try await other.append([signal]) }
    #expect(await store.failed()?.reason.contains("opened again") == true)
    #expect(await other.failed()?.reason == "cannot sync the journal: Input/output error")

    let reopened = try AuditStore.forTest(scratch.store)
    _ = try Command.run(["mv", scratch.journal, scratch.journal + ".gone"])
    #expect(await reopened.failed()?.reason == "the journal was removed or replaced")
  }

  @Test func `waiting for the lock counts towards the time limit`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store, limitMilliseconds: 100)
    let holder = Descriptor(owning: open(scratch.journal, O_RDONLY | O_CLOEXEC))
    flock(holder.rawValue, LOCK_EX)
    let failure = await #expect(throws: JournalFailure.self) { try await store.append([signal]) }
    #expect(failure?.reason.contains("100 ms") == true || failure?.reason.contains("lock") == true)
    #expect(throws: AuditFailure.self) { try AuditStore.forTest(scratch.store, limitMilliseconds: 100) }
    JournalLock.release(holder)
    _ = try await AuditStore.forTest(scratch.store).append([signal])
    #expect(try Command.checkJournal(scratch.journal).output == "2 events\n")
  }

  @Test func `a file size limit of the kernel fails the append and kills nobody`() async throws {
    let scratch = Scratch()
    await #expect(processExitsWith: .exitCode(74)) { [path = scratch.store.path as String] in
      let store = try AuditStore.forTest(StoreLocation(path: path))
      var limit = rlimit(rlim_cur: 3000, rlim_max: 3000)
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      do {
        while true { _ = try await store.append([.sample(.signalReceived("SIGINT"))]) }
      } catch let failure as JournalFailure {
        exit(failure.reason.hasSuffix("File too large") ? 74 : 1)
      }
    }
    #expect(try Command.checkJournal(scratch.journal).code == 0)
    _ = try await AuditStore.forTest(scratch.store).append([signal])
  }
}

@Suite struct `Many writers` {
  private let signal = RunEvent.sample(.signalReceived("SIGINT"))

  @Test func `in one process and store share commits`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    let numbers = try await withThrowingTaskGroup(of: [Receipt].self) { group in
      for writer in 0..<20 {
        group.addTask {
          var receipts: [Receipt] = []
          for _ in 0..<20 {
            receipts += try await store.append([
              .sample(.signalReceived("SIGINT"), run: "20261120T231500Z-run\(writer)")
            ])
          }
          return receipts
        }
      }
      var all: [Receipt] = []
      for try await receipts in group {
        #expect(receipts.map(\.sequence) == receipts.map(\.sequence).sorted())
        all += receipts
      }
      return all
    }
    #expect(numbers.map(\.sequence).sorted() == (1...400).map { UInt64($0) })
    #expect(try Command.checkJournal(scratch.journal).output == "401 events\n")
  }

  @Test func `with stores of their own interleave into one chain`() async throws {
    let scratch = Scratch()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          let store = try AuditStore.forTest(scratch.store)
          for _ in 0..<25 {
            let run = "20261120T231500Z-run\(writer)"
            _ = try await store.append([.sample(.signalReceived("SIGINT"), run: run)])
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try Command.checkJournal(scratch.journal).output == "101 events\n")
    let reader = try #require(try AuditReader.open(scratch.store))
    for writer in 0..<4 {
      #expect(try reader.events(of: RunID("20261120T231500Z-run\(writer)")).count == 25)
    }
  }

  @Test func `never go on with one run side by side`() async throws {
    let scratch = Scratch()
    let first = try AuditStore.forTest(scratch.store)
    let second = try AuditStore.forTest(scratch.store)
    let end = RunEvent.sample(.runFinished(.unlogged("x")))
    _ = try await first.append([signal])
    _ = try await second.append([.sample(.runResumed(RunResumed(after: 1)))])
    let failure = JournalFailure("another process goes on with the run 20261120T231500Z-k3xqd")
    await #expect(throws: failure) { try await first.append([signal]) }
    await #expect(throws: failure) { try await first.append([end]) }
    // Who has come to the end of it leaves it to whoever takes it up.
    _ = try await second.append([signal, end])
    _ = try await AuditStore.forTest(scratch.store).append([.sample(.runResumed(RunResumed(after: 4))), end])
    _ = try await second.append([.sample(.signalReceived("SIGINT"), run: "20261120T231500Z-other")])
    #expect(try Command.checkJournal(scratch.journal).output == "8 events\n")
  }

  @Test func `lose a run with the file of its lock`() async throws {
    for isReplaced in [false, true] {
      let scratch = Scratch()
      let store = try AuditStore.forTest(scratch.store)
      let path = try store.folder(of: RunID("20261120T231500Z-k3xqd")) + "/holder"
      try scratch.write([], to: path)
      let lock = Descriptor(owning: open(path, O_RDONLY | O_CLOEXEC))
      try store.tie(to: path, descriptor: lock.rawValue)
      _ = try await store.append([signal])
      removeTree(scratch.store.path + "/runs")
      if isReplaced {
        mkdir(scratch.store.path + "/runs", 0o700)
        mkdir(scratch.store.path + "/runs/20261120T231500Z-k3xqd", 0o700)
        try scratch.write([], to: path)
      }
      let failure = JournalFailure(
        "'\(path)' was removed or replaced, so another process may go on with the run")
      #expect(await store.failed() == failure)
      await #expect(throws: failure) { try await store.append([signal]) }
      #expect(try Command.checkJournal(scratch.journal).output == "2 events\n")
    }
  }

  @Test func `of several processes interleave into one chain, and one of them may be killed`() async throws {
    let scratch = Scratch()
    _ = try AuditStore.forTest(scratch.store)
    async let first: Void = write(scratch.store.path, "a")
    async let second: Void = write(scratch.store.path, "b")
    async let killed: Void = writeUntilKilled(scratch.store.path)
    _ = await (first, second, killed)
    let store = try AuditStore.forTest(scratch.store)
    _ = try await store.append([.sample(.signalReceived("SIGTERM"))])
    let (code, output) = try Command.checkJournal(scratch.journal)
    #expect(code == 0, "\(output)")
    let reader = try #require(try AuditReader.open(scratch.store))
    for name in ["a", "b"] {
      #expect(try reader.events(of: RunID("20261120T231500Z-\(name)")).count == 50)
    }
  }

  private func write(_ path: String, _ name: String) async {
    await #expect(processExitsWith: .success) { [path = path as String, name = name as String] in
      let store = try AuditStore.forTest(StoreLocation(path: path))
      for _ in 0..<50 {
        _ = try await store.append([.sample(.signalReceived("SIGINT"), run: "20261120T231500Z-\(name)")])
      }
    }
  }

  private func writeUntilKilled(_ path: String) async {
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let store = try AuditStore.forTest(StoreLocation(path: path))
      DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(40)) { kill(getpid(), SIGKILL) }
      while true { _ = try await store.append([.sample(.signalReceived("SIGINT"))]) }
    }
  }
}
