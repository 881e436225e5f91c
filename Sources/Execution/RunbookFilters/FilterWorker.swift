import CJQ
import Glibc

/// The worker's side: this program again as `runbook --filters`, evaluating until its input ends.
///
/// One request is a line `program N` or `run INDEX N` and N bytes; the answer to `run` is a line `values N`,
/// `error N` or `limit 0` and N bytes. `program` answers `values 0` or `error N`. It can be killed at any time.
public enum FilterWorker {
  /// Branches into the worker's loop where the arguments ask for it; the first thing `main` does.
  public static func runIfAsked() {
    guard CommandLine.arguments.count == 2, CommandLine.arguments[1] == "--filters" else { return }
    // A filter like [range(1e12)] must end in an error of its own, not take the machine's memory.
    var limit = rlimit(rlim_cur: 2 << 30, rlim_max: 2 << 30)
    _ = setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    var worker = Loop()
    while worker.serveOne() {}
    exit(0)
  }

  private struct Loop {
    private var programs: [OpaquePointer] = []

    mutating func serveOne() -> Bool {
      guard let header = readLine() else { return false }
      let words = header.split(separator: " ")
      guard words.count >= 2, let count = Int(words[words.count - 1]), let body = readBytes(count) else {
        return false
      }
      switch words[0] {
      case "program": return define(body)
      case "run": return run(Int(words[1]) ?? -1, body)
      default: return false
      }
    }

    private mutating func define(_ source: [UInt8]) -> Bool {
      var error: UnsafeMutablePointer<CChar>?
      let compiled = String(decoding: source, as: UTF8.self).withCString { rb_jq_compile($0, &error) }
      defer { free(error) }
      guard let compiled else { return answer("error", error.map { Array(String(cString: $0).utf8) } ?? []) }
      programs.append(compiled)
      return answer("values", [])
    }

    private func run(_ index: Int, _ input: [UInt8]) -> Bool {
      guard programs.indices.contains(index) else { return false }
      var output: UnsafeMutablePointer<CChar>?
      var length = 0
      var error: UnsafeMutablePointer<CChar>?
      let result = input.withUnsafeBytes { bytes in
        rb_jq_run(
          programs[index], bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, 10_000,
          64 << 20,
          &output, &length, &error)
      }
      defer {
        free(output)
        free(error)
      }
      switch result {
      case 0:
        let bytes = UnsafeRawBufferPointer(start: output, count: length)
        return answer("values", Array(bytes))
      case -1: return answer("error", error.map { Array(String(cString: $0).utf8) } ?? [])
      default: return answer("limit", [])
      }
    }

    private func answer(_ word: String, _ bytes: [UInt8]) -> Bool {
      let all = Array("\(word) \(bytes.count)\n".utf8) + bytes
      var written = 0
      while written < all.count {
        let count = all.withUnsafeBytes { write(1, $0.baseAddress! + written, all.count - written) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        written += count
      }
      return true
    }

    private func readLine() -> String? {
      var line: [UInt8] = []
      while let byte = readBytes(1)?.first {
        if byte == 0x0a { return String(decoding: line, as: UTF8.self) }
        line.append(byte)
        guard line.count < 100 else { return nil }
      }
      return nil
    }

    private func readBytes(_ count: Int) -> [UInt8]? {
      guard count >= 0, count <= 1 << 30 else { return nil }
      var bytes = [UInt8](repeating: 0, count: count)
      var done = 0
      while done < count {
        let got = bytes.withUnsafeMutableBytes { read(0, $0.baseAddress! + done, count - done) }
        if got < 0, errno == EINTR { continue }
        guard got > 0 else { return nil }
        done += got
      }
      return bytes
    }
  }
}
