/// An Aho–Corasick automaton over bytes: finds every pattern in one pass, whatever their number.
///
/// Aho and Corasick, "Efficient string matching", CACM 18 (6), 1975. Bytes that occur in no pattern share one
/// column, so that the table of a long key stays small. What is found over ends of lines too is in `WrappedPlace`.
final class MaskAutomaton: Sendable {
  /// The column of each byte.
  let columns: [UInt8]
  let columnCount: Int
  /// Next node by `node * columnCount + column`; failure links are resolved already.
  let next: [Int32]
  /// Length of the longest pattern that ends at a node, 0 for none.
  let matches: [Int32]
  /// Length of the text a node stands for: as many bytes may still become part of a match.
  let depths: [Int32]
  /// Length of the longest wrapped pattern that ends at a node, 0 for none.
  let wrappedMatches: [Int32]
  /// Of the text a node stands for: how many bytes at its end may begin a wrapped pattern.
  let wrappedDepths: [Int32]
  /// No pattern is shorter than so many bytes, or two where one is; 16 at the most.
  private let window: Int
  /// By pair of bytes at the end of a window: how far it can be moved on without missing the start of a match.
  ///
  /// Outside of matches nearly all text is passed over by these steps (Wu and Manber, "A fast algorithm for
  /// multi-pattern searching", TR 94-17, University of Arizona, 1994).
  private let shifts: [UInt8]

  /// nil without patterns; empty patterns are ignored.
  ///
  /// - Parameter wrapped: Those among them that count also where ends of lines stand between their bytes.
  init?(_ patterns: some Collection<[UInt8]>, wrapped: Set<[UInt8]> = []) {
    let patterns = patterns.filter { !$0.isEmpty }
    guard !patterns.isEmpty else { return nil }
    var columns = [UInt8](repeating: 0, count: 256)
    var used = Set<UInt8>()
    for pattern in patterns { used.formUnion(pattern) }
    // With all 256 bytes in use every byte has its own column and none is shared.
    let isFull = used.count == 256
    for (index, byte) in used.sorted().enumerated() { columns[Int(byte)] = UInt8(isFull ? index : index + 1) }
    let columnCount = isFull ? 256 : used.count + 1

    let window = max(2, min(patterns.map(\.count).min() ?? 2, 16))
    var shifts = [UInt8](repeating: UInt8(window - 1), count: 65_536)
    for pattern in patterns {
      for place in 0...(window - 2) {
        // Only in a window of two bytes can a pattern have a single one.
        let seconds = pattern.count > 1 ? pattern[place + 1]...pattern[place + 1] : 0...255
        for second in seconds {
          let pair = Int(pattern[place]) | Int(second) << 8
          shifts[pair] = min(shifts[pair], UInt8(window - 2 - place))
        }
      }
    }
    for pattern in wrapped where !pattern.isEmpty {
      for text in Self.beginnings(of: pattern, window) {
        for place in 0...(window - 2) {
          let pair = Int(text[place]) | Int(text[place + 1]) << 8
          shifts[pair] = min(shifts[pair], UInt8(window - 2 - place))
        }
      }
    }
    (self.window, self.shifts) = (window, shifts)

    var next = [Int32](repeating: -1, count: columnCount)
    var matches: [Int32] = [0]
    var depths: [Int32] = [0]
    var wrappedMatches: [Int32] = [0]
    var wrappedDepths: [Int32] = [0]
    for pattern in patterns {
      var node = 0
      let isWrapped = wrapped.contains(pattern)
      for byte in pattern {
        let cell = node * columnCount + Int(columns[Int(byte)])
        if next[cell] < 0 {
          next[cell] = Int32(depths.count)
          next += repeatElement(-1, count: columnCount)
          matches.append(0)
          depths.append(depths[node] + 1)
          wrappedMatches.append(0)
          wrappedDepths.append(0)
        }
        node = Int(next[cell])
        if isWrapped { wrappedDepths[node] = depths[node] }
      }
      matches[node] = Int32(pattern.count)
      if isWrapped { wrappedMatches[node] = Int32(pattern.count) }
    }

    // Breadth first, so that a failure link's own row is complete when it is copied from.
    var failures = [Int32](repeating: 0, count: depths.count)
    var queue: [Int] = []
    for column in 0..<columnCount {
      if next[column] < 0 { next[column] = 0 } else { queue.append(Int(next[column])) }
    }
    var head = 0
    next.withUnsafeMutableBufferPointer { next in
      while head < queue.count {
        let node = queue[head]
        head += 1
        let failure = Int(failures[node])
        matches[node] = max(matches[node], matches[failure])
        wrappedMatches[node] = max(wrappedMatches[node], wrappedMatches[failure])
        wrappedDepths[node] = max(wrappedDepths[node], wrappedDepths[failure])
        for column in 0..<columnCount {
          let cell = node * columnCount + column
          let fallback = next[failure * columnCount + column]
          if next[cell] < 0 {
            next[cell] = fallback
          } else {
            failures[Int(next[cell])] = fallback
            queue.append(Int(next[cell]))
          }
        }
      }
    }
    (self.columns, self.columnCount, self.next, self.matches, self.depths) =
      (columns, columnCount, next, matches, depths)
    (self.wrappedMatches, self.wrappedDepths) = (wrappedMatches, wrappedDepths)
  }

  /// The first bytes of a pattern with the end of a line between two of them.
  private static func beginnings(of pattern: [UInt8], _ count: Int) -> [[UInt8]] {
    (1..<max(2, min(count, pattern.count))).flatMap { place in
      [[0x0a], [0x0d, 0x0a]].map { Array((pattern[..<place] + $0 + pattern[place...]).prefix(count)) }
    }.filter { $0.count == count }
  }

  /// Goes on over `bytes`, the first of which stands at `base` of the stream; `matched` is told of every match by its
  /// place in the stream.
  func scan(
    _ bytes: UnsafeRawBufferPointer, at base: Int, from node: inout Int, _ wrapped: inout WrappedPlace?,
    _ matched: (Range<Int>) -> Void
  ) {
    guard let start = bytes.baseAddress else { return }
    let count = bytes.count
    let lastWindow = count - window
    var current = node
    var index = 0
    next.withUnsafeBufferPointer { next in
      columns.withUnsafeBufferPointer { columns in
        matches.withUnsafeBufferPointer { matches in
          shifts.withUnsafeBufferPointer { shifts in
            while index < count {
              if current == 0, wrapped == nil {
                var end = start + index + window - 2
                while index <= lastWindow {
                  let shift = Int(
                    shifts[Int(UInt16(littleEndian: end.loadUnaligned(as: UInt16.self)))])
                  if shift == 0 { break }
                  index += shift
                  end += shift
                }
                guard index < count else { break }
              }
              let byte = start.load(fromByteOffset: index, as: UInt8.self)
              let before = current
              current = Int(next[current * columnCount + Int(columns[Int(byte)])])
              index += 1
              let length = Int(matches[current])
              if length > 0 { matched((base + index - length)..<(base + index)) }
              if wrapped != nil || byte <= 0x0d {
                if let range = wrap(byte, after: before, endingAt: base + index, &wrapped) { matched(range) }
              }
            }
          }
        }
      }
    }
    node = current
  }
}
