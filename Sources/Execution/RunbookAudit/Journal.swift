import Glibc
import RunbookModel

/// The journal's file with its tail; used by one thread at a time.
struct Journal: ~Copyable {
  /// The file's name: the sequence number of its first event.
  static let name = "00000000000000000000.jsonl"

  private let directory: Descriptor
  private let file: Descriptor
  private let device: JournalDevice
  private let clock: AuditClock
  private var tail: JournalTail
  private var hasher: SHA256
  private var signer: LogSigner
  /// Must have every event; emptied when one of them fails.
  private var sinks: [any RequiredSink]
  /// Whether signing failed: events are chained from here on, and the next one to open the log signs for them.
  private var isUnsigned = false
  /// When this process last saw everything signed, by the monotonic clock.
  private var lastSigned: Int64

  /// Events without a checkpoint behind them are at most as many.
  private static let signingInterval = 256
  /// And at most as old while events are written, in nanoseconds.
  private static let signingTime: Int64 = 10_000_000_000

  private init(
    _ directory: Descriptor, _ file: Descriptor, _ device: JournalDevice, _ clock: AuditClock,
    _ hasher: consuming SHA256, _ signer: LogSigner, _ sinks: [any RequiredSink]
  ) {
    self.directory = directory
    self.file = file
    self.device = device
    self.clock = clock
    self.hasher = hasher
    self.signer = signer
    self.sinks = sinks
    lastSigned = clock.monotonic()
    tail = JournalTail()
  }

  /// Opens the journal in `directory` of `store` and puts its end in order; an empty one gets its first event, and a
  /// log without a key gets one.
  ///
  /// - Parameter deadline: Latest time to get the lock.
  static func open(
    in directory: Descriptor, of store: Descriptor, writer: EventLineWriter, device: JournalDevice,
    clock: AuditClock, sinks: [any RequiredSink], until deadline: Int64
  ) throws(AuditFailure) -> Journal {
    try refuseUnknownFiles(in: directory)
    guard let file = try Descriptor.open(name, in: directory, O_RDWR | O_CREAT) else {
      throw .unavailable("the journal vanished")
    }
    guard try file.status().st_uid == geteuid() else {
      throw .tampered("the journal is no file of this user")
    }
    try JournalLock.acquire(file, until: deadline, clock: clock)
    defer { JournalLock.release(file) }
    var journal = Journal(
      directory, file, device, clock, try SHA256(), try LogSigner(in: store), sinks)
    try journal.recover(writer, until: deadline)
    return journal
  }

  /// Puts the end in order, logs what was done and signs for it. The caller holds the lock.
  private mutating func recover(
    _ writer: EventLineWriter, until deadline: Int64
  ) throws(AuditFailure) {
    let recovery = JournalRecovery(directory: directory, file: file)
    // Nothing is mended before it is known that the log is not shorter than what was signed.
    let whole = try recovery.endOfLastLine(before: Int(try file.status().st_size))
    let end = try JournalTail(of: file, size: whole, hasher: &hasher)
    guard end.sequence >= signer.signedSize else {
      throw .tampered(
        "the journal ends with \(end.sequence) events, and a checkpoint over \(signer.signedSize) was signed")
    }
    try signer.recover()
    let (done, withdrawn) = try recovery.run()
    var events: [LogEvent] = done.map { .recovered($0) }
    let isNewBoot = end.size > 0 && end.boot != writer.machine.boot
    tail = try signer.restore(from: file, end: end, checkingTiles: isNewBoot, hasher: &hasher)
    try tail.fold(file, to: end.sequence, end: end.size, hasher: &hasher)
    try finishRotation()
    if signer.key == nil || (signer.signedSize == 0 && tail.size > 0) {
      events += try announceKey(writer)
    }
    if tail.size == 0 {
      try directory.sync()
      let store = hexadecimal(randomBytes(16))
      let key = try signer.ensureKey(name: Self.origin(writer.machine.host, store))
      events.insert(.opened(store: store, key: key.verifier.description), at: 0)
    }
    if !events.isEmpty {
      var prepared: [PreparedEvent] = []
      for event in events { prepared.append(try writer.prepare(event)) }
      for event in withdrawn {
        try findLast(of: event.run)
        prepared.append(
          try writer.prepare(event) { (_) throws(AuditFailure) in
            throw .unavailable("an event of the log is too large")
          })
      }
      _ = try write(prepared, writer: writer, until: deadline)
      tail.leaveRuns()
      try PoisonMark.remove(from: directory)
    }
    try sign(always: true)
  }

