/// Puts steps in the order they run.
enum StepOrder {
  /// Each step after all it needs; among those that could come next, the first in the page comes first.
  ///
  /// O(n log n) in steps and needs.
  ///
  /// - Parameter needs: For each step, the positions of the steps it needs.
  /// - Returns: The order, without the steps on a cycle and those that wait for one.
  static func sorted(needs: [[Int]]) -> [Int] {
    var waiting = needs.map(\.count)
    var followers = [[Int]](repeating: [], count: needs.count)
    for (index, needed) in needs.enumerated() { for need in needed { followers[need].append(index) } }
    var ready = MinHeap()
    for index in needs.indices where waiting[index] == 0 { ready.insert(index) }
    var order: [Int] = []
    order.reserveCapacity(needs.count)
    while let next = ready.removeMin() {
      order.append(next)
      for follower in followers[next] {
        waiting[follower] -= 1
        if waiting[follower] == 0 { ready.insert(follower) }
      }
    }
    return order
  }

  /// Cycles among the steps that `sorted` leaves out, each once, beginning with its first step in the page.
  static func cycles(needs: [[Int]], order: [Int]) -> [[Int]] {
    var isStuck = [Bool](repeating: true, count: needs.count)
    for index in order { isStuck[index] = false }
    var walk = [Int](repeating: 0, count: needs.count)
    var cycles: [[Int]] = []
    for start in needs.indices where isStuck[start] && walk[start] == 0 {
      var path: [Int] = []
      var index = start
      while walk[index] == 0 {
        walk[index] = start + 1
        path.append(index)
        guard let next = needs[index].first(where: { isStuck[$0] }) else { break }
        index = next
      }
      guard walk[index] == start + 1, let first = path.firstIndex(of: index) else { continue }
      let cycle = Array(path[first...])
      let least = cycle.indices.min { cycle[$0] < cycle[$1] } ?? 0
      cycles.append(Array(cycle[least...] + cycle[..<least]))
    }
    return cycles
  }
}

/// Positions, least first.
private struct MinHeap {
  private var items: [Int] = []

  mutating func insert(_ item: Int) {
    items.append(item)
    var child = items.count - 1
    while child > 0, items[child] < items[(child - 1) / 2] {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func removeMin() -> Int? {
    guard let least = items.first, let last = items.popLast() else { return nil }
    guard !items.isEmpty else { return least }
    items[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < items.count else { return least }
      if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
      guard items[child] < items[parent] else { return least }
      items.swapAt(parent, child)
      parent = child
    }
  }
}
