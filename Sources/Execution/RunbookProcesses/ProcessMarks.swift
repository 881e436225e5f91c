import CProcess
import Glibc
public import RunbookModel

/// The numbers by which supervisors marked what came of their children, as their exit logs tell.
///
/// A mark goes with a process wherever it goes: into another session, to another user, without its environment. A
/// process has to ask for its limits and raise one of them to be without it.
public struct ProcessMarks: Sendable {
  /// `run/step/attempt` by mark.
  private var markers: [UInt64: String] = [:]
  private let boot = Self.text("/proc/sys/kernel/random/boot_id").split(separator: "\n").first ?? ""

  /// None.
  public init() {}

  /// Those of all runs whose folders are in `folder`.
  public init(folder: String) {
    guard let directory = opendir(folder) else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { add(RunID(name), exitLog: "\(folder)/\(name)/exits") }
    }
  }

  /// Takes those of one run in; of another boot no process can have them.
  public mutating func add(_ run: RunID, exitLog path: String) {
    for line in Self.text(path).split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 4, words[0] == boot, words[3].hasPrefix("mark="),
        let mark = UInt64(words[3].dropFirst(5)), mark > 0
      else { continue }
      markers[mark] = "\(run)/\(words[1])/\(words[2])"
    }
  }

  /// Of what step a process is, by its mark.
  func marker(of pid: Int32) -> String? { markers.isEmpty ? nil : markers[rb_read_mark(pid)] }

  private static func text(_ path: String) -> String {
    let file = Descriptor(open(path, O_RDONLY | O_CLOEXEC))
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while file.isOpen {
      let count = read(file.number, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
