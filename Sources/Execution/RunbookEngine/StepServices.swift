public import RunbookAdapter
public import RunbookModel

/// What the world outside gives to a run's steps; one value for a whole run.
public protocol StepServices: Sendable {
  /// Of all secrets registered in this run so far.
  var redactor: any Redactor { get }
  /// Starts the run's processes.
  var processes: any ProcessHost { get }
  /// The operator's terminal; nil without one.
  var terminal: (any TerminalLender)? { get }
  /// See `StepContext.workingDirectory`.
  var workingDirectory: String { get }
  /// See `StepContext.baseEnvironment`.
  var baseEnvironment: [(name: String, value: String)] { get }
  /// See `StepContext.captureLimit`.
  var captureLimit: Int { get }

  /// Reads the secrets of one attempt, registers them with every masker, then opens its output streams.
  ///
  /// - Throws: `StepFailure` with reason `not-found` where a secret cannot be read or is refused; nothing of
  ///   the step has started then and nothing is left open.
  @concurrent func open(_ request: SessionRequest) async throws(StepFailure) -> any StepSession

  /// Keeps a secret that a step made or a person typed, in memory only, under a reference whose source is
  /// `.output`; registers it with every masker at once.
  ///
  /// - Throws: `StepFailure` with reason `expectation` where the secret is refused, for example as too short.
  func keep(_ secret: String, as reference: SecretReference) throws(StepFailure)

  /// Size, digest and owner of a file a step says it made.
  ///
  /// - Parameter path: Absolute, or relative to `workingDirectory`; stored as given.
  /// - Throws: `StepFailure` with reason `not-found` where it does not exist, `expectation` where it is empty or
  ///   no file.
  @concurrent func artifact(at path: String) async throws(StepFailure) -> Artifact
}

/// The attempt a session is opened for.
public struct SessionRequest: Sendable, Hashable {
  /// The run.
  public var run: RunID
  /// The step.
  public var step: StepID
  /// Counts from 1.
  public var attempt: Int
  /// Every secret the attempt may open, without duplicates: those it mentions and those of its target.
  public var secrets: [SecretReference]
  /// Whether output is kept back until `close`, because what must be masked is known only at the end, or only
  /// the last of several polls is to be shown. Beyond the capture limit such output is dropped and counted.
  public var holdsOutput: Bool

  /// A request.
  public init(run: RunID, step: StepID, attempt: Int, secrets: [SecretReference], holdsOutput: Bool) {
    self.run = run
    self.step = step
    self.attempt = attempt
    self.secrets = secrets
    self.holdsOutput = holdsOutput
  }
}

/// Secrets and output of one attempt, from before it starts until after it ended. Closed exactly once.
public protocol StepSession: Sendable {
  /// Opens the secrets of the request and no others.
  var secrets: any SecretSource { get }
  /// Takes what the step writes.
  var output: any OutputSink { get }

  /// Masks these texts from now on in this run: in held output, in results, in errors. Empty ones are ignored;
  /// short ones are masked too, because the page asked for it.
  func mask(_ texts: [String])

  /// Forgets what was written so far; between two polls of a session that holds its output.
  func discardOutput()

  /// Ends the streams. With `keepsOutput` held output is masked, shown and stored; without, it is dropped and
  /// only counted, because what should have been masked in it is not known.
  ///
  /// - Returns: One record a stream that had output; their blobs are durable.
  /// - Throws: Where output could not be stored.
  @concurrent func close(keepsOutput: Bool) async throws(JournalFailure) -> [OutputRecord]
}
