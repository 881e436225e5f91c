/// An Aho–Corasick automaton over bytes: finds every pattern in one pass, whatever their number.
///
/// Aho and Corasick, "Efficient string matching", CACM 18 (6), 1975. Bytes that occur in no pattern share one
/// column, so that the table of a long key stays small.
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

  /// nil without patterns; empty patterns are ignored.
  init?(_ patterns: some Collection<[UInt8]>) {
    let patterns = patterns.filter { !$0.isEmpty }
    guard !patterns.isEmpty else { return nil }
    var columns = [UInt8](repeating: 0, count: 256)
    var used = Set<UInt8>()
    for pattern in patterns { used.formUnion(pattern) }
    // With all 256 bytes in use every byte has its own column and none is shared.
    let isFull = used.count == 256
    for (index, byte) in used.sorted().enumerated() { columns[Int(byte)] = UInt8(isFull ? index : index + 1) }
    let columnCount = isFull ? 256 : used.count + 1

    var next = [Int32](repeating: -1, count: columnCount)
    var matches: [Int32] = [0]
    var depths: [Int32] = [0]
    for pattern in patterns {
      var node = 0
      for byte in pattern {
        let cell = node * columnCount + Int(columns[Int(byte)])
        if next[cell] < 0 {
          next[cell] = Int32(depths.count)
          next += repeatElement(-1, count: columnCount)
          matches.append(0)
          depths.append(depths[node] + 1)
        }
        node = Int(next[cell])
      }
      matches[node] = Int32(pattern.count)
    }

    // Breadth first, so that a failure link's own row is complete when it is copied from.
    var failures = [Int32](repeating: 0, count: depths.count)
    var queue: [Int] = []
    for column in 0..<columnCount {
      if next[column] < 0 { next[column] = 0 } else { queue.append(Int(next[column])) }
    }
    var head = 0
    while head < queue.count {
      let node = queue[head]
      head += 1
      matches[node] = max(matches[node], matches[Int(failures[node])])
      for column in 0..<columnCount {
        let cell = node * columnCount + column
        let fallback = next[Int(failures[node]) * columnCount + column]
        if next[cell] < 0 {
          next[cell] = fallback
        } else {
          failures[Int(next[cell])] = fallback
          queue.append(Int(next[cell]))
        }
      }
    }
    (self.columns, self.columnCount, self.next, self.matches, self.depths) =
      (columns, columnCount, next, matches, depths)
  }
}
