import Dispatch
import Glibc
public import RunbookModel
import Synchronization

/// The store's writing side: every event is durable before `append` returns.
///
/// Callers queue; one commit writes and syncs whatever is queued (group commit), away from the cooperative pool. Any
/// number of stores, of this or other processes, may write to one directory.
public final class AuditStore: RunJournal {
  /// Where it is.
  public let location: StoreLocation
  /// Texts too long for events.
  public let blobs: BlobStore
  private let root: Descriptor
  private let runs: Descriptor
  private let writer: EventLineWriter
  private let clock: AuditClock
  /// Nanoseconds an append may take, waiting for the lock included.
  private let limit: Int64
  private let executor = DispatchQueue(label: "runbook.audit")
  private let watch = DispatchQueue(label: "runbook.audit.watch")
  private let journal: Mutex<Journal>
  private let queue = Mutex(Queue())
  /// Files that must stay what their paths name.
  private let ties = Mutex<[FileTie]>([])
  private let delayNotice = Mutex<(@Sendable () -> Void)?>(nil)

  /// Nanoseconds an append may take before somebody is told.
  private static let patience: Int64 = 2_000_000_000
  /// Between two looks at a log that nobody writes to.
  private static let healthInterval = Duration.milliseconds(500)

  private struct Queue: Sendable {
    var waiting: [PendingAppend] = []
    var committing: [PendingAppend] = []
    var isCommitting = false
    var isWatched = false
    /// Somebody was told that the log is slow, since it last caught up.
    var isNoticed = false
    var failure: JournalFailure?
    /// Why only events that end something are taken any more: the disk is full, and the reserve is spent on them, a
    /// second place that must have every event has failed, or no checkpoint can be signed.
    var closing: String?
  }

  /// Opens the store for writing, and makes it if there is none.
  ///
  /// Reads the journal's end only, whatever its length. A last line without its end is moved aside and logged.
  ///
  /// - Parameter version: This program's, for the events.
  /// - Throws: `.tampered` where the last lines do not fit, `.full` where there is no room for the reserve.
  public static func open(
    _ location: StoreLocation, version: String, actor: Actor = .current(), clock: AuditClock = .system
  ) throws(AuditFailure) -> AuditStore {
    try AuditStore(
      location, actor: actor, clock: clock, device: .system, limitMilliseconds: 10_000,
      sinks: try SinkPlace.all(in: SinkPlace.configuration),
      program: { (runs) throws(AuditFailure) in try .current(version: version, cache: runs) })
  }

  /// Whether the log at `location` has its signing key: a bundle for auditors has none, and nothing is written to it.
  public static func canSign(_ location: StoreLocation) -> Bool {
    access(location.path + "/keys/log.key", F_OK) == 0
  }

  /// Where every event must go besides, for people.
  public static func requiredSinks() throws(AuditFailure) -> [String] {
    var names: [String] = []
    for place in try SinkPlace.all(in: SinkPlace.configuration) { names.append(try place.name()) }
    return names
  }

  /// The same as `open` with everything that a test replaces.
  ///
  /// - Parameter identify: Tells the program, given the folder where its digest may be remembered.
  init(
    _ location: StoreLocation, actor: Actor, clock: AuditClock, device: JournalDevice,
    limitMilliseconds: Int64, sinks: [SinkPlace] = [],
    program identify: (Descriptor) throws(AuditFailure) -> ProgramIdentity
  ) throws(AuditFailure) {
    // A write beyond RLIMIT_FSIZE is to fail, not to kill.
    signal(SIGXFSZ, SIG_IGN)
    guard let root = try StoreDirectory.open(location.path, creating: true) else {
      throw .unavailable("the store '\(location.path)' vanished")
    }
    try StoreDirectory.checkOwner(root, location.path)
    func folder(_ name: String, in parent: Descriptor) throws(AuditFailure) -> Descriptor {
      guard let folder = try StoreDirectory.open(name, in: parent, creating: true) else {
        throw .unavailable("'\(name)' of the store '\(location.path)' vanished")
      }
      return folder
    }
    runs = try folder("runs", in: root)
    blobs = BlobStore(root: try folder("sha256", in: folder("blobs", in: root)), workshop: runs)
    try Reserve.fill(in: root)
    let writer = EventLineWriter(machine: .current(), program: try identify(runs), actor: actor)
    let limit = limitMilliseconds * 1_000_000
    var opened: [any RequiredSink] = []
    for place in sinks { opened.append(try place.open(clock: clock)) }
    journal = Mutex(
      try Journal.open(
        in: try folder("journal", in: root), of: root, writer: writer, device: device, clock: clock,
        sinks: opened, until: clock.monotonic() + limit))
    self.location = location
    self.root = root
    self.writer = writer
    self.clock = clock
    self.limit = limit
  }

