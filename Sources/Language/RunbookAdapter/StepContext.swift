public import RunbookModel

/// Everything one attempt of one step may touch.
public struct StepContext: Sendable {
  /// The run, for marker variables.
  public var run: RunID
  /// The step.
  public var step: StepID
  /// Counts from 1.
  public var attempt: Int
  /// What it acts on.
  public var target: Target
  /// What the target's usual tools read.
  public var targetEnvironment: TargetEnvironment
  /// What each name stands for: parameters, outputs, answers, built-ins.
  public var values: [String: Value]
  /// Names the step may write to `$RUNBOOK_OUTPUT`.
  public var declaredOutputs: [String]
  /// The highest effect that was confirmed; a server that says more is refused with reason `effect`.
  public var effect: Effect
  /// Opens secrets.
  public var secrets: any SecretSource
  /// Takes the step's bytes as they come.
  public var output: any OutputSink
  /// Starts processes.
  public var processes: any ProcessHost
  /// When this attempt is to be ended.
  public var deadline: ContinuousClock.Instant
  /// `for`: the step is ended after that long, and that is its success.
  public var duration: Duration?
  /// Ctrl-C.
  public var interrupt: any Interrupt
  /// The terminal for `interactive` steps; nil where there is none.
  public var terminal: (any TerminalLender)?
  /// Whether the step gets the terminal.
  public var isInteractive: Bool
  /// `produces`: what it creates is its owner's alone (umask 077).
  public var producesFiles: Bool
  /// Default `cwd` of command steps: the repository root, absolute.
  public var workingDirectory: String
  /// PATH HOME USER LANG TZ SSH_AUTH_SOCK as far as they are set.
  public var baseEnvironment: [(name: String, value: String)]
  /// Bytes of one stream that a result may hold; more keeps head and tail only.
  public var captureLimit: Int

  /// All of it.
  public init(
    run: RunID, step: StepID, attempt: Int, target: Target, targetEnvironment: TargetEnvironment = .init(),
    values: [String: Value], declaredOutputs: [String] = [], effect: Effect, secrets: any SecretSource,
    output: any OutputSink, processes: any ProcessHost, deadline: ContinuousClock.Instant,
    duration: Duration? = nil,
    interrupt: any Interrupt, terminal: (any TerminalLender)? = nil, isInteractive: Bool = false,
    producesFiles: Bool = false, workingDirectory: String, baseEnvironment: [(name: String, value: String)],
    captureLimit: Int = 1 << 20
  ) {
    self.run = run
    self.step = step
    self.attempt = attempt
    self.target = target
    self.targetEnvironment = targetEnvironment
    self.values = values
    self.declaredOutputs = declaredOutputs
    self.effect = effect
    self.secrets = secrets
    self.output = output
    self.processes = processes
    self.deadline = deadline
    self.duration = duration
    self.interrupt = interrupt
    self.terminal = terminal
    self.isInteractive = isInteractive
    self.producesFiles = producesFiles
    self.workingDirectory = workingDirectory
    self.baseEnvironment = baseEnvironment
    self.captureLimit = captureLimit
  }
}

/// Hands out a secret's bytes; they were read, and registered with every masker, before the step began.
public protocol SecretSource: Sendable {
  /// Calls `body` with the bytes of `secret`. They must not leave it but to the step itself.
  ///
  /// - Throws: `StepFailure` with reason `not-found` where the step was not given that secret.
  func withBytes<R>(
    of secret: SecretReference, _ body: (UnsafeRawBufferPointer) -> R
  ) throws(StepFailure) -> R
}

/// Takes raw bytes and masks them before terminal and blob; synchronous, never blocks on a terminal.
public protocol OutputSink: Sendable {
  /// Takes a chunk of any size; chunks of one stream come in order.
  func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream)
}

extension OutputSink {
  /// Takes a text, for adapters that make their output themselves.
  public func write(_ text: String, to stream: OutputStream) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0), to: stream) }
  }
}

/// Cancellation for blocking C calls, which cannot see that of tasks.
public protocol Interrupt: Sendable {
  /// Becomes and stays readable once the level is above `none`: poll it beside the socket, never read it.
  var descriptor: Int32 { get }
  /// How urgent it is now.
  var level: InterruptLevel { get }
}

/// How urgently a step is to end.
public enum InterruptLevel: Int, Sendable, Comparable {
  case none
  /// Ctrl-C once, SIGTERM, SIGHUP: end in good order.
  case gentle
  /// Ctrl-C twice: end at once.
  case immediate

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Lends the operator's terminal to an interactive step.
public protocol TerminalLender: Sendable {
  /// Stops all drawing, calls `body` with the terminal's descriptor, restores modes and resumes drawing.
  func lend<R: Sendable>(_ body: (Int32) -> R) -> R
}
