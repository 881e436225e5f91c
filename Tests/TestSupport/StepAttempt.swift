import Glibc
public import RunbookAdapter
public import RunbookModel
import Synchronization

/// A context for one attempt of a step in a test of an adapter; all of it can be looked at afterwards.
public struct StepAttempt: Sendable {
  /// What the adapter gets.
  public var context: StepContext
  /// What the step wrote.
  public let output: RecordedOutput
  /// Ctrl-C.
  public let interrupt: TestInterrupt

  /// An attempt on `target` that may take `seconds`.
  public init(
    on target: Target, values: [String: Value] = [:], secrets: [String: String] = [:], effect: Effect = .read,
    seconds: Double = 20, duration: Duration? = nil, environment: TargetEnvironment = TargetEnvironment(),
    processes: any ProcessHost = NoProcesses(), directory: String = "/", captureLimit: Int = 1 << 20
  ) {
    let output = RecordedOutput()
    let interrupt = TestInterrupt()
    self.output = output
    self.interrupt = interrupt
    context = StepContext(
      run: RunID("20260101T000000Z-tests"), step: StepID("step"), attempt: 1, target: target,
      targetEnvironment: environment, values: values, effect: effect, secrets: FixedSecrets(secrets),
      output: output, processes: processes, deadline: .now + .seconds(seconds), duration: duration,
      interrupt: interrupt, workingDirectory: directory,
      baseEnvironment: ["PATH", "HOME", "USER", "LANG"].compactMap { name in
        getenv(name).map { (name, String(cString: $0)) }
      }, captureLimit: captureLimit)
  }
}

/// Keeps what a step writes.
public final class RecordedOutput: OutputSink {
  private let streams = Mutex<[OutputStream: [UInt8]]>([:])

  /// Nothing yet.
  public init() {}

  public func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream) {
    streams.withLock { $0[stream, default: []] += bytes }
  }

  /// All of one stream so far.
  public func text(_ stream: OutputStream = .standardOutput) -> String {
    String(decoding: streams.withLock { $0[stream] ?? [] }, as: UTF8.self)
  }
}

/// Ctrl-C, pressed by the test.
public final class TestInterrupt: Interrupt {
  private let state = Mutex(InterruptLevel.none)
  private let ends: (read: Int32, write: Int32)

  /// Not pressed yet.
  public init() {
    var descriptors: [Int32] = [-1, -1]
    precondition(pipe(&descriptors) == 0, "no descriptors are left")
    ends = (descriptors[0], descriptors[1])
  }

  deinit {
    close(ends.read)
    close(ends.write)
  }

  public var descriptor: Int32 { ends.read }
  public var level: InterruptLevel { state.withLock { $0 } }

  /// Presses it.
  public func press(_ level: InterruptLevel = .gentle) {
    state.withLock { $0 = max($0, level) }
    var byte: UInt8 = 1
    _ = write(ends.write, &byte, 1)
  }
}

/// Secrets by their names.
public struct FixedSecrets: SecretSource {
  private let secrets: [String: String]

  /// These and no others.
  public init(_ secrets: [String: String]) { self.secrets = secrets }

  public func withBytes<R>(
    of secret: SecretReference, _ body: (UnsafeRawBufferPointer) -> R
  ) throws(StepFailure) -> R {
    guard let text = secrets[secret.name] else {
      throw StepFailure(.notFound, "no secret '\(secret.name)'", effectIsPossible: false)
    }
    return Array(text.utf8).withUnsafeBytes(body)
  }
}

/// For adapters that start nothing.
public struct NoProcesses: ProcessHost {
  /// It keeps no state.
  public init() {}

  @concurrent public func run(
    _ request: ProcessRequest, in context: StepContext
  ) async throws(StepFailure) -> ProcessResult {
    throw StepFailure(.spawn, "this test starts no processes", effectIsPossible: false)
  }
}
