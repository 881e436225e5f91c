/// Takes secrets out of one stream of bytes, correct however the stream is cut into chunks.
///
/// Releases only bytes that can no longer be part of a match; matches that overlap become one `***`.
struct Masker {
  private static let mask = Array("***".utf8)

  private var automaton: MaskAutomaton?
  private var node = 0
  /// Bytes not released yet; the first stands at `base` of the stream.
  private var pending: [UInt8] = []
  private var base = 0
  /// Bytes to mask that are not released yet, as ranges of the stream: in order, without overlaps.
  private var covered: [Range<Int>] = []

  /// Without an automaton nothing is masked and nothing is held.
  init(_ automaton: MaskAutomaton?) { self.automaton = automaton }

  /// Whether chunks may be passed on as they are.
  var isTransparent: Bool { automaton == nil && pending.isEmpty }

  /// The masked bytes that are final after this chunk.
  mutating func feed(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    guard let automaton else { return Array(bytes) }
    var released: [UInt8] = []
    released.reserveCapacity(bytes.count)
    let columnCount = automaton.columnCount
    var node = node
    var position = base + pending.count
    pending += bytes
    automaton.next.withUnsafeBufferPointer { next in
      automaton.columns.withUnsafeBufferPointer { columns in
        automaton.matches.withUnsafeBufferPointer { matches in
          for byte in bytes {
            node = Int(next[node * columnCount + Int(columns[Int(byte)])])
            position += 1
            let length = Int(matches[node])
            if length > 0 { cover((position - length)..<position) }
          }
        }
      }
    }
    self.node = node
    release(upTo: position - Int(automaton.depths[node]), &released)
    return released
  }

  /// The rest of the stream.
  mutating func finish() -> [UInt8] {
    var released: [UInt8] = []
    release(upTo: base + pending.count, &released)
    node = 0
    return released
  }

  /// The rest of a stream whose end is missing: without what may be the beginning of a secret.
  mutating func cutOff() -> [UInt8] {
    var released: [UInt8] = []
    release(upTo: covered.last?.upperBound ?? base, &released)
    drop(base + pending.count)
    node = 0
    return released
  }

  /// Uses another automaton from here on; what is held was not found by the old one and is looked at again.
  mutating func replace(_ automaton: MaskAutomaton?) -> [UInt8] {
    var released: [UInt8] = []
    if let last = covered.last { release(upTo: last.upperBound, &released) }
    let held = pending
    base += held.count
    pending = []
    node = 0
    self.automaton = automaton
    guard !held.isEmpty else { return released }
    base -= held.count
    return released + held.withUnsafeBytes { feed($0) }
  }

  /// Everything in `bytes`, masked.
  static func masked(_ bytes: [UInt8], _ automaton: MaskAutomaton?) -> [UInt8] {
    guard let automaton else { return bytes }
    var masker = Masker(automaton)
    let first = bytes.withUnsafeBytes { masker.feed($0) }
    return first + masker.finish()
  }

  /// Matches come in the order of their ends, so a later one may begin before earlier ones.
  private mutating func cover(_ range: Range<Int>) {
    var range = range
    while let last = covered.last, last.upperBound > range.lowerBound {
      range = min(last.lowerBound, range.lowerBound)..<range.upperBound
      covered.removeLast()
    }
    covered.append(range)
  }

  /// Releases the bytes before `end` of the stream; a covered range, as one mask, when it cannot grow any more.
  private mutating func release(upTo end: Int, _ released: inout [UInt8]) {
    var done = 0
    for range in covered {
      guard range.upperBound <= end else { break }
      take(range.lowerBound, &released)
      released += Self.mask
      drop(range.upperBound)
      done += 1
    }
    covered.removeFirst(done)
    take(min(end, covered.first?.lowerBound ?? end), &released)
  }

  private mutating func take(_ end: Int, _ released: inout [UInt8]) {
    guard end > base else { return }
    released += pending[..<(end - base)]
    drop(end)
  }

  private mutating func drop(_ end: Int) {
    guard end > base else { return }
    pending.removeFirst(end - base)
    base = end
  }
}
