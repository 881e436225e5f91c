import Glibc
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

  private static let window = 1 << 18

  /// The last event of `run`, looked for from the end on.
  func last(of run: RunID) throws(AuditFailure) -> Place? {
    try find(before: size) { $0.runBytes.map { $0.elementsEqual(run.rawValue.utf8) } ?? false }
  }

  /// The event with that number, looked for from `end` backwards in steps that grow.
  func event(_ sequence: UInt64, before end: Int) throws(AuditFailure) -> Place? {
    var low = 0
    var high = end
    // Events of a run stand close together: first a look just before, then halving.
    var probe = max(0, end - Self.window)
    while low < high {
      let window = try lines(around: probe, below: high)
      guard let first = window.first else { return nil }
      if first.sequence > sequence {
        high = window.offset
      } else if let place = try window.event(sequence, first: first.sequence, in: self) {
        return place
      } else {
        low = window.offset + window.lines.count
      }
      probe = low + (high - low) / 2
    }
    return nil
  }

  /// Some whole lines that follow each other.
  private struct Window {
    /// Place of the first one in the journal.
    let offset: Int
    let lines: ArraySlice<UInt8>
    /// nil where there is no line.
    let first: Place?

    /// The line of `sequence`, counted from the first line's.
    func event(
      _ sequence: UInt64, first: UInt64, in search: JournalSearch
    ) throws(AuditFailure) -> Place? {
      var current = first
      var rest = lines
      while let end = rest.firstIndex(of: 0x0a) {
        if current == sequence {
          let place = try search.place(of: rest[...end], at: offset + rest.startIndex - lines.startIndex)
          guard place.sequence == sequence else {
            throw .tampered("event \(place.sequence) stands where event \(sequence) belongs")
          }
          return place
        }
        current += 1
        rest = rest[(end + 1)...]
      }
      return nil
    }
  }

  private func lines(around probe: Int, below high: Int) throws(AuditFailure) -> Window {
    // One line more to the front, so that the line a probe falls into is whole.
    let start = max(0, probe - EventLineWriter.limit)
    let bytes = try file.bytes(start..<min(high, start + Self.window + EventLineWriter.limit))
    let begin = start == 0 ? 0 : (bytes.firstIndex(of: 0x0a) ?? bytes.count - 1) + 1
    guard let end = bytes.lastIndex(of: 0x0a), end >= begin else {
      return Window(offset: start, lines: [], first: nil)
    }
    let lines = bytes[begin...end]
    let first = try place(of: lines[...(lines.firstIndex(of: 0x0a) ?? end)], at: start + begin)
    return Window(offset: start + begin, lines: lines, first: first)
  }

  private func place(of line: ArraySlice<UInt8>, at offset: Int) throws(AuditFailure) -> Place {
    let place: Place? = line.dropLast().withUnsafeBytes { bytes in
      EventLineScan(bytes).map {
        Place(
          range: offset..<(offset + bytes.count), sequence: $0.sequence, previousOfRun: $0.previousOfRun)
      }
    }
    guard let place else { throw .tampered("the line at byte \(offset) of the journal is no event") }
    return place
  }

  private func find(
    before end: Int, where matches: (EventLineScan) -> Bool
  ) throws(AuditFailure) -> Place? {
    var end = end
    while end > 0 {
      let start = max(0, end - Self.window)
      let bytes = try file.bytes(start..<end)
      let begin = start == 0 ? 0 : (bytes.firstIndex(of: 0x0a) ?? bytes.count - 1) + 1
      guard begin < bytes.count else { throw .tampered("a line of the journal is too long") }
      let found = try bytes[begin...].withBytes { (lines) throws(AuditFailure) in
        try Self.lastLine(in: lines, where: matches)
      }
      if let found {
        let line = bytes[(begin + found.lowerBound)...(begin + found.upperBound)]
        return try place(of: line, at: start + begin + found.lowerBound)
      }
      end = start + begin
    }
    return nil
  }

  /// The last matching line of whole lines, without its line feed.
  private static func lastLine(
    in lines: UnsafeRawBufferPointer, where matches: (EventLineScan) -> Bool
  ) throws(AuditFailure) -> Range<Int>? {
    var end = lines.count - 1
    while end >= 0 {
      let start = (end == 0 ? nil : lines[..<end].lastIndex(of: 0x0a)).map { $0 + 1 } ?? 0
      guard let scan = EventLineScan(UnsafeRawBufferPointer(rebasing: lines[start..<end])) else {
        throw .tampered("a line of the journal is no event")
      }
      if matches(scan) { return start..<end }
      end = start - 1
    }
    return nil
  }
}
