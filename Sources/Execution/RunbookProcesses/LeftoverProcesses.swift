import CProcess
import Glibc
public import RunbookModel

/// A process that a step left behind.
public struct Leftover: Sendable, Hashable {
  /// Its number at the time of the search.
  public let pid: Int32
  /// `run/step/attempt`, by its `RUNBOOK_STEP` or its mark.
  public let marker: String
  /// Its arguments with spaces between them, or its name in brackets where it has none. Not redacted.
  public let command: String

  /// A find.
  public init(pid: Int32, marker: String, command: String) {
    self.pid = pid
    self.marker = marker
    self.command = command
  }

  /// Its number and the name of its program, for the log: arguments may say too much.
  public var name: String {
    let program = command.split(separator: " ").first ?? ""
    return "\(pid) \(program.split(separator: "/").last ?? program)"
  }
}

/// The search for what outlived its run, by the marker in every child's environment and by the supervisor's marks.
public enum LeftoverProcesses {
  /// All processes marked by `run`, or by any run, except this one and those above it.
  ///
  /// `/proc/*/environ` shows this user's processes only, and none that overwrote its environment; a mark shows those
  /// too.
  public static func find(run: RunID?, marks: ProcessMarks = ProcessMarks()) -> [Leftover] {
    let above = chain(from: getpid())
    var found: [Leftover] = []
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let pid = Int32(name), !above.contains(pid),
        let marker = marker(of: pid, marks, run: run)
      else { continue }
      guard let command = command(of: pid) else { continue }
      found.append(Leftover(pid: pid, marker: marker, command: command))
    }
    return found.sorted { $0.pid < $1.pid }
  }

  /// Kills all processes with this marker, also those they begin meanwhile.
  ///
  /// - Returns: What is left after `limit`; mostly nothing.
  public static func end(
    _ marker: String, of run: RunID, marks: ProcessMarks, within limit: Duration
  ) -> [Leftover] {
    let deadline = ContinuousClock.now + limit
    while true {
      let left = find(run: run, marks: marks).filter { $0.marker == marker }
      guard !left.isEmpty, ContinuousClock.now < deadline else { return left }
      // Stopped first: who is stopped begins nothing.
      for process in left { kill(process.pid, SIGSTOP) }
      for process in left where Self.marker(of: process.pid, marks, run: run) == marker {
        kill(process.pid, SIGKILL)
      }
      usleep(5_000)
    }
  }

  /// What `find` finds, without the processes of runs that are under way: those have a supervisor above them
  /// whose own parent is this program.
  public static func ofDeadRuns(marks: ProcessMarks = ProcessMarks()) -> [Leftover] {
    find(run: nil, marks: marks).filter { !isSupervised($0.pid) }
  }

  private static func isSupervised(_ pid: Int32) -> Bool {
    chain(from: pid).contains { process in
      guard let line = contents(of: "/proc/\(process)/cmdline"),
        line.split(separator: 0, omittingEmptySubsequences: false).dropFirst().first?
          .elementsEqual("--supervise".utf8) == true,
        let parent = parent(of: process), parent > 1, let program = program(of: process)
      else { return false }
      return program == self.program(of: parent)
    }
  }

  private static func program(of pid: Int32) -> String? {
    let path = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      count = buffer.withMemoryRebound(to: CChar.self) {
        max(0, readlink("/proc/\(pid)/exe", $0.baseAddress!, 4096))
      }
    }
    return path.isEmpty ? nil : String(decoding: path, as: UTF8.self)
  }

  /// What a process bears of `run`, or of any run: in its environment, else by its mark.
  private static func marker(of pid: Int32, _ marks: ProcessMarks, run: RunID?) -> String? {
    func isWanted(_ marker: String) -> Bool { run.map { marker.hasPrefix("\($0)/") } ?? true }
    if let marker = environmentMarker(of: pid), isWanted(marker) { return marker }
    return marks.marker(of: pid).flatMap { isWanted($0) ? $0 : nil }
  }

  private static func environmentMarker(of pid: Int32) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
      rb_read_marker(pid, buffer.baseAddress, 512) >= 0
        ? buffer.baseAddress.map { String(cString: $0) } : nil
    }
  }

  /// Nil where the process is gone or a zombie.
  private static func command(of pid: Int32) -> String? {
    guard var line = contents(of: "/proc/\(pid)/cmdline") else { return nil }
    while line.last == 0 { line.removeLast() }
    if !line.isEmpty { return String(decoding: line.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self) }
    guard let name = contents(of: "/proc/\(pid)/comm"), let status = contents(of: "/proc/\(pid)/stat"),
      let end = status.lastIndex(of: UInt8(ascii: ")")), end + 2 < status.count,
      status[end + 2] != UInt8(ascii: "Z")
    else { return nil }
    return "[\(String(decoding: name.dropLast(), as: UTF8.self))]"
  }

  /// A process and those above it.
  private static func chain(from pid: Int32) -> Set<Int32> {
    var chain: Set<Int32> = []
    var pid = pid
    while pid > 0, chain.insert(pid).inserted { pid = parent(of: pid) ?? 0 }
    return chain
  }

  private static func parent(of pid: Int32) -> Int32? {
    guard let status = contents(of: "/proc/\(pid)/stat"), let end = status.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = status[(end + 1)...].split(separator: UInt8(ascii: " "))
    return fields.count > 1 ? Int32(String(decoding: fields[1], as: UTF8.self)) : nil
  }

  /// The first 4 KiB of a small file.
  private static func contents(of path: String) -> [UInt8]? {
    let file = Descriptor(open(path, O_RDONLY | O_CLOEXEC))
    guard file.isOpen else { return nil }
    return [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      count = max(0, read(file.number, buffer.baseAddress, 4096))
    }
  }
}