  /// Writes all events in one commit; returns only when they would survive a power failure.
  ///
  /// Where a second place did not take the events, or no checkpoint could be signed over them, it fails though the
  /// journal has them (`JournalFailure.isRecorded`), and goes on to take what ends something. On a full disk it fails, but closing events (outcomes, skips, signals, the end of the run) at the beginning of
  /// the batch are logged all the same, the reserve being spent on them; later batches of nothing but closing events
  /// are still taken. Any other failure is final.
  @concurrent public func append(_ events: [RunEvent]) async throws(JournalFailure) -> [Receipt] {
    let first = try await append(.run(events))
    return events.indices.map { Receipt(sequence: first + UInt64($0)) }
  }

  /// Writes an event of the log itself; durable when it returns.
  @concurrent public func append(_ event: LogEvent) async throws(JournalFailure) -> Receipt {
    Receipt(sequence: try await append(.log(event)))
  }

  /// Says who is to be told when an append takes longer than two seconds; it fails after ten. A disk that other
  /// programs keep busy takes seconds for a sync now and then, and is no failure yet.
  public func onDelay(_ body: @escaping @Sendable () -> Void) { delayNotice.withLock { $0 = body } }

  /// Returns when the log was poisoned, removed, replaced or made read-only, or when an append failed for good.
  @concurrent public func failed() async -> JournalFailure? {
    while !Task.isCancelled {
      if let failure = queue.withLock({ $0.failure }) { return failure }
      if let lost = ties.withLock({ $0.first { !$0.holds } }) { return JournalFailure(lost.failure) }
      // A commit that goes on now will tell by itself.
      let found = journal.withLockIfAvailable { $0.failure } ?? nil
      if let found { return JournalFailure(found) }
      try? await Task.sleep(for: Self.healthInterval)
    }
    return nil
  }

