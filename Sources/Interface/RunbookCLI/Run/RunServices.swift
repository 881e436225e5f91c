import Glibc
import RunbookAdapter
import RunbookAudit
import RunbookEngine
import RunbookModel
import RunbookSecrets

/// The world outside, for one run's steps.
struct RunServices: StepServices {
  let processes: any ProcessHost
  let terminal: (any TerminalLender)?
  let workingDirectory: String
  let captureLimit = 1 << 20
  let secrets: SecretStore
  let blobs: BlobStore
  let display: RunDisplay?
  let interrupt: any Interrupt

  var redactor: any Redactor { secrets.redactor }

  var baseEnvironment: [(name: String, value: String)] { Self.baseEnvironment }

  /// The variables every command step gets, as far as they are set here.
  static var baseEnvironment: [(name: String, value: String)] {
    ["PATH", "HOME", "USER", "LANG", "TZ", "SSH_AUTH_SOCK"].compactMap { name in
      ProcessInfo.environment(name).map { (name, $0) }
    }
  }

  @concurrent func open(_ request: SessionRequest) async throws(StepFailure) -> any StepSession {
    if !request.secrets.isEmpty { try await secrets.open(request.secrets, in: context(of: request)) }
    return AttemptSession(request, secrets: secrets, blobs: blobs, display: display, limit: captureLimit)
  }

  func keep(_ secret: String, as reference: SecretReference) throws(StepFailure) {
    try secrets.keep(secret, as: reference)
  }

  @concurrent func artifact(at path: String) async throws(StepFailure) -> Artifact {
    let absolute = path.hasPrefix("/") ? path : workingDirectory + "/" + path
    func failure(_ reason: StepFailure.Reason, _ text: String) -> StepFailure {
      StepFailure(reason, "'\(path)' \(text)", effectIsPossible: true)
    }
    let descriptor = Glibc.open(absolute, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      throw failure(.notFound, "cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw failure(.expectation, "is no file")
    }
    guard status.st_size > 0 else { throw failure(.expectation, "is empty") }
    do throws(AuditFailure) {
      var hash = try SHA256()
      var buffer = [UInt8](repeating: 0, count: 1 << 20)
      var total = 0
      while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw .unavailable(String(cString: strerror(errno))) }
        if count == 0 { break }
        buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        total += count
      }
      return Artifact(
        path: path, byteCount: total, digest: hash.finish().digest, owner: "\(status.st_uid):\(status.st_gid)"
      )
    } catch {
      throw failure(.internal, "could not be read: \(error.reason)")
    }
  }

  /// What a program that makes a secret gets: no secrets, no display, half a minute.
  func context(of request: SessionRequest) -> StepContext {
    StepContext(
      run: request.run, step: request.step, attempt: request.attempt, target: .local, values: [:],
      effect: .read,
      secrets: secrets.source(for: []), output: NoOutput(), processes: processes,
      deadline: .now + .seconds(30), interrupt: interrupt, workingDirectory: workingDirectory,
      baseEnvironment: baseEnvironment)
  }

  private struct NoOutput: OutputSink {
    func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream) {}
  }
}

/// Lends the terminal after the display has stopped drawing on it.
struct TerminalLoan: TerminalLender {
  let terminal: OperatorTerminal
  let display: RunDisplay

  func lend<R: Sendable>(_ body: (Int32) -> R) -> R {
    display.suspendNow()
    defer { display.resume() }
    return terminal.lend(body)
  }
}
