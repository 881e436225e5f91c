/// A length for `sleep` that no other test uses, by which its process is found whatever became of it.
public func uniqueSleep() -> String { "600.\(Int.random(in: 100_000_000...999_999_999))" }

/// Numbers of the living processes `sleep length`.
public func sleeping(_ length: String) -> [Int32] {
  processes(with: length).filter { fileBytes("/proc/\($0)/comm") == Array("sleep\n".utf8) }
}

/// Numbers of the living processes that have `word` among their arguments.
public func processes(with word: String) -> [Int32] {
  entries(of: "/proc").compactMap { Int32($0.path.dropFirst("/proc/".count)) }.filter {
    fileBytes("/proc/\($0)/cmdline").split(separator: 0).contains { $0.elementsEqual(word.utf8) }
  }
}

/// Whether a process is gone or a zombie, which somebody else has to collect.
public func hasEnded(_ pid: Int32) -> Bool {
  let status = fileBytes("/proc/\(pid)/stat")
  guard let end = status.lastIndex(of: UInt8(ascii: ")")), end + 2 < status.count else { return true }
  return status[end + 2] == UInt8(ascii: "Z")
}

/// Whether `condition` holds within `seconds`, asked every 20 ms; a busy machine gets much time.
public func eventually(within seconds: Double = 60, _ condition: () -> Bool) async -> Bool {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while !condition() {
    guard ContinuousClock.now < deadline else { return false }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return true
}
