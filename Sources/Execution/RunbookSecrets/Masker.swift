/// Takes secrets out of one stream of bytes, correct however the stream is cut into chunks.
///
/// Releases only bytes that can no longer be part of a match; matches that overlap become one `***`. Bytes without
/// a match are passed on where they lie, without a copy.
struct Masker {
  private static let mask = Array("***".utf8)

  private var automaton: MaskAutomaton?
  private var node = 0
  /// Inside of a text that ends of lines cut into pieces.
  private var wrapped: WrappedPlace?
  /// Bytes not released yet; the first stands at `base` of the stream.
  private var pending: [UInt8] = []
  private var base = 0
  /// Bytes to mask that are not released yet, as ranges of the stream: in order, without overlaps.
  private var covered: [Range<Int>] = []

  /// Without an automaton nothing is masked and nothing is held.
  init(_ automaton: MaskAutomaton?) { self.automaton = automaton }

  /// Whether chunks may be passed on as they are.
  var isTransparent: Bool { automaton == nil && pending.isEmpty }

  /// Gives the masked bytes that are final after this chunk to `emit`, in order.
  mutating func feed(_ bytes: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) -> Void) {
    guard let automaton, !bytes.isEmpty else {
      if !bytes.isEmpty { emit(bytes) }
      return
    }
    let start = base + pending.count
    var (node, wrapped) = (node, wrapped)
    automaton.scan(bytes, at: start, from: &node, &wrapped) { cover($0) }
    (self.node, self.wrapped) = (node, wrapped)
    let end = start + bytes.count
    let held = wrapped.map { automaton.heldStart($0, before: end) } ?? end
    release(upTo: min(held, end - Int(automaton.depths[node])), of: bytes, emit)
  }

  /// Gives the rest of the stream to `emit`.
  mutating func finish(_ emit: (UnsafeRawBufferPointer) -> Void) {
    release(upTo: base + pending.count, of: UnsafeRawBufferPointer(start: nil, count: 0), emit)
    (node, wrapped) = (0, nil)
  }

  /// The rest of a stream whose end is missing: without what may be the beginning of a secret.
  mutating func cutOff(_ emit: (UnsafeRawBufferPointer) -> Void) {
    release(upTo: covered.last?.upperBound ?? base, of: UnsafeRawBufferPointer(start: nil, count: 0), emit)
    base += pending.count
    pending = []
    (node, wrapped) = (0, nil)
  }

  /// Uses another automaton from here on; what is held was not found by the old one and is looked at again.
  mutating func replace(_ automaton: MaskAutomaton?, _ emit: (UnsafeRawBufferPointer) -> Void) {
    if let last = covered.last {
      release(upTo: last.upperBound, of: UnsafeRawBufferPointer(start: nil, count: 0), emit)
    }
    let held = pending
    pending = []
    (node, wrapped) = (0, nil)
    self.automaton = automaton
    held.withUnsafeBytes { feed($0, emit) }
  }

  /// Everything in `bytes`, masked; nil where there is nothing to mask.
  static func masked(_ bytes: UnsafeRawBufferPointer, _ automaton: MaskAutomaton) -> [UInt8]? {
    var node = 0
    var wrapped: WrappedPlace?
    var isFound = false
    automaton.scan(bytes, at: 0, from: &node, &wrapped) { _ in isFound = true }
    guard isFound else { return nil }
    var masker = Masker(automaton)
    var result: [UInt8] = []
    masker.feed(bytes) { result += $0 }
    masker.finish { result += $0 }
    return result
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

  /// Releases the bytes before `end` of the stream, those held and then `bytes`, and holds the rest; a covered
  /// range, as one mask, when it cannot grow any more.
  private mutating func release(
    upTo end: Int, of bytes: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) -> Void
  ) {
    let start = base + pending.count
    var position = base
    /// The next bytes before `limit`, in one or two pieces.
    func take(_ limit: Int, _ emit: (UnsafeRawBufferPointer) -> Void) {
      if position < min(limit, start) {
        let piece = (position - base)..<(min(limit, start) - base)
        pending.withUnsafeBytes { emit(UnsafeRawBufferPointer(rebasing: $0[piece])) }
        position = min(limit, start)
      }
      if position < limit {
        emit(UnsafeRawBufferPointer(rebasing: bytes[(position - start)..<(limit - start)]))
        position = limit
      }
    }
    let done = covered.prefix { $0.upperBound <= end }.count
    if done > 0 {
      // One piece of many small ones.
      var gathered: [UInt8] = []
      for range in covered[..<done] {
        take(range.lowerBound) { gathered += $0 }
        gathered += Self.mask
        position = range.upperBound
      }
      covered.removeFirst(done)
      gathered.withUnsafeBytes { emit($0) }
    }
    take(min(end, covered.first?.lowerBound ?? end), emit)
    if position >= start {
      pending = Array(bytes[(position - start)...])
    } else {
      pending.removeFirst(position - base)
      pending += bytes
    }
    base = position
  }
}
