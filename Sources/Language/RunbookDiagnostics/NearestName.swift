/// Finds the name that was probably meant, for "did you mean" notes.
public enum NearestName {
  /// The candidate nearest to `name`, or `nil` where none is near enough to be worth naming.
  ///
  /// Counts insertions, deletions, substitutions and swaps of neighbours (Damerau–Levenshtein, optimal string
  /// alignment), letters without regard to ASCII case and `_` as `-`. One edit in three characters is near
  /// enough, four edits never are. Of equally near names the one first in order wins, so the answer does not
  /// depend on the order of `candidates`.
  public static func match(_ name: String, among candidates: some Sequence<String>) -> String? {
    let wanted = folded(name)
    var best: (distance: Int, name: String)?
    for candidate in candidates {
      let other = folded(candidate)
      let limit = allowedEdits(max(wanted.count, other.count))
      guard abs(wanted.count - other.count) <= limit else { continue }
      let distance = distance(wanted, other)
      guard distance <= limit else { continue }
      if let found = best, (found.distance, found.name) <= (distance, candidate) { continue }
      best = (distance, candidate)
    }
    return best?.name
  }

  /// One letter is never a misspelling of another one.
  private static func allowedEdits(_ length: Int) -> Int {
    length < 2 ? 0 : min(max(length / 3, 1), 3)
  }

  private static func folded(_ name: String) -> [Unicode.Scalar] {
    name.unicodeScalars.map { scalar in
      switch scalar {
      case "A"..."Z": Unicode.Scalar(UInt8(scalar.value) + 32)
      case "_": "-"
      default: scalar
      }
    }
  }

  private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      current.reserveCapacity(right.count + 1)
      for column in right.indices {
        let substitution = last[column] + (left[row] == right[column] ? 0 : 1)
        var cost = min(last[column + 1] + 1, current[column] + 1, substitution)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