  /// The event that tells the key of a log which was written before it had one; none where it is told already.
  private mutating func announceKey(_ writer: EventLineWriter) throws(AuditFailure) -> [LogEvent] {
    guard tail.size > 0 else { return [] }
    let key = try signer.ensureKey(name: Self.origin(writer.machine.host, hexadecimal(randomBytes(16))))
    let text = key.verifier.description
    let needle = Array("\"key\":\"\(text)\"".utf8)
    var offset = 0
    while offset < tail.size {
      let bytes = try file.bytes(offset..<min(tail.size, offset + 1 << 20))
      if bytes.withUnsafeBytes({ EventLineScan.contains(needle, in: $0, from: 0) }) { return [] }
      offset += max(1, bytes.count - needle.count)
      if offset + needle.count >= tail.size { break }
    }
    return [.keyCreated(key: text)]
  }

  /// The name of a log: host and store, in the characters that a note allows.
  private static func origin(_ host: String, _ store: String) -> String {
    let plain = host.utf8.map { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "."), UInt8(ascii: "-"): byte
      default: UInt8(ascii: "-")
      }
    }
    return "\(plain.isEmpty ? "host" : String(decoding: plain, as: UTF8.self))/runbook/\(store.prefix(16))"
  }

  // MARK: - Signing

  /// Signs for everything written so far, where it is time to. The caller holds the lock.
  ///
  /// A full disk is no failure here: the events are durable, and the next append tries again.
  private mutating func sign(always: Bool) throws(AuditFailure) {
    let now = clock.monotonic()
    guard always || tail.leaves.count >= Self.signingInterval || now - lastSigned >= Self.signingTime else {
      return
    }
    do throws(AuditFailure) {
      try signer.sign(tail, of: file, device: device, hasher: &hasher)
      tail.dropLeaves()
      lastSigned = now
    } catch {
      guard case .full = error else { throw error }
    }
  }

  /// Changes the signing key: the old one signs the event that names the new one, and both sign the checkpoint.
  ///
  /// - Returns: The new key's public form.
  mutating func rotateKey(
    _ writer: EventLineWriter, until deadline: Int64
  ) throws(AuditFailure) -> VerifierKey {
    try JournalLock.acquire(file, until: deadline, clock: clock)
    defer { JournalLock.release(file) }
    var events = try enter().map { [LogEvent.recovered($0)] } ?? []
    try sign(always: true)
    guard let old = signer.key else { throw .unavailable("the log has no key yet") }
    let next = try signer.keys.createNext(name: old.verifier.name)
    events.append(.keyRotated(from: old.verifier.description, key: next.verifier.description))
    var prepared: [PreparedEvent] = []
    for event in events { prepared.append(try writer.prepare(event)) }
    let lines = try commit(prepared, writer: writer)
    // Whoever else must have the event gets it when the change is over: what fails there must not cut it in two.
    try finishRotation(next, sequence: tail.sequence, size: tail.size)
    do throws(AuditFailure) {
      try copy(lines, writer: writer, until: deadline)
    } catch {
      guard case .sink(let reason) = error else { throw error }
      throw .sink("\(reason); the key is changed all the same: 'runbook audit key' prints the new one")
    }
    return next.verifier
  }

  /// Ends a change of the key that a crash or a failure cut in two: goes on if it was logged, else gives it up.
  ///
  /// Comes before anything is written, because the checkpoint with both signatures ends with that event. The caller
  /// holds the lock, so nobody is changing the key now.
  private mutating func finishRotation() throws(AuditFailure) {
    guard let next = try signer.keys.loadNext() else { return }
    try signer.reloadKey()
    guard let old = signer.key, tail.sequence > 0,
      let change = try RotationSearch(file: file, size: tail.size, last: tail.sequence - 1)
        .change(
          from: old.verifier, to: next.verifier, behind: try signer.checkpoints.last()?.checkpoint.size ?? 0)
    else {
      try signer.keys.dropNext()
      return
    }
    try finishRotation(next, sequence: change.sequence + 1, size: change.end)
  }

  /// Signs for the first `sequence` events, which end with the change to `next`, with both keys.
  private mutating func finishRotation(
    _ next: SigningKey, sequence: UInt64, size: Int
  ) throws(AuditFailure) {
    guard let part = tail.cut(at: sequence, size: size) else {
      throw .unavailable("a change of the key was cut off long ago; the log must be opened again")
    }
    try signer.sign(part, of: file, device: device, hasher: &hasher, also: next)
    tail.dropLeaves(before: sequence)
    try signer.adopt(next)
  }

  /// Adds events under the lock; durable when it returns.
  ///
  /// - Parameter deadline: Latest time to get the lock.
  /// - Returns: The sequence number of the first event; the others follow.
  mutating func append(
    _ events: [PreparedEvent], writer: EventLineWriter, until deadline: Int64
  ) throws(AuditFailure) -> UInt64 {
    try JournalLock.acquire(file, until: deadline, clock: clock)
    defer { JournalLock.release(file) }
    var recovered: [PreparedEvent] = []
    if let torn = try enter() {
      recovered = [try writer.prepare(.recovered(torn))]
    }
    let first = try write(recovered + events, writer: writer, until: deadline) + UInt64(recovered.count)
    guard !isUnsigned else { return first }
    do throws(AuditFailure) {
      try sign(always: !recovered.isEmpty || events.contains { $0.isSigned })
    } catch {
      guard case .unavailable(let reason) = error else { throw error }
      isUnsigned = true
      throw .unsigned(reason)
    }
    return first
  }

  /// What is wrong with it, as far as that shows without writing; nil where nothing is.
  var failure: AuditFailure? {
    guard !PoisonMark.exists(in: directory) else {
      return .unavailable("an earlier write may not have reached the disk; the log must be opened again")
    }
    do throws(AuditFailure) { try checkName() } catch { return error }
    var system = statvfs()
    if fstatvfs(file.rawValue, &system) == 0, system.f_flag & UInt(ST_RDONLY) != 0 {
      return .unavailable("the log's file system became read-only")
    }
    return nil
  }

  /// Whether the file still is the one that the directory names.
  private func checkName() throws(AuditFailure) {
    var named = stat()
    let status = try file.status()
    guard fstatat(directory.rawValue, Self.name, &named, AT_SYMLINK_NOFOLLOW) == 0,
      named.st_ino == status.st_ino, named.st_dev == status.st_dev
    else { throw .tampered("the journal was removed or replaced") }
  }

  /// Finds the last event of `run`, for a run that another process began.
  mutating func findLast(of run: RunID) throws(AuditFailure) {
    guard !tail.tracks(run) else { return }
    let last = try JournalSearch(file: file, size: tail.size).last(of: run)
    tail.track(run, last: last?.sequence)
  }

  /// Makes sure that the log can be written to: knows its end, and leaves nothing half done. The caller holds the lock.
  private mutating func enter() throws(AuditFailure) -> LogRecovery? {
    guard !PoisonMark.exists(in: directory) else {
      throw .unavailable("an earlier write may not have reached the disk; the log must be opened again")
    }
    let torn = try catchUp()
    try finishRotation()
    return torn
  }

  /// Takes in what other processes wrote. The caller holds the lock, so nobody is writing now.
  private mutating func catchUp() throws(AuditFailure) -> LogRecovery? {
    try checkName()
    var size = Int(try file.status().st_size)
    guard size >= tail.size else {
      throw .tampered("the journal lost \(tail.size - size) bytes since the last event")
    }
    guard size > tail.size else { return nil }
    let torn = try JournalRecovery(directory: directory, file: file).moveTornLineAside()
    size = Int(try file.status().st_size)
    while tail.size < size {
      let bytes = try file.bytes(tail.size..<min(size, tail.size + 1 << 20))
      guard let end = bytes.lastIndex(of: 0x0a) else {
        throw .tampered("the line of event \(tail.sequence) is too long")
      }
      var next = tail
      try bytes[...end].withBytes { (lines) throws(AuditFailure) in
        try next.fold(lines, hasher: &hasher)
      }
      tail = next
      if tail.leaves.count > 4096 {
        try signer.advance(to: tail, of: file, hasher: &hasher)
        tail.dropLeaves()
      }
    }
    return torn
  }

  private mutating func write(
    _ events: [PreparedEvent], writer: EventLineWriter, until deadline: Int64
  ) throws(AuditFailure) -> UInt64 {
    let first = tail.sequence
    let lines = try commit(events, writer: writer)
    try copy(lines, writer: writer, until: deadline)
    return first
  }

  /// Writes events behind the tail.
  ///
  /// - Returns: Their lines, which are durable.
  private mutating func commit(
    _ events: [PreparedEvent], writer: EventLineWriter
  ) throws(AuditFailure) -> SinkLines {
    let first = tail.sequence
    var next = tail
    var bytes: [UInt8] = []
    let random = randomBytes(16 * events.count)
    for (index, event) in events.enumerated() {
      let start = bytes.count
      writer.append(
        event, to: &bytes, sequence: next.sequence, previous: next.hash,
        previousOfRun: event.run.flatMap { next.last(of: $0.id) },
        id: random[(16 * index)..<(16 * index + 16)],
        wall: clock.wall(), monotonic: clock.monotonic())
      bytes.withUnsafeBytes {
        next.add(
          UnsafeRawBufferPointer(rebasing: $0[start...]), of: event.run?.id, isLast: event.endsRun,
          hasher: &hasher)
      }
    }
    try write(bytes)
    guard Descriptor.retrying({ device.sync(file.rawValue) }) == 0 else {
      let failure = AuditFailure.system(errno, "sync the journal")
      PoisonMark.set(in: directory, durableSize: tail.size, reason: failure.reason)
      throw .unavailable(failure.reason)
    }
    tail = next
    return SinkLines(log: signer.key?.verifier.name ?? "", first: first, bytes: bytes)
  }

  /// Hands lines that are durable here to the other places that must have them.
  ///
  /// - Throws: `.sink` where one of them fails; from then on none is tried again, so that ends can be logged.
  private mutating func copy(
    _ lines: SinkLines, writer: EventLineWriter, until deadline: Int64
  ) throws(AuditFailure) {
    // Two seconds, as a part of the time is kept for saying so.
    let now = clock.monotonic()
    let limit = min(now + 2_000_000_000, deadline - (deadline - now) / 4)
    do throws(AuditFailure) {
      for sink in sinks { try sink.write(lines, until: limit, clock: clock) }
    } catch {
      sinks = []
      let event = try writer.prepare(.sinkFailed(reason: error.reason))
      _ = try write([event], writer: writer, until: deadline)
      if !isUnsigned {
        do throws(AuditFailure) { try sign(always: true) } catch { isUnsigned = true }
      }
      throw error
    }
  }

  /// Writes all bytes behind the tail, or none.
  private func write(_ bytes: [UInt8]) throws(AuditFailure) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Descriptor.retrying {
          device.write(
            file.rawValue, UnsafeRawBufferPointer(rebasing: buffer[written...]), tail.size + written)
        }
      }
      guard count > 0 else {
        let failure = AuditFailure.system(count < 0 ? errno : ENOSPC, "write the journal")
        if written > 0, ftruncate(file.rawValue, off_t(tail.size)) != 0 {
          PoisonMark.set(in: directory, durableSize: tail.size, reason: failure.reason)
        }
        throw failure
      }
      written += count
    }
  }
}
