import Glibc
public import RunbookModel

/// The store's reading side. Takes no lock and changes nothing; a line that is just being written is not seen.
public struct AuditReader: Sendable {
  /// Where it is.
  public let location: StoreLocation
  private let journal: Descriptor
  private let store: BlobStore

  /// Opens a store for reading; any owner will do.
  ///
  /// - Returns: nil where there is no log yet.
  public static func open(_ location: StoreLocation) throws(AuditFailure) -> AuditReader? {
    guard let root = try StoreDirectory.open(location.path, creating: false),
      let folder = try StoreDirectory.open("journal", in: root, creating: false),
      let journal = try Descriptor.open(Journal.name, in: folder, O_RDONLY),
      let blobs = try StoreDirectory.open("blobs", in: root, creating: false),
      let digests = try StoreDirectory.open("sha256", in: blobs, creating: false)
    else { return nil }
    return AuditReader(location: location, journal: journal, store: BlobStore(root: digests, workshop: nil))
  }

  private init(location: StoreLocation, journal: Descriptor, store: BlobStore) {
    self.location = location
    self.journal = journal
    self.store = store
  }

  /// The bytes of a blob, checked against its digest.
  public func blob(_ digest: Digest) throws(AuditFailure) -> [UInt8] { try store.bytes(of: digest) }

  /// Runs that `query` admits, newest first; one pass over the log.
  public func history(_ query: HistoryQuery = HistoryQuery()) throws(AuditFailure) -> [RunSummary] {
    try historyAndDefects(query).runs
  }

  /// The same, and what is wrong with the lines that were passed: for people, one defect each, the first few.
  public func historyAndDefects(
    _ query: HistoryQuery = HistoryQuery()
  ) throws(AuditFailure) -> (runs: [RunSummary], defects: [String]) {
    var pass = HistoryPass(query: query)
    try forEachLine { (line) throws(AuditFailure) in
      try pass.add(line) { (digest) throws(AuditFailure) in try blob(digest) }
      return true
    }
    return (pass.runs, pass.defects)
  }

  /// The run that `text` means: a whole name, the beginning of one, or the beginning of the random letters at
  /// its end.
  ///
  /// - Throws: `.notFound`, or `.ambiguous` with the runs it could be, newest first.
  public func run(matching text: String) throws(AuditFailure) -> RunID {
    let (summaries, defects) = try historyAndDefects()
    let runs = summaries.map(\.id)
    if let exact = runs.first(where: { $0.rawValue == text }) { return exact }
    let matches = runs.filter { run in
      let letters = run.rawValue.split(separator: "-").last ?? ""
      return run.rawValue.hasPrefix(text) || letters.hasPrefix(text)
    }
    guard let match = matches.first, !text.isEmpty else {
      if let defect = defects.first { throw .tampered("no run is named '\(text)', but \(defect)") }
      throw .notFound("no run is named '\(text)'")
    }
    guard matches.count == 1 else { throw .ambiguous(text, matches) }
    return match
  }

  /// The events of one run in their order.
  ///
  /// Found from the run's last event backwards by `run.prev`; only their places are held in memory.
  ///
  /// - Throws: `.notFound` where the log has no such run; what `body` throws.
  public func forEachEvent(
    of run: RunID, _ body: (StoredEvent) throws(AuditFailure) -> Void
  ) throws(AuditFailure) {
    let places = try JournalSearch(file: journal, size: try completeSize()).places(of: run)
    guard !places.isEmpty else { throw .notFound("the log has no run '\(run)'") }
    for place in places { try body(try event(journal.bytes(place.range))) }
  }

  /// The events of one run in their order.
  public func events(of run: RunID) throws(AuditFailure) -> [StoredEvent] {
    var events: [StoredEvent] = []
    try forEachEvent(of: run) { events.append($0) }
    return events
  }

  /// All events in their order, until `body` returns false.
  public func forEachEvent(
    _ body: (StoredEvent) throws(AuditFailure) -> Bool
  ) throws(AuditFailure) {
    try forEachLine { (line) throws(AuditFailure) in try body(try event(Array(line))) }
  }

  /// All stored lines in their order, byte for byte without their line feeds, until `body` returns false.
  public func forEachStoredLine(
    _ body: (UnsafeRawBufferPointer) throws(AuditFailure) -> Bool
  ) throws(AuditFailure) {
    try forEachLine(body)
  }

  private func event(_ line: [UInt8]) throws(AuditFailure) -> StoredEvent {
    try StoredEvent(line: line) { (digest) throws(AuditFailure) in try blob(digest) }
  }

  /// All complete lines without their line feeds, until `body` returns false.
  private func forEachLine(
    _ body: (UnsafeRawBufferPointer) throws(AuditFailure) -> Bool
  ) throws(AuditFailure) {
    let size = try completeSize()
    var offset = 0
    while offset < size {
      let bytes = try journal.bytes(offset..<min(size, offset + 1 << 20))
      guard let end = bytes.lastIndex(of: 0x0a) else {
        throw .tampered("the line at byte \(offset) of the journal is too long")
      }
      let goesOn = try bytes[...end].withBytes { (lines) throws(AuditFailure) in
        var start = 0
        while let end = EventLineScan.find(0x0a, in: lines, from: start) {
          guard try body(UnsafeRawBufferPointer(rebasing: lines[start..<end])) else { return false }
          start = end + 1
        }
        return true
      }
      guard goesOn else { return }
      offset += end + 1
    }
  }

  /// Bytes up to the last line feed.
  private func completeSize() throws(AuditFailure) -> Int {
    try JournalRecovery.endOfLastLine(in: journal, before: Int(try journal.status().st_size))
  }
}
