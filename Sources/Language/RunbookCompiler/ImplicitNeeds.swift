import RunbookSyntax

/// Finds which steps a step waits for where its page does not say: the one before it, or all tasks of the list
/// before it. Task items of one list do not wait for each other.
struct ImplicitNeeds {
  /// A list of task items that is still going on.
  private struct OpenList {
    let list: Int
    var item: Int
    /// What stood before the list.
    let entry: [Int]
    /// The last steps of its finished items.
    var ends: [Int] = []
    /// The last step of the current item, or `entry`.
    var current: [Int]
    var hasSteps = false
  }

  private var open: [OpenList] = []
  private var outside: [Int] = []

  /// Adds the next step in document order.
  ///
  /// - Parameters:
  ///   - containers: What it stands in, a task item's own item included.
  /// - Returns: The steps it waits for.
  mutating func add(_ step: Int, in containers: [Container]) -> [Int] {
    enter(containers)
    let needs = open.last?.current ?? outside
    if open.isEmpty {
      outside = [step]
    } else {
      open[open.count - 1].current = [step]
      open[open.count - 1].hasSteps = true
    }
    return needs
  }

  private mutating func enter(_ containers: [Container]) {
    if open.isEmpty, containers.isEmpty { return }
    var depth = 0
    for case .item(let item) in containers where item.isTask {
      if depth < open.count, open[depth].list == item.list {
        if open[depth].item != item.index {
          close(to: depth + 1)
          if open[depth].hasSteps { open[depth].ends += open[depth].current }
          open[depth].current = open[depth].entry
          open[depth].hasSteps = false
          open[depth].item = item.index
        }
      } else {
        close(to: depth)
        let entry = open.last?.current ?? outside
        open.append(OpenList(list: item.list, item: item.index, entry: entry, current: entry))
      }
      depth += 1
    }
    close(to: depth)
  }

  private mutating func close(to depth: Int) {
    while open.count > depth {
      let list = open.removeLast()
      let ends = list.hasSteps ? list.ends + list.current : list.ends
      guard !ends.isEmpty else { continue }
      if open.isEmpty {
        outside = ends
      } else {
        open[open.count - 1].current = ends
        open[open.count - 1].hasSteps = true
      }
    }
  }
}
