import Glibc
import RunbookAudit
import RunbookModel

/// Measures the log, or tries every change of a byte, and prints `name value` lines.
///
///     audit-benchmark measure FOLDER EVENTS   appends, opening, proofs, verification
///     audit-benchmark make FOLDER EVENTS      a store of that many events
///     audit-benchmark sweep FOLDER            flips every byte of the log in turn; each must be found
///     audit-benchmark lines FOLDER            removes, doubles and swaps every line in turn; each must be found
///     audit-benchmark cut FOLDER              cuts the journal at every byte, from the end on; each must be found
@main struct AuditBenchmark {
  static func main() async throws {
    let words = CommandLine.arguments
    switch (words.dropFirst().first, words.count) {
    case ("measure", 4): try await measure(words[2], events: Int(words[3]) ?? 100_000)
    case ("make", 4):
      _ = try await fill(words[2], events: Int(words[3]) ?? 300)
      _ = try open(words[2])
    case ("sweep", 3): try sweep(words[2])
    case ("lines", 3): try lines(words[2])
    case ("cut", 3): try cut(words[2])
    default:
      print("usage: audit-benchmark measure|make|sweep|lines|cut FOLDER [EVENTS]")
      exit(64)
    }
  }

  private static func open(_ path: String) throws(AuditFailure) -> AuditStore {
    try AuditStore.open(StoreLocation(path: path), version: "benchmark")
  }

  // MARK: - Events

  private static let digest = Digest("sha256:" + String(repeating: "0a", count: 32))

  /// One run of `count` events, at least 4 and even.
  private static func run(_ number: Int, events count: Int) -> [RunEvent] {
    let planned = RunPlanned(
      runbook: Plan.Source(name: "page", title: "A page", path: "runbooks/page.md", digest: digest),
      environment: "here", environmentDigest: digest, planDigest: digest)
    var kinds: [RunEvent.Kind] = [.runPlanned(planned), .runStarted(selection: [])]
    for attempt in 1..<(count / 2) {
      kinds.append(
        .stepIntent(
          StepIntent(
            step: StepID("look"), attempt: attempt, role: .main, title: "Look at it", effect: .read,
            target: "app@127.0.0.1:5432/app", invocation: "SELECT 1", isSimulated: false)))
      if kinds.count + 1 == count { break }
      kinds.append(
        .stepFinished(
          StepFinished(
            step: StepID("look"), attempt: attempt, role: .main,
            result: StepResult(status: .ok, json: .object([])), activeMilliseconds: 1)))
    }
    kinds.append(.runFinished(.completed))
    return kinds.prefix(count).map {
      RunEvent(run: RunID("20261120T231500Z-\(number)"), mode: .run, kind: $0)
    }
  }

  /// A store of so many events, made with group commit.
  ///
  /// - Returns: Seconds.
  private static func fill(_ path: String, events count: Int) async throws -> Double {
    let store = try open(path)
    var batches: [[RunEvent]] = []
    var made = 1
    while made < count {
      var batch: [RunEvent] = []
      while made < count, batch.count < 1000 {
        let size = count - made < 100 ? count - made : 50
        batch += run(made, events: size)
        made += size
      }
      batches.append(batch)
    }
    let start = ContinuousClock.now
    for batch in batches { _ = try await store.append(batch) }
    return seconds(since: start)
  }

  // MARK: - Measuring

  private static func measure(_ folder: String, events: Int) async throws {
    let path = folder + "/store"
    let rate = try await fill(path, events: events)
    print("events \(events)")
    print("group_commit_per_s \(Double(events - 1) / rate)")
    try await measureAppends(folder)
    print("open_ms \(try median(11) { _ = try open(path) })")
    let head = try LogHead.open(StoreLocation(path: path))
    var index: UInt64 = 7
    print(
      "proof_ms \(try median(51) { index = (index &* 7_919 &+ 13) % UInt64(events); _ = try head.proof(of: index) })"
    )
    let start = ContinuousClock.now
    let summary = try LogVerifier.verify(StoreLocation(path: path)) { _ in }
    print("verify_s \(seconds(since: start))")
    print("verified \(summary.isSound ? summary.signed : 0)")
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    print("peak_mib \(Double(usage.ru_maxrss) / 1024)")
  }

