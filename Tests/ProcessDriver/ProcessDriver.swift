import Glibc
import RunbookAdapter
import RunbookModel
import RunbookProcesses
import TestSupport

/// A program that runs steps, for tests that kill it, limit it or count what it holds.
///
/// `ProcessDriver [NAME=VALUE…] -- PROGRAM [ARGUMENT…] [-- PROGRAM …]` runs one step after the other, each as
/// often as `repeat` says, and prints a line for each kind of fact. Names: `run`, `exits`, `policy`,
/// `seconds`, `grace`, `drain`, `capture`, `repeat`, `descriptors` (how many may be opened for a step), `interactive`.
@main struct ProcessDriver {
  static func main() async {
    SupervisorProcess.runIfAsked()
    signal(SIGPIPE, SIG_IGN)
    closefrom(3)
    let parts = CommandLine.arguments.dropFirst().split(separator: "--", omittingEmptySubsequences: false)
    let options = Options(parts[0])
    let processes = SupervisedProcesses(
      run: options.run, exitLog: options["exits"], onLoss: options["policy"] == "finish" ? .finish : .kill,
      grace: options.duration("grace", 5), drain: options.duration("drain", 2))
    if options.spareDescriptors != nil { await warmUp() }
    for (index, command) in parts.dropFirst().enumerated() {
      await step(index + 1, Array(command), options, processes)
    }
  }

  /// The runtime's own threads and timers open descriptors on first use, and it crashes where there is none.
  private static func warmUp() async {
    let others = SupervisedProcesses(run: RunID("20260101T000000Z-warms"), exitLog: nil)
    let context = StepAttempt(on: .local, processes: others).context
    _ = try? await others.run(
      ProcessRequest(executable: "/bin/true", arguments: [], environment: []), in: context)
    try? await Task.sleep(for: .milliseconds(1))
  }

  private static func step(
    _ number: Int, _ command: [String], _ options: Options, _ processes: SupervisedProcesses
  ) async {
    var before = 0
    for round in 1...(Int(options["repeat"] ?? "1") ?? 1) {
      // The first count makes the runtime open what it needs for counting.
      if round == 2 { _ = await settledDescriptors() }
      if round == 3 { before = await settledDescriptors() }
      let sink = CountingOutput()
      var context = StepAttempt(on: .local, processes: processes).context
      context.run = options.run
      context.step = StepID("step-\(number)")
      context.deadline = .now + options.duration("seconds", 60)
      context.output = sink
      context.captureLimit = Int(options["capture"] ?? "65536") ?? 0
      context.isInteractive = options["interactive"] != nil
      context.terminal = StandardInput()
      let request = ProcessRequest(
        executable: command[0], arguments: Array(command.dropFirst()),
        environment: context.baseEnvironment.map { ($0.name, .text($0.value)) })
      // Three are open while they are counted, or were by the count's own end.
      if let spare = options.spareDescriptors { limitDescriptors(openDescriptors() - 3 + spare) }
      do throws(StepFailure) {
        let result = try await processes.run(request, in: context)
        print("end \(result.end) cause \(result.cause) survivors \(result.survivors)")
        print("bytes \(result.standardOutput.byteCount) shown \(sink.count)")
      } catch {
        print("failure \(error.reason) \(error.detail)")
      }
      if options.spareDescriptors != nil { limitDescriptors(1024) }
      fflush(nil)
    }
    if before > 0 { print("descriptors \(before) \(await settledDescriptors()) children \(children())") }
    print("memory \(peakMemoryKiB())")
    fflush(nil)
  }

  private static func limitDescriptors(_ limit: Int) {
    var limits = rlimit(rlim_cur: rlim_t(limit), rlim_max: 1024)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
  }

  /// What a thread that has just finished a step still holds does not count.
  private static func settledDescriptors() async -> Int {
    var least = openDescriptors()
    for _ in 0..<20 {
      try? await Task.sleep(for: .milliseconds(10))
      least = min(least, openDescriptors())
    }
    return least
  }

  private static func openDescriptors() -> Int {
    guard let directory = opendir("/proc/self/fd") else { return -1 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
  }

  /// How many children this process has, the supervisor and zombies included.
  private static func children() -> Int {
    guard let directory = opendir("/proc/self/task") else { return -1 }
    defer { closedir(directory) }
    var count = 0
    while let entry = readdir(directory) {
      let thread = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      count += contents("/proc/self/task/\(thread)/children").split(separator: " ").count
    }
    return count
  }

  private static func peakMemoryKiB() -> Int {
    let line = contents("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return Int(line.filter(\.isNumber)) ?? -1
  }

  private static func contents(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 8192)
    return String(decoding: buffer[..<fread(&buffer, 1, buffer.count, file)], as: UTF8.self)
  }
}

/// `NAME=VALUE` words.
private struct Options {
  private let words: [String: String]

  init(_ arguments: ArraySlice<String>) {
    words = Dictionary(
      arguments.map { word in
        let parts = word.split(separator: "=", maxSplits: 1)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
      }, uniquingKeysWith: { $1 })
  }

  subscript(name: String) -> String? { words[name] }
  var run: RunID { RunID(words["run"] ?? "20260101T000000Z-drive") }
  var spareDescriptors: Int? { words["descriptors"].flatMap(Int.init) }
  func duration(_ name: String, _ seconds: Double) -> Duration {
    .seconds(words[name].flatMap(Double.init) ?? seconds)
  }
}

/// Forgets what it gets.
private final class CountingOutput: OutputSink, @unchecked Sendable {
  /// Written by the one thread that follows the process, read after it has ended.
  private(set) var count = 0
  func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream) { count += bytes.count }
}

/// The terminal this program was started on.
private struct StandardInput: TerminalLender {
  func lend<R: Sendable>(_ body: (Int32) -> R) -> R { body(0) }
}
