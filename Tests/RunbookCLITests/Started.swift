import Glibc
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

/// Whether `condition` holds within `seconds`, asked every 20 ms.
func eventually(within seconds: Double = 60, _ condition: () -> Bool) async -> Bool {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while !condition() {
    guard ContinuousClock.now < deadline else { return false }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return true
}

/// A whole file; empty where it cannot be read.
func fileBytes(_ path: String) -> [UInt8] {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return [] }
  defer { close(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(file, &buffer, buffer.count)
    guard count > 0 else { return bytes }
    bytes += buffer[..<count]
  }
}

/// The regular files below a folder.
func filesBelow(_ folder: String) -> [String] {
  guard let directory = opendir(folder) else { return [] }
  defer { closedir(directory) }
  var files: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name == "." || name == ".." { continue }
    if entry.pointee.d_type == UInt8(DT_DIR) {
      files += filesBelow(folder + "/" + name)
    } else {
      files.append(folder + "/" + name)
    }
  }
  return files
}

/// A length for `sleep` that no other test uses, by which its process is found whatever became of it.
func uniqueSleep() -> String { "600.\(Int.random(in: 100_000_000...999_999_999))" }

/// Numbers of the living processes `sleep length`.
func sleeping(_ length: String) -> [Int32] {
  guard let directory = opendir("/proc") else { return [] }
  defer { closedir(directory) }
  var found: [Int32] = []
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    guard let pid = Int32(name), fileBytes("/proc/\(pid)/cmdline") == Array("sleep\0\(length)\0".utf8) else {
      continue
    }
    found.append(pid)
  }
  return found
}

/// Deletes a folder and all below it, without following links.
func removeTree(_ folder: String) {
  if let directory = opendir(folder) {
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name == "." || name == ".." { continue }
      if entry.pointee.d_type == UInt8(DT_DIR) {
        removeTree(folder + "/" + name)
      } else {
        unlink(folder + "/" + name)
      }
    }
    closedir(directory)
  }
  rmdir(folder)
}
