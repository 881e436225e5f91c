import Glibc
public import RunbookModel

/// One line of a run's exit log: `boot step attempt status`, written by the supervisor, which outlives the
/// executor. The lines need to survive processes only: they are not synced, and a power failure may cut them.
public struct ExitRecord: Sendable, Hashable {
  /// How the step's process ended.
  public enum Status: Sendable, Hashable {
    case exited(Int32)
    case signaled(Int32)
    /// It was being ended, because its time was up, an operator wanted it or the executor had died: says nothing
    /// about what it did until then.
    case ended
  }

  /// The kernel's boot id; of another boot a record still tells the truth.
  public let boot: String
  /// The step.
  public let step: StepID
  /// Counts from 1.
  public let attempt: Int
  /// How it ended.
  public let status: Status

  /// Parses one line without its end; nil where it is none, for example cut off.
  public init?(line: Substring) {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 4, let attempt = Int(words[2]), !words[0].isEmpty, !words[1].isEmpty else {
      return nil
    }
    let parts = words[3].split(separator: "=")
    let number = parts.count == 2 ? Int32(parts[1]) : nil
    switch (parts.first, number) {
    case ("exit", let code?): status = .exited(code)
    case ("signal", let signal?): status = .signaled(signal)
    case ("ended", nil) where parts.count == 1: status = .ended
    default: return nil
    }
    boot = String(words[0])
    step = StepID(String(words[1]))
    self.attempt = attempt
  }

  /// All complete records in order; empty where the file does not exist.
  public static func read(path: String) -> [ExitRecord] {
    // Not one that waits for a writer, nor a link to elsewhere.
    let file = Descriptor(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW))
    var status = stat()
    guard file.isOpen, fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return [] }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while file.isOpen {
      let count = Glibc.read(file.number, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    // What follows the last line end was cut off.
    guard let end = bytes.lastIndex(of: 0x0a) else { return [] }
    return String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\n").compactMap(
      ExitRecord.init(line:))
  }
}
