/// The hash tiles of a growing tree (C2SP tlog-tiles): levels of 256 hashes each, eight levels of the tree apart.
struct TileBuilder: Sendable {
  /// Hashes of a full tile.
  static let width = 256

  /// The tree.
  private(set) var frontier = MerkleFrontier()
  /// The unfinished last tile of each level, from the leaves on.
  private(set) var levels: [[SHA256.Hash]] = []

  /// An empty tree.
  init() {}

  /// The right edge of a tree whose unfinished tiles are known.
  ///
  /// - Parameter levels: The unfinished tile of each level, empty where the last one is full.
  init(count: UInt64, levels: [[SHA256.Hash]], hasher: inout SHA256) {
    var subtrees: [SHA256.Hash] = []
    for level in levels.reversed() {
      var rest = level[...]
      while !rest.isEmpty {
        // The largest power of two that fits.
        let size = 1 << (Int.bitWidth - 1 - rest.count.leadingZeroBitCount)
        subtrees.append(Merkle.root(rest.prefix(size), &hasher))
        rest = rest.dropFirst(size)
      }
    }
    self.levels = levels
    frontier = MerkleFrontier(count: count, subtrees: subtrees)
  }

  /// Leaves.
  var count: UInt64 { frontier.count }

  /// Adds a leaf hash.
  ///
  /// - Parameter full: Called for each tile that is full with this leaf.
  mutating func add(
    _ leaf: SHA256.Hash, _ hasher: inout SHA256, full: (TileID, [SHA256.Hash]) -> Void = { _, _ in }
  ) {
    let index = count
    var levels = levels
    self.levels = []
    frontier.add(leaf, &hasher) { height, hash in
      guard height % 8 == 0 else { return }
      let level = height / 8
      if level == levels.count {
        var tile: [SHA256.Hash] = []
        tile.reserveCapacity(Self.width)
        levels.append(tile)
      }
      levels[level].append(hash)
      guard levels[level].count == Self.width else { return }
      full(TileID(level: level, index: index >> UInt64(8 * (level + 1)), width: Self.width), levels[level])
      levels[level].removeAll(keepingCapacity: true)
    }
    self.levels = levels
  }

  /// The unfinished tiles that belong to the tree as it is now.
  var partialTiles: [(id: TileID, hashes: [SHA256.Hash])] {
    levels.enumerated().filter { !$0.element.isEmpty }.map { level, hashes in
      (TileID(level: level, index: count >> UInt64(8 * (level + 1)), width: hashes.count), hashes)
    }
  }
}

/// Which tile, or bundle of entries.
struct TileID: Sendable, Hashable {
  /// 0 for leaf hashes; nil for entries.
  let level: Int?
  /// Its place in its level.
  let index: UInt64
  /// Hashes or entries in it, 1 to 256.
  let width: Int

  init(level: Int?, index: UInt64, width: Int) {
    self.level = level
    self.index = index
    self.width = width
  }

  /// Its path below `tile`: the index in groups of three digits.
  var path: [String] {
    var groups: [String] = []
    var rest = index
    repeat {
      let digits = String(rest % 1000)
      let padded = String(repeating: "0", count: 3 - digits.utf8.count) + digits
      groups.insert(groups.isEmpty ? padded : "x" + padded, at: 0)
      rest /= 1000
    } while rest > 0
    if width < TileBuilder.width {
      groups[groups.count - 1] += ".p"
      groups.append(String(width))
    }
    return [level.map { String($0) } ?? "entries"] + groups
  }
}