  /// One durable event at a time, in turns with one write and fdatasync of the same size.
  private static func measureAppends(_ folder: String) async throws {
    let path = folder + "/single"
    let store = try open(path)
    let events = run(0, events: 400)
    let journal = path + "/journal/00000000000000000000.jsonl"
    _ = try await store.append(Array(events[..<4]))
    let size = fileSize(journal)
    _ = try await store.append([events[4]])
    let line = [UInt8](repeating: 0x78, count: max(1, fileSize(journal) - size))
    let plain = Glibc.open(folder + "/plain", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    var ours: [Double] = []
    var theirs: [Double] = []
    for event in events[5..<399] {
      var start = ContinuousClock.now
      _ = try await store.append([event])
      ours.append(seconds(since: start) * 1000)
      start = ContinuousClock.now
      _ = line.withUnsafeBytes { write(plain, $0.baseAddress, $0.count) }
      fdatasync(plain)
      theirs.append(seconds(since: start) * 1000)
    }
    print("line_bytes \(line.count)")
    print("append_ms \(ours.sorted()[ours.count / 2])")
    print("fdatasync_ms \(theirs.sorted()[theirs.count / 2])")
  }

  private static func fileSize(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  private static func seconds(since start: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = start.duration(to: .now).components
    return Double(seconds) + Double(attoseconds) / 1e18
  }

  /// Milliseconds.
  private static func median(_ rounds: Int, _ body: () throws -> Void) rethrows -> Double {
    var times: [Double] = []
    for _ in 0..<rounds {
      let start = ContinuousClock.now
      try body()
      times.append(seconds(since: start) * 1000)
    }
    return times.sorted()[rounds / 2]
  }

  // MARK: - Every byte

  /// Flips one bit of each byte of each file that is part of the log, and verifies each time.
  private static func sweep(_ folder: String) throws {
    let location = StoreLocation(path: folder)
    guard try LogVerifier.verify(location, report: { print("before: \($0.text)") }).isSound else { exit(1) }
    var missed = 0
    var total = 0
    for path in files(below: folder).sorted() {
      let name = String(path.dropFirst(folder.utf8.count + 1))
      guard name != "reserve", !name.hasPrefix("runs/"), !name.hasSuffix("/draft") else { continue }
      chmod(path, 0o600)
      let file = Glibc.open(path, O_RDWR | O_CLOEXEC)
      guard file >= 0 else { exit(74) }
      defer { close(file) }
      for offset in 0..<fileSize(path) {
        var byte: UInt8 = 0
        guard pread(file, &byte, 1, off_t(offset)) == 1 else { exit(74) }
        var changed = byte ^ UInt8(1 << (offset % 8))
        pwrite(file, &changed, 1, off_t(offset))
        total += 1
        if try LogVerifier.verify(location, report: { _ in }).isSound {
          missed += 1
          print("missed \(name) \(offset)")
        }
        pwrite(file, &byte, 1, off_t(offset))
      }
    }
    print("flipped \(total)")
    print("missed \(missed)")
    if missed > 0 { exit(1) }
  }

  /// Removes each line, doubles it, and puts it behind the next one, and verifies each time.
  private static func lines(_ folder: String) throws {
    let location = StoreLocation(path: folder)
    var whole: [[UInt8]] = []
    try AuditReader.open(location)?.forEachStoredLine { line in
      whole.append(Array(line) + [0x0a])
      return true
    }
    let file = Glibc.open(folder + "/journal/00000000000000000000.jsonl", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { exit(74) }
    defer { close(file) }
    var missed = 0
    func put(_ lines: [[UInt8]]) {
      let bytes = Array(lines.joined())
      guard pwrite(file, bytes, bytes.count, 0) == bytes.count, ftruncate(file, off_t(bytes.count)) == 0
      else {
        exit(74)
      }
    }
    func expectFinding(_ lines: [[UInt8]], _ name: String) throws {
      put(lines)
      guard try LogVerifier.verify(location, report: { _ in }).isSound else { return }
      missed += 1
      print("missed \(name)")
    }
    for index in whole.indices {
      var changed = whole
      changed.remove(at: index)
      try expectFinding(changed, "line \(index) removed")
      changed = whole
      changed.insert(whole[index], at: index)
      try expectFinding(changed, "line \(index) doubled")
      changed = whole
      changed.swapAt(index, (index + 1) % whole.count)
      try expectFinding(changed, "line \(index) swapped")
    }
    put(whole)
    print("changed \(3 * whole.count)")
    print("missed \(missed)")
    if missed > 0 { exit(1) }
  }

  /// Cuts the journal shorter and shorter, and verifies each time.
  private static func cut(_ folder: String) throws {
    let location = StoreLocation(path: folder)
    let path = folder + "/journal/00000000000000000000.jsonl"
    var missed = 0
    let whole = fileSize(path)
    for size in (0..<whole).reversed() {
      truncate(path, off_t(size))
      if try LogVerifier.verify(location, report: { _ in }).isSound {
        missed += 1
        print("missed a cut at \(size)")
      }
    }
    print("cut \(whole)")
    print("missed \(missed)")
    if missed > 0 { exit(1) }
  }

  private static func files(below path: String) -> [String] {
    guard let list = opendir(path) else { return [] }
    defer { closedir(list) }
    var found: [String] = []
    while let entry = readdir(list) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      guard name != ".", name != ".." else { continue }
      var status = stat()
      guard lstat("\(path)/\(name)", &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        found += files(below: "\(path)/\(name)")
      } else if status.st_size > 0 {
        found.append("\(path)/\(name)")
      }
    }
    return found
  }
}