  /// Changes the key that signs the log; the old one is gone then.
  ///
  /// - Returns: The new key's public form.
  public func rotateKey() throws(AuditFailure) -> VerifierKey {
    let deadline = clock.monotonic() + limit
    let result: Result<VerifierKey, AuditFailure> = journal.withLock { journal in
      do throws(AuditFailure) {
        return .success(try journal.rotateKey(writer, until: deadline))
      } catch {
        if case .sink(let reason) = error { close(reason) }
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// The folder for what a run keeps outside the log: exit records, unfinished output. Made if it is missing.
  ///
  /// - Returns: Its absolute path, or one relative to where a relative store was opened.
  public func folder(of run: RunID) throws(AuditFailure) -> String {
    guard run.rawValue.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") }),
      !run.rawValue.hasPrefix("."), try StoreDirectory.open(run.rawValue, in: runs, creating: true) != nil
    else { throw .unavailable("'\(run)' cannot be a folder's name") }
    return "\(location.path)/runs/\(run)"
  }

  /// Ties the log to an open file: once `path` names another one or none, every append fails.
  ///
  /// For the lock that says whose run this is: without its file, anybody else may take the run up.
  public func tie(to path: String, descriptor: Int32) throws(AuditFailure) {
    let tie = try FileTie(path: path, descriptor: descriptor)
    ties.withLock { $0.append(tie) }
  }

  // MARK: - Group commit

  private func append(_ content: PendingAppend.Content) async throws(JournalFailure) -> UInt64 {
    let deadline = clock.monotonic() + limit
    let result = await withCheckedContinuation { continuation in
      let append = PendingAppend(content, deadline: deadline, continuation)
      enum Next { case fail(JournalFailure), commit, wait }
      let next: Next = queue.withLock { queue in
        if let failure = queue.failure { return .fail(failure) }
        queue.waiting.append(append)
        if !queue.isWatched {
          queue.isWatched = true
          watch(until: min(deadline, deadline - limit + Self.patience))
        }
        if queue.isCommitting { return .wait }
        queue.isCommitting = true
        return .commit
      }
      switch next {
      case .fail(let failure): append.resume(.failure(failure))
      case .commit: executor.async { self.commitAll() }
      case .wait: break
      }
    }
    return try result.get()
  }

  private func commitAll() {
    while true {
      let batch = queue.withLock { queue -> (appends: [PendingAppend], closing: String?) in
        var size = 0
        let count = queue.waiting.prefix {
          size += $0.eventCount
          return size <= Self.batchLimit || size == $0.eventCount
        }.count
        queue.committing = Array(queue.waiting.prefix(count))
        queue.waiting.removeFirst(count)
        if queue.committing.isEmpty { queue.isCommitting = false }
        return (queue.committing, queue.closing)
      }
      guard !batch.appends.isEmpty else { return }
      commit(batch.appends, closing: batch.closing)
      queue.withLock { $0.committing = [] }
    }
  }

  /// Events in one write; at most 16 KiB each.
  private static let batchLimit = 1024

  private func commit(_ appends: [PendingAppend], closing: String?) {
    do throws(AuditFailure) {
      try write(appends, onlyClosing: closing)
    } catch {
      switch error {
      case .sink(let reason), .unsigned(let reason):
        close(reason)
        let failure = JournalFailure(reason, isRecorded: closing == nil)
        for append in appends { append.resume(.failure(failure)) }
        return
      case .unavailable, .full, .tampered, .notFound, .ambiguous: break
      }
      guard case .full(let reason) = error else {
        fail(JournalFailure(error))
        return
      }
      queue.withLock { $0.closing = "the disk is full: only the end of the run can be logged" }
      do throws(AuditFailure) {
        guard appends.contains(where: { !$0.closingEvents.isEmpty }), Reserve.release(in: root) else {
          throw error
        }
        try write(appends, onlyClosing: reason)
      } catch {
        for append in appends { append.resume(.failure(JournalFailure(error))) }
        if case .full = error { return }
        fail(JournalFailure(error))
      }
    }
  }

  /// Writes appends in one commit and answers them.
  ///
  /// - Parameter reason: Not nil: there is room only for what ends something. An append that would also begin
  ///   something is cut before that and fails with this reason, what ended before it being logged all the same.
  private func write(_ appends: [PendingAppend], onlyClosing reason: String?) throws(AuditFailure) {
    guard let deadline = appends.map(\.deadline).min() else { return }
    if let lost = ties.withLock({ $0.first { !$0.holds } }) { throw lost.failure }
    var events: [PreparedEvent] = []
    for append in appends { events += try append.prepare(writer, blobs, onlyClosing: reason != nil) }
    var first: UInt64 = 0
    if !events.isEmpty {
      var failure: AuditFailure?
      journal.withLock { journal in
        do throws(AuditFailure) {
          for append in appends { for run in append.resumedRuns { try journal.findLast(of: run) } }
          first = try journal.append(events, writer: writer, until: deadline)
        } catch { failure = error }
      }
      if let failure { throw failure }
    }
    for append in appends {
      if let reason, !append.isClosing {
        append.resume(.failure(JournalFailure(reason)))
        first += UInt64(append.closingEvents.count)
      } else {
        append.resume(.success(first))
        first += UInt64(append.eventCount)
      }
    }
  }

  /// From now on only ends are taken: a second place that must have every event has failed.
  private func close(_ reason: String) {
    queue.withLock { $0.closing = "\(reason); only the end of the run can be logged" }
  }

  /// Ends this store: everything waiting fails, and everything later.
  private func fail(_ failure: JournalFailure) {
    let all = queue.withLock { queue in
      queue.failure = queue.failure ?? failure
      defer { queue.waiting = [] }
      return queue.committing + queue.waiting
    }
    for append in all { append.resume(.failure(failure)) }
  }

  // MARK: - The time limit

  /// Looks at `deadline` whether an append is overdue: a sync on a dead disk never returns.
  private func watch(until deadline: Int64) {
    let rest = max(0, deadline - clock.monotonic())
    watch.asyncAfter(deadline: .now() + .nanoseconds(Int(rest))) { [weak self] in self?.checkDeadlines() }
  }

  private func checkDeadlines() {
    let now = clock.monotonic()
    enum Finding { case inTime, slow, overdue }
    let finding = queue.withLock { queue -> Finding in
      guard let oldest = (queue.committing + queue.waiting).map(\.deadline).min() else {
        queue.isWatched = false
        queue.isNoticed = false
        return .inTime
      }
      if oldest <= now { return .overdue }
      let noticeAt = oldest - limit + Self.patience
      let isSlow = noticeAt <= now
      watch(until: isSlow ? oldest : min(oldest, noticeAt))
      guard isSlow, !queue.isNoticed else { return .inTime }
      queue.isNoticed = true
      return .slow
    }
    switch finding {
    case .inTime: break
    case .slow: delayNotice.withLock { $0 }?()
    case .overdue: fail(JournalFailure("the log did not answer within \(limit / 1_000_000) ms"))
    }
  }
}
