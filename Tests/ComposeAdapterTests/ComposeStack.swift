import ComposeAdapter
import Glibc
import RunbookAdapter
import RunbookModel
import RunbookProcesses
import TestSupport
import Testing

/// A project of its own on the real engine, gone with all it made when the test ends.
struct ComposeStack {
  let adapter = ComposeAdapter()
  let project: String
  private let temporary: TemporaryFolder
  var directory: String { temporary.path }
  let processes: SupervisedProcesses
  var settings: [String: Target.Setting]

  /// Services `web` (runs, healthy once /tmp/healthy is there), `job` (ends with 3) and `spare` (needs web).
  static func standardFile() throws -> String {
    let image = try TestService.required("RUNBOOK_TEST_IMAGE")
    return """
      version: "2.4"
      services:
        web:
          image: \(image)
          command: [sh, -c, 'trap "exit 0" TERM; echo "web says hello"; echo oops >&2; while :; do sleep 1; done']
          ports: ['127.0.0.1::8080']
          stop_grace_period: 3s
          labels: {marker: '${service:-nothing}'}
          healthcheck: {test: [CMD, test, -f, /tmp/healthy], interval: 1s, retries: 1}
        job:
          image: \(image)
          command: [sh, -c, 'echo done; exit 3']
        spare:
          image: \(image)
          command: [sleep, '1000']
          stop_grace_period: 0s
          depends_on: [web]

      """
  }

  /// Calls `body` with a project that nobody has started yet.
  static func with<R>(
    _ file: String? = nil, settings: [String: Target.Setting] = [:], _ body: (ComposeStack) async throws -> R
  ) async throws -> R {
    let stack = try ComposeStack(file ?? standardFile(), settings)
    do {
      let value = try await body(stack)
      try await stack.remove()
      return value
    } catch {
      try? await stack.remove()
      throw error
    }
  }

  private init(_ file: String, _ more: [String: Target.Setting]) throws {
    temporary = TemporaryFolder()
    let directory = temporary.path
    project =
      "runbook-test-" + directory.suffix(6).lowercased()
      + String(UInt16.random(in: 0...UInt16.max), radix: 16)
    processes = SupervisedProcesses(run: RunID(project), exitLog: nil, program: Built.path("ProcessDriver"))
    settings = [
      "files": .list([.text(directory + "/compose.yaml")]), "project": .value(.text(project)),
      "docker_host": .value(.text(try TestService.required("RUNBOOK_TEST_DOCKER"))),
    ]
    settings.merge(more) { $1 }
    try write(file, to: "compose.yaml")
  }

  /// Writes a file into the project's folder.
  func write(_ text: String, to name: String) throws {
    let file = try #require(fopen("\(directory)/\(name)", "w"))
    defer { fclose(file) }
    #expect(fputs(text, file) >= 0)
  }

  private func remove() async throws {
    // Not by Compose: a test may have made its files unreadable.
    let label = "--filter label=com.docker.compose.project=\(project)"
    try await shell(
      """
      docker ps -aq \(label) | xargs -r docker rm -fv
      docker network ls -q \(label) | xargs -r docker network rm
      docker volume ls -q \(label) | xargs -r docker volume rm
      """)
  }

  func attempt(
    values: [String: Value] = [:], effect: Effect = .write, seconds: Double = 120, duration: Duration? = nil,
    captureLimit: Int = 1 << 20
  ) -> StepAttempt {
    StepAttempt(
      on: Target(name: "stack", type: "compose", settings: settings), values: values, effect: effect,
      seconds: seconds, duration: duration, processes: processes, directory: "/", captureLimit: captureLimit)
  }

  @discardableResult
  func perform(
    _ body: String, _ values: [String: Value] = [:], effect: Effect = .write, in attempt: StepAttempt? = nil
  ) async throws -> RawResult {
    let step = try #require(adapter.reading(body).options, "\(adapter.complaints(about: body))")
    return try await adapter.perform(
      step, in: (attempt ?? self.attempt(values: values, effect: effect)).context)
  }

  /// What went wrong before there was a result.
  func failure(
    _ body: String, _ values: [String: Value] = [:], in attempt: StepAttempt? = nil
  ) async throws -> StepFailure? {
    do {
      let result = try await perform(body, values, in: attempt)
      Issue.record("it succeeded: \(JSONValue.object(result.members).text)")
      return nil
    } catch let failure as StepFailure {
      return failure
    }
  }

  func rehearse(_ body: String, _ values: [String: Value] = [:]) async throws -> Rehearsal {
    let step = try #require(adapter.reading(body).options, "\(adapter.complaints(about: body))")
    return try await adapter.rehearse(step, in: attempt(values: values).context)
  }

  func rehearsalFailure(_ body: String) async throws -> StepFailure? {
    do {
      let rehearsal = try await rehearse(body)
      Issue.record("it passed: \(rehearsal)")
      return nil
    } catch let failure as StepFailure {
      return failure
    }
  }

  /// Asks for a service's container until `isReached`, for at most a minute.
  func wait(for service: String, until isReached: (JSONValue) -> Bool) async throws -> JSONValue {
    let deadline = ContinuousClock.now + .seconds(60)
    while true {
      let state = try #require(try await perform("ps \(service)").service(service))
      if isReached(state) || ContinuousClock.now > deadline { return state }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  /// What a shell command prints; for looking at the engine by another way than the adapter's.
  @discardableResult
  func shell(_ command: String) async throws -> String {
    let context = StepAttempt(on: .local, processes: processes).context
    let host = try TestService.required("RUNBOOK_TEST_DOCKER")
    let request = ProcessRequest(
      executable: "/bin/sh", arguments: ["-c", command],
      environment: context.baseEnvironment.map { ($0.name, .text($0.value)) } + [("DOCKER_HOST", .text(host))]
    )
    return String(decoding: try await processes.run(request, in: context).standardOutput.head, as: UTF8.self)
  }

  /// Ids, start times, restarts and states of all containers of the project: what a rehearsal must not change.
  func fingerprint() async throws -> String {
    try await shell(
      "docker ps -aq --no-trunc --filter label=com.docker.compose.project=\(project) | sort | xargs -r docker inspect"
        + " --format '{{.Id}} {{.State.StartedAt}} {{.State.Status}} {{.RestartCount}} {{.Image}}'")
  }
}

extension RawResult {
  /// The members as one object.
  var json: JSONValue { .object(members) }
  /// The first container of that service.
  func service(_ name: String) -> JSONValue? {
    json["services"]?.array?.first { $0["service"] == .string(name) }
  }
}
