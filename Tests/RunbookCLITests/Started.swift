import Glibc
import TestSupport
import Testing

/// How a process of the program ended.
struct Ended {
  /// The exit code; 128 and the signal's number where a signal ended it.
  let code: Int32
  let output: String
  let errors: String
}

/// A process of the program, running. A test that fails leaves none behind.
final class Started {
  let pid: pid_t
  private let output: String
  private let errors: String
  private var isCollected = false

  init(pid: pid_t, output: String, errors: String) {
    self.pid = pid
    self.output = output
    self.errors = errors
  }

  deinit {
    guard !isCollected else { return }
    kill(pid, SIGKILL)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
  }

  /// What it wrote so far.
  var outputSoFar: String { String(decoding: fileBytes(output), as: UTF8.self) }

  func signal(_ number: Int32) { kill(pid, number) }

  /// The most memory it ever held, in KiB.
  var peakKiB: Int? {
    let status = String(decoding: fileBytes("/proc/\(pid)/status"), as: UTF8.self)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line.flatMap { line in Int(line.filter { $0.isNumber }) }
  }

  /// Waits for its end; a busy machine gets much time.
  ///
  /// - Parameter meanwhile: Called again and again while it runs.
  func ended(within seconds: Double = 120, meanwhile: () -> Void = {}) async throws -> Ended {
    var status: Int32 = 0
    let isEnded = await eventually(within: seconds) {
      meanwhile()
      return waitpid(pid, &status, WNOHANG) == pid
    }
    try #require(isEnded, "still running after \(seconds) s; so far: \(outputSoFar)")
    isCollected = true
    let code = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    meanwhile()
    return Ended(
      code: code, output: outputSoFar, errors: String(decoding: fileBytes(errors), as: UTF8.self))
  }
}
