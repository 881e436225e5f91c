public import RunbookModel

/// The only way to start a process during a run: steps, Compose's and git's helpers, the filter worker.
public protocol ProcessHost: Sendable {
  /// Runs one process to its end; its output goes to `context.output` as it comes and is captured too.
  ///
  /// Ends it at the context's deadline, duration or interrupt: TERM to the whole tree, a grace, then KILL.
  ///
  /// - Throws: `StepFailure` with reason `spawn` where nothing was started.
  @concurrent func run(
    _ request: ProcessRequest, in context: StepContext
  ) async throws(StepFailure) -> ProcessResult
}

/// One process to start.
public struct ProcessRequest: Sendable {
  /// An absolute path, or a name looked up on the request's own PATH.
  public var executable: String
  /// Without the program's own name; each at most 128 KiB (kernel limit, `MAX_ARG_STRLEN`).
  public var arguments: [String]
  /// The whole environment; later entries win. Each at most 128 KiB with its name.
  public var environment: [(name: String, value: Value)]
  /// Files with secrets whose paths go into variables.
  public var privateFiles: [TargetEnvironment.PrivateFile]
  /// Absolute; nil: the context's working directory.
  public var directory: String?
  /// A script handed over as descriptor 3, readable as `/dev/fd/3`.
  public var body: [UInt8]?
  /// Standard input; nil: /dev/null.
  public var input: [UInt8]?
  /// Whether the output goes to the context's sink as well as into the result.
  public var streamsOutput: Bool

  /// A process whose output is shown.
  public init(
    executable: String, arguments: [String], environment: [(name: String, value: Value)],
    privateFiles: [TargetEnvironment.PrivateFile] = [], directory: String? = nil, body: [UInt8]? = nil,
    input: [UInt8]? = nil, streamsOutput: Bool = true
  ) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.privateFiles = privateFiles
    self.directory = directory
    self.body = body
    self.input = input
    self.streamsOutput = streamsOutput
  }
}

/// How a process ended and what it wrote.
public struct ProcessResult: Sendable {
  /// The kernel's word.
  public enum End: Sendable, Equatable {
    case exited(Int32)
    case signaled(Int32)
    /// The supervisor died; the process was killed and its end is not known.
    case supervisorLost
  }

  /// Who ended it.
  public enum Cause: Sendable, Equatable {
    case itself, deadline, duration, interrupt
  }

  /// How it ended.
  public var end: End
  /// Why it ended.
  public var cause: Cause
  /// What it wrote to descriptor 1; of an interactive step, all the terminal showed.
  public var standardOutput: CapturedStream
  /// What it wrote to descriptor 2.
  public var standardError: CapturedStream
  /// Processes of the step that are still there: `pid name`.
  public var survivors: [String]

  /// All of it.
  public init(
    end: End, cause: Cause, standardOutput: CapturedStream, standardError: CapturedStream, survivors: [String]
  ) {
    self.end = end
    self.cause = cause
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.survivors = survivors
  }
}

/// What one stream wrote, in bounded memory.
public struct CapturedStream: Sendable, Equatable {
  /// All bytes, or the head where it was truncated.
  public var head: [UInt8]
  /// The last bytes where it was truncated, else empty.
  public var tail: [UInt8]
  /// All bytes written, kept or not.
  public var byteCount: Int

  /// A capture; empty by default.
  public init(head: [UInt8] = [], tail: [UInt8] = [], byteCount: Int = 0) {
    self.head = head
    self.tail = tail
    self.byteCount = byteCount
  }

  /// Whether the middle is missing.
  public var isTruncated: Bool { byteCount > head.count + tail.count }
  /// All of it as text, malformed UTF-8 replaced; nil where truncated.
  public var text: String? { isTruncated ? nil : String(decoding: head + tail, as: UTF8.self) }
}
