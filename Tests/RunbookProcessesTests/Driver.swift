import CProcess
import Glibc
import RunbookModel
import Synchronization
import TestSupport

/// A running `ProcessDriver`: its own process, so that it can be killed, limited and counted.
final class Driver: Sendable {
  let pid: pid_t
  /// Its own.
  let run = RunID("20260101T000000Z-\(randomLetters(5))")
  private let folder = TemporaryFolder()
  private let status = Mutex<Int32?>(nil)

  /// Starts it with `options` and one step for each of `steps`; `terminal` becomes its descriptors 0 to 2.
  init(_ options: [String], _ steps: [[String]], terminal: Int32? = nil) {
    let words =
      [Built.path("ProcessDriver"), "run=\(run)"] + options
      + steps.flatMap { ["--"] + $0 }
    let arguments = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    if let terminal {
      for number: Int32 in 0...2 { posix_spawn_file_actions_adddup2(&actions, terminal, number) }
    } else {
      posix_spawn_file_actions_addopen(&actions, 1, folder.path + "/output", O_WRONLY | O_CREAT, 0o600)
    }
    var pid: pid_t = 0
    let error = posix_spawn(&pid, words[0], &actions, nil, arguments, environ)
    posix_spawn_file_actions_destroy(&actions)
    precondition(error == 0, "ProcessDriver was not built beside the tests")
    self.pid = pid
  }

  deinit {
    guard status.withLock({ $0 }) == nil else { return }
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
  }

  /// The supervisor it started; nil if there is none yet.
  var supervisor: pid_t? {
    entries(of: "/proc/\(pid)/task").lazy.compactMap { thread in
      String(decoding: fileBytes(thread.path + "/children"), as: UTF8.self).split(separator: " ").first
    }.first.flatMap { pid_t($0) }
  }

  /// As kill -9 does, and waits until it is gone.
  func killHard() async {
    kill(pid, SIGKILL)
    _ = await end()
  }

  /// Its exit code, or minus its signal; nil if it takes more than two minutes.
  func end() async -> Int32? {
    _ = await eventually(within: 120) { reap() != nil }
    return reap()
  }

  private func reap() -> Int32? {
    status.withLock { status in
      var raw: Int32 = 0
      if status == nil, waitpid(pid, &raw, WNOHANG) == pid {
        status = raw & 0x7f == 0 ? (raw >> 8) & 0xff : -(raw & 0x7f)
      }
      return status
    }
  }

  /// What it printed so far, by lines.
  var lines: [String] {
    String(decoding: fileBytes(folder.path + "/output"), as: UTF8.self).split(separator: "\n").map(
      String.init)
  }

  /// The numbers in the last line that begins with `word`.
  func numbers(_ word: String) -> [Int] {
    let line = lines.last { $0.hasPrefix(word + " ") } ?? ""
    return line.split(separator: " ").compactMap { Int($0) }
  }
}
