import RunbookAdapter
import RunbookEngine
import RunbookModel
import Synchronization

/// Services that remember what the engine did with them.
final class FakeServices: StepServices {
  private struct State {
    var masked: [String] = []
    var kept: [SecretReference: String] = [:]
    var requests: [SessionRequest] = []
    var log: [String] = []
  }

  private let state = Mutex(State())
  /// Files by path, with their sizes.
  let files: [String: Int]
  /// Whether `close` fails.
  let isFull: Bool
  /// Secrets that can be read, by reference text.
  let secrets: [String: String]

  init(files: [String: Int] = [:], isFull: Bool = false, secrets: [String: String] = [:]) {
    self.files = files
    self.isFull = isFull
    self.secrets = secrets
  }

  var redactor: any Redactor { WordRedactor(words: state.withLock { $0.masked }) }
  var processes: any ProcessHost { NoHost() }
  var terminal: (any TerminalLender)? { nil }
  var workingDirectory: String { "/work" }
  var baseEnvironment: [(name: String, value: String)] { [("PATH", "/bin")] }
  var captureLimit: Int { 1000 }

  /// Every session that was asked for.
  var requests: [SessionRequest] { state.withLock { $0.requests } }
  /// Secrets kept, by reference.
  var kept: [SecretReference: String] { state.withLock { $0.kept } }
  /// What was done with sessions, in order.
  var log: [String] { state.withLock { $0.log } }

  fileprivate func note(_ line: String) { state.withLock { $0.log.append(line) } }
  fileprivate func mask(_ texts: [String]) {
    state.withLock {
      $0.masked += texts
      if !texts.isEmpty { $0.log.append("mask \(texts.joined(separator: ","))") }
    }
  }

  @concurrent func open(_ request: SessionRequest) async throws(StepFailure) -> any StepSession {
    for secret in request.secrets where secrets[secret.text] == nil {
      throw StepFailure(.notFound, "the secret '\(secret.name)' cannot be read", effectIsPossible: false)
    }
    state.withLock { $0.requests.append(request) }
    note("open" + (request.holdsOutput ? " held" : ""))
    mask(request.secrets.compactMap { secrets[$0.text] })
    return Session(services: self)
  }

  func keep(_ secret: String, as reference: SecretReference) throws(StepFailure) {
    guard secret.utf8.count >= 6 else {
      throw StepFailure(.expectation, "shorter than 6 bytes", effectIsPossible: false)
    }
    state.withLock { $0.kept[reference] = secret }
    mask([secret])
  }

  @concurrent func artifact(at path: String) async throws(StepFailure) -> Artifact {
    guard let size = files[path] else {
      throw StepFailure(.notFound, "'\(path)' does not exist", effectIsPossible: false)
    }
    return Artifact(path: path, byteCount: size, digest: Digest("sha256:file"), owner: "0:0")
  }

  /// One attempt's session.
  struct Session: StepSession, SecretSource, OutputSink {
    let services: FakeServices
    var secrets: any SecretSource { self }
    var output: any OutputSink { self }

    func mask(_ texts: [String]) { services.mask(texts) }
    func discardOutput() { services.note("discard") }

    @concurrent func close(keepsOutput: Bool) async throws(JournalFailure) -> [OutputRecord] {
      if services.isFull { throw JournalFailure("no space left on device") }
      services.note("close" + (keepsOutput ? "" : " dropping"))
      return []
    }

    func withBytes<R>(
      of secret: SecretReference, _ body: (UnsafeRawBufferPointer) -> R
    ) throws(StepFailure) -> R {
      throw StepFailure(.notFound, "no step of these tests opens a secret", effectIsPossible: false)
    }

    func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream) {}
  }
}

/// Replaces whole words; the masker proper has its own tests.
struct WordRedactor: Redactor {
  let words: [String]

  func redacted(_ text: String) -> String {
    var text = Array(text)
    for word in words where !word.isEmpty {
      let word = Array(word)
      var index = 0
      while index + word.count <= text.count {
        if Array(text[index..<(index + word.count)]) == word {
          text.replaceSubrange(index..<(index + word.count), with: Array("***"))
        }
        index += 1
      }
    }
    return String(text)
  }

  func redacted(_ value: JSONValue) -> JSONValue {
    switch value {
    case .null, .boolean, .number: value
    case .string(let text): .string(redacted(text))
    case .array(let values): .array(values.map { redacted($0) })
    case .object(let members): .object(members.map { .init(redacted($0.name), redacted($0.value)) })
    }
  }
}

/// Starts nothing.
struct NoHost: ProcessHost {
  @concurrent func run(
    _ request: ProcessRequest, in context: StepContext
  ) async throws(StepFailure) -> ProcessResult {
    throw StepFailure(.spawn, "no processes in these tests", effectIsPossible: false)
  }
}

/// An adapter of the language `fake` whose steps behave as the test says.
struct FakeAdapter: Adapter {
  /// What an attempt, counted over polls from 1, comes to.
  typealias Perform = @Sendable (_ context: StepContext, _ call: Int) async -> Result<RawResult, StepFailure>
  typealias Rehearse = @Sendable (StepContext) -> Result<Rehearsal, StepFailure>

  let performing: Perform
  let rehearsing: Rehearse
  /// Steps performed, by id, once a call.
  let calls = Calls()

  init(
    rehearse: @escaping Rehearse = { _ in .success(.verified("parses")) },
    perform: @escaping Perform = { _, _ in .success(RawResult([])) }
  ) {
    performing = perform
    rehearsing = rehearse
  }

  var languages: [String] { ["fake"] }
  var acceptedTargets: [String]? { nil }
  func options(from fields: inout FieldReader) -> String? { fields.body }
  func effect(of options: String) -> Effect.Claim { Effect.Claim(.write, isKnown: false) }
  func summary(of options: String) -> String { options }
  func invocation(of options: String, on target: Target, values: [String: Value]) -> String {
    Template(options).displayText(values)
  }

  @concurrent func rehearse(
    _ options: String, in context: StepContext
  ) async throws(StepFailure) -> Rehearsal {
    calls.note("rehearse \(context.step)")
    return try rehearsing(context).get()
  }

  @concurrent func perform(_ options: String, in context: StepContext) async throws(StepFailure) -> RawResult
  {
    let count = calls.note("perform \(context.step)")
    return try await performing(context, count).get()
  }

  /// What was called.
  final class Calls: Sendable {
    private let state = Mutex<[String]>([])
    var all: [String] { state.withLock { $0 } }

    /// How often that was noted by now.
    @discardableResult func note(_ line: String) -> Int {
      state.withLock {
        $0.append(line)
        return $0.count { $0 == line }
      }
    }
  }
}
