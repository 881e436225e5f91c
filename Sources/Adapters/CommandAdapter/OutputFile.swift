import Glibc
import RunbookAdapter
import RunbookModel

/// The file behind `$RUNBOOK_OUTPUT`: without a name in any directory, gone with its descriptor.
final class OutputFile: Sendable {
  private let descriptor: Int32

  /// What the step may append, in bytes.
  private static let limit = 1 << 20

  init() throws(StepFailure) {
    let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(directory)/runbook-output-XXXXXX".utf8CString)  // mkstemp(3) replaces six X
    descriptor = mkstemp(&template)
    guard descriptor >= 0 else {
      throw StepFailure(
        .spawn, "no file for $RUNBOOK_OUTPUT in \(directory): \(String(cString: strerror(errno)))",
        effectIsPossible: false)
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(template)
  }

  deinit { close(descriptor) }

  /// Where the step finds it, as long as this process lives.
  var path: String { "/proc/\(getpid())/fd/\(descriptor)" }

  /// Takes its `name=value` lines over into `result`; a line of another form or an undeclared name makes it fail.
  func read(into result: inout RawResult, declared: [String]) {
    func fail(_ message: String) {
      if result.failure == nil { result.failure = StepFailure(.expectation, message, effectIsPossible: true) }
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size <= Self.limit else {
      return fail("more than 1 MiB was written to $RUNBOOK_OUTPUT")
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let size = bytes.count
    guard pread(descriptor, &bytes, size, 0) == size else { return fail("$RUNBOOK_OUTPUT cannot be read") }
    for line in bytes.split(separator: 0x0a) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else {
        return fail("a line that is not 'name=value' was written to $RUNBOOK_OUTPUT")
      }
      let name = String(decoding: line[..<equals], as: UTF8.self)
      guard declared.contains(name) else {
        return fail("'\(name)' was written to $RUNBOOK_OUTPUT, but is no declared output of this step")
      }
      result.outputs[name] = String(decoding: line[(equals + 1)...], as: UTF8.self)
    }
  }
}
