/// How a step ended.
public enum StepStatus: String, Sendable, CaseIterable {
  /// It ran and what it expected holds.
  case ok
  /// A person says that it is done.
  case done
  case failed, skipped, declined, blocked
  /// It was started and nobody saw its end: it may have happened.
  case unknown
}

/// Why something outside did not work.
public struct StepFailure: Error, Sendable, Hashable {
  /// A closed list; the adapter's own words are in `detail`.
  public enum Reason: String, Sendable, CaseIterable {
    case exit, signal, timeout, unreachable, tls, authentication, sql, expectation
    case notFound = "not-found"
    case cancelled, spawn
    /// The server says that the effect is higher than what was confirmed; nothing was sent.
    case effect
    case `internal`
  }

  /// The kind of failure.
  public let reason: Reason
  /// The adapter's own detail: SQLSTATE, curl code, exit code. Not redacted yet.
  public let detail: String
  /// Whether the outside system may have changed all the same.
  public let effectIsPossible: Bool

  /// A failure.
  public init(_ reason: Reason, _ detail: String, effectIsPossible: Bool) {
    self.reason = reason
    self.detail = detail
    self.effectIsPossible = effectIsPossible
  }
}

/// What the dry run can truly say of one step.
public enum Verdict: String, Sendable, CaseIterable {
  /// A read: it really ran and its `expect` was judged.
  case executed
  /// A write: not run, but all was proved that can be proved without changing anything.
  case verified
  /// It depends on a simulated write; shown with what is seen now.
  case deferred
  /// Nothing can be proved short of running it.
  case unverifiable
  /// A probe failed: the run would not get past here.
  case failed
  /// A task, a question or a pause.
  case shown
  /// Its condition is false.
  case skipped
}

/// A step's outcome as stored: redacted, and exactly what later filters see, live and after resume.
public struct StepResult: Sendable, Hashable {
  /// The outcome.
  public var status: StepStatus
  /// The adapter's result with `status`, `error` and `duration_ms`; an object.
  public var json: JSONValue
  /// Why it did not end well.
  public var reason: StepFailure.Reason?
  /// The reason's detail.
  public var detail: String?
  /// Whether a step that did not end well may have changed something.
  public var effectIsPossible: Bool
  /// Outputs that are not secret.
  public var outputs: [JSONValue.Member]
  /// In a dry run: what it says of the step, with what was proved or why nothing could be.
  public var verdict: Verdict?
  /// One line for people about the verdict.
  public var verdictDetail: String?

  /// An outcome without outputs and verdict.
  public init(
    status: StepStatus, json: JSONValue, reason: StepFailure.Reason? = nil, detail: String? = nil,
    effectIsPossible: Bool = false
  ) {
    self.status = status
    self.json = json
    self.reason = reason
    self.detail = detail
    self.effectIsPossible = effectIsPossible
    outputs = []
  }
}

/// What a step's stream left behind; `head` and `tail` are redacted.
public struct OutputRecord: Sendable, Hashable {
  /// The stream.
  public var stream: OutputStream
  /// Bytes the step wrote, before redaction.
  public var byteCount: Int
  /// Line feeds among them.
  public var lineCount: Int
  /// Digest of the redacted bytes, all of them.
  public var digest: Digest
  /// All redacted bytes where they are at most 4 KiB of UTF-8, else nil.
  public var text: String?
  /// Digest of the blob that holds the redacted bytes, or their head and tail.
  public var blob: Digest?
  /// Whether the blob leaves out the middle.
  public var isTruncated: Bool

  /// All of it.
  public init(
    stream: OutputStream, byteCount: Int, lineCount: Int, digest: Digest, text: String?, blob: Digest?,
    isTruncated: Bool
  ) {
    self.stream = stream
    self.byteCount = byteCount
    self.lineCount = lineCount
    self.digest = digest
    self.text = text
    self.blob = blob
    self.isTruncated = isTruncated
  }
}

/// Where a step's bytes come from.
public enum OutputStream: String, Sendable, CaseIterable {
  case standardOutput = "stdout"
  case standardError = "stderr"
  /// What a server says beside its answer, for example Postgres notices.
  case serverNotice = "notice"
}
