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

  private init(
    _ directory: Descriptor, _ file: Descriptor, _ device: JournalDevice, _ clock: AuditClock,
    _ hasher: consuming SHA256
  ) {
    self.directory = directory
    self.file = file
    self.device = device
    self.clock = clock
    self.hasher = hasher
    tail = JournalTail()
  }

  /// Opens the journal in `directory` and puts its end in order; an empty one gets its first event.
  ///
  /// - Parameter deadline: Latest time to get the lock.
  static func open(
    in directory: Descriptor, writer: EventLineWriter, device: JournalDevice, clock: AuditClock,
    until deadline: Int64
  ) throws(AuditFailure) -> Journal {
    try refuseUnknownFiles(in: directory)
    guard let file = try Descriptor.open(name, in: directory, O_RDWR | O_CREAT) else {
      throw .unavailable("the journal vanished")
    }
    let status = try file.status()
    guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(), status.st_nlink == 1 else {
      throw .tampered("the journal is no plain file of this user with one name")
    }
    var journal = Journal(directory, file, device, clock, try SHA256())
    try JournalLock.acquire(file, until: deadline, clock: clock)
    defer { JournalLock.release(file) }
    try journal.recover(writer)
    return journal
  }

  /// Puts the end in order and logs what was done. The caller holds the lock.
  private mutating func recover(_ writer: EventLineWriter) throws(AuditFailure) {
    var events: [LogEvent] = try JournalRecovery(directory: directory, file: file).run().map {
      .recovered($0)
    }
    tail = try JournalTail(of: file, size: Int(try file.status().st_size), hasher: &hasher)
    if tail.size == 0 {
      try directory.sync()
      events.insert(.opened(store: hexadecimal(randomBytes(16))), at: 0)
    }
    guard !events.isEmpty else { return }
    var prepared: [PreparedEvent] = []
    for event in events { prepared.append(try writer.prepare(event)) }
    _ = try write(prepared, writer: writer)
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
    guard !PoisonMark.exists(in: directory) else {
      throw .unavailable("an earlier write may not have reached the disk; the log must be opened again")
    }
    var recovered: [PreparedEvent] = []
    if let torn = try catchUp() {
      recovered = [try writer.prepare(.recovered(torn))]
    }
    return try write(recovered + events, writer: writer) + UInt64(recovered.count)
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
    }
    return torn
  }

  private mutating func write(
    _ events: [PreparedEvent], writer: EventLineWriter
  ) throws(AuditFailure) -> UInt64 {
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
        next.add(UnsafeRawBufferPointer(rebasing: $0[start...]), of: event.run?.id, hasher: &hasher)
      }
    }
    try write(bytes)
    guard Descriptor.retrying({ device.sync(file.rawValue) }) == 0 else {
      let failure = AuditFailure.system(errno, "sync the journal")
      PoisonMark.set(in: directory, durableSize: tail.size, reason: failure.reason)
      throw .unavailable(failure.reason)
    }
    tail = next
    return first
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

  /// A store of a later version, with more files than this one knows, must not be written to.
  private static func refuseUnknownFiles(in directory: Descriptor) throws(AuditFailure) {
    let raw = openat(directory.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard raw >= 0, let list = fdopendir(raw) else { throw .system(errno, "list the journal") }
    defer { closedir(list) }
    while let entry = readdir(list) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if name.hasSuffix(".jsonl"), name != Self.name {
        throw .unavailable("'journal/\(name)' was written by a later version of this program")
      }
    }
  }
}
