import RunbookModel

/// Finds lines in the journal without reading all of it.
struct JournalSearch {
  /// The journal.
  let file: Descriptor
  /// Bytes of its complete lines.
  let size: Int

  /// A line's place.
  struct Place: Hashable {
    /// Its bytes, without the line feed.
    let range: Range<Int>
    /// Its sequence number.
    let sequence: UInt64
    /// The sequence number of the event before it in the same run.
    let previousOfRun: UInt64?
  }

  /// The last event of `run`, looked for from the end on; nil where the log has none.
  func last(of run: RunID) throws(AuditFailure) -> Place? {
    var end = size
    while end > 0 {
      let window = try JournalWindow(of: file, endingAt: end)
      for index in window.lines.indices.reversed() {
        if try window.scan(index, { $0.runBytes?.elementsEqual(run.rawValue.utf8) ?? false }) {
          return try window.place(index)
        }
      }
      end = window.offset
    }
    return nil
  }

  /// The places of all events of `run` in their order, found from its last one by `run.prev`.
  ///
  /// Events of one run mostly stand close together, so the way back goes line by line; only a long way is shortened
  /// by halving, which finds a line because sequence numbers have no gaps.
  func places(of run: RunID) throws(AuditFailure) -> [Place] {
    guard let last = try last(of: run) else { return [] }
    var places = [last]
    var window = try JournalWindow(of: file, endingAt: last.range.upperBound + 1)
    var index = window.lines.count - 1
    while let place = places.last, let previous = place.previousOfRun {
      guard previous < place.sequence else {
        throw .tampered("event \(place.sequence) names a later one as the one before it")
      }
      var steps = Int(clamping: place.sequence - previous)
      if steps > Self.longWay {
        (window, index) = try find(previous, before: place.range.lowerBound)
      } else {
        while steps > index {
          steps -= index + 1
          guard window.offset > 0 else { throw Self.missing(previous) }
          window = try JournalWindow(of: file, endingAt: window.offset)
          index = window.lines.count - 1
        }
        index -= steps
      }
      let before = try window.place(index)
      guard before.sequence == previous else { throw Self.missing(previous) }
      places.append(before)
    }
    return places.reversed()
  }

  /// The place of the line of event `sequence`, found by halving.
  func place(of sequence: UInt64) throws(AuditFailure) -> Place {
    let (window, index) = try find(sequence, before: size)
    let place = try window.place(index)
    guard place.sequence == sequence else { throw Self.missing(sequence) }
    return place
  }

  /// Where the line of event `sequence` begins; `last` is the journal's last event.
  func offset(of sequence: UInt64, last: UInt64) throws(AuditFailure) -> Int {
    guard sequence <= last else { return size }
    guard sequence > 0 else { return 0 }
    if last - sequence > UInt64(Self.longWay) {
      let (window, index) = try find(sequence, before: size)
      return try window.place(index).range.lowerBound
    }
    var end = size
    while end > 0 {
      let window = try JournalWindow(of: file, endingAt: end)
      let first = try window.place(0).sequence
      if first <= sequence {
        guard sequence - first < UInt64(window.lines.count) else { break }
        let place = try window.place(Int(sequence - first))
        guard place.sequence == sequence else { break }
        return place.range.lowerBound
      }
      end = window.offset
    }
    throw Self.missing(sequence)
  }

  /// Lines that are walked rather than jumped over.
  private static let longWay = 4096

  private static func missing(_ sequence: UInt64) -> AuditFailure {
    .tampered("event \(sequence) is not where its number says")
  }

  /// The window with the event of that number, and its index.
  private func find(
    _ sequence: UInt64, before end: Int
  ) throws(AuditFailure) -> (JournalWindow, Int) {
    var low = 0
    var high = end
    while low < high {
      let window = try JournalWindow(of: file, around: low + (high - low) / 2, below: high)
      let first = try window.place(0).sequence
      if first > sequence {
        high = window.offset
      } else if sequence - first < UInt64(window.lines.count) {
        return (window, Int(sequence - first))
      } else {
        low = window.end
      }
    }
    throw Self.missing(sequence)
  }
}

/// Some whole lines of the journal that follow each other, in memory.
struct JournalWindow {
  /// Their place in the journal.
  let offset: Int
  private let bytes: [UInt8]
  /// Each line's bytes in the window, without the line feed; at least one.
  let lines: [Range<Int>]

  /// The place behind the last line.
  var end: Int { offset + bytes.count }

  private static let size = 1 << 18

  /// The lines before `end`, which follows a line feed.
  init(of file: Descriptor, endingAt end: Int) throws(AuditFailure) {
    try self.init(of: file, from: max(0, end - Self.size), to: end)
  }

  /// The line at `position` and some behind it, up to `limit`, which follows a line feed.
  init(of file: Descriptor, around position: Int, below limit: Int) throws(AuditFailure) {
    let start = max(0, position - EventLineWriter.limit)
    try self.init(of: file, from: start, to: min(limit, start + Self.size))
  }

  /// The whole lines between two places; the first one counts only at the beginning of the journal.
  private init(of file: Descriptor, from start: Int, to end: Int) throws(AuditFailure) {
    let read = try file.bytes(start..<end)
    var lines: [Range<Int>] = []
    var begin = 0
    read.withUnsafeBytes { bytes in
      if start > 0 { begin = (EventLineScan.find(0x0a, in: bytes, from: 0) ?? bytes.count) + 1 }
      var next = begin
      while let end = EventLineScan.find(0x0a, in: bytes, from: next) {
        lines.append((next - begin)..<(end - begin))
        next = end + 1
      }
    }
    guard let last = lines.last else {
      throw .tampered("the line at byte \(start) of the journal is too long")
    }
    offset = start + begin
    bytes = Array(read[begin...(begin + last.upperBound)])
    self.lines = lines
  }

  /// What `body` makes of a line.
  func scan<Result>(_ index: Int, _ body: (EventLineScan) -> Result) throws(AuditFailure) -> Result {
    try bytes.withBytes { (bytes) throws(AuditFailure) in
      guard let scan = EventLineScan(UnsafeRawBufferPointer(rebasing: bytes[lines[index]])) else {
        throw .tampered("the line at byte \(offset + lines[index].lowerBound) of the journal is no event")
      }
      return body(scan)
    }
  }

  /// A line's place in the journal.
  func place(_ index: Int) throws(AuditFailure) -> JournalSearch.Place {
    let line = lines[index]
    return try scan(index) {
      JournalSearch.Place(
        range: (offset + line.lowerBound)..<(offset + line.upperBound), sequence: $0.sequence,
        previousOfRun: $0.previousOfRun)
    }
  }
}
