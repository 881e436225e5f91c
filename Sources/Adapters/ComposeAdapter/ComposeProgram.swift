internal import Glibc
internal import RunbookAdapter
internal import RunbookModel

/// Compose's own command line: the plug-in of `docker` (Compose 2), else `docker-compose`.
struct ComposeProgram: Sendable, Equatable {
  let executable: String
  let leadingArguments: [String]

  /// As people call it.
  var text: String { leadingArguments.isEmpty ? "docker-compose" : "docker compose" }

  /// Whether it is Compose 1, which does not know some options; a separate `docker-compose` may be either.
  func isFirstGeneration(on target: ComposeTarget, in context: StepContext) async throws(StepFailure) -> Bool
  {
    guard leadingArguments.isEmpty else { return false }
    let result = try await run(["version", "--short"], on: target, in: context, shown: false)
    return String(decoding: result.standardOutput.head, as: UTF8.self).hasPrefix("1.")
  }

  /// Looks for it without starting anything.
  ///
  /// - Throws: `StepFailure` with reason `not-found` where neither is installed.
  static func find(in environment: [(name: String, value: String)]) throws(StepFailure) -> ComposeProgram {
    func variable(_ name: String) -> String? { environment.last { $0.name == name }?.value }
    let folders = (variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map(String.init)
    func program(_ name: String) -> String? { folders.map { "\($0)/\(name)" }.first(where: isExecutable) }
    var plugins = [
      "/usr/local/lib/docker", "/usr/local/libexec/docker", "/usr/lib/docker", "/usr/libexec/docker",
    ]
    if let home = variable("HOME") { plugins.insert("\(home)/.docker", at: 0) }
    if let docker = program("docker"),
      plugins.contains(where: { isExecutable("\($0)/cli-plugins/docker-compose") })
    {
      return ComposeProgram(executable: docker, leadingArguments: ["compose"])
    }
    if let compose = program("docker-compose") {
      return ComposeProgram(executable: compose, leadingArguments: [])
    }
    throw StepFailure(
      .notFound, "neither 'docker compose' nor 'docker-compose' is installed", effectIsPossible: false)
  }

  /// Compose 1 prints its help for an option that it does not know, and says that this was a success.
  ///
  /// - Throws: `StepFailure` with reason `not-found` where the line would be lost on it.
  func refuseUnknown(
    _ line: ComposeLine, on target: ComposeTarget, in context: StepContext
  ) async throws(StepFailure) {
    let option = line.options.first(where: \.isNew)?.name
    guard option != nil || Subcommand.named(line.subcommand)?.isNew == true,
      try await isFirstGeneration(on: target, in: context)
    else { return }
    let what = option.map { "'\($0)' of '\(line.subcommand)'" } ?? "'\(line.subcommand)'"
    throw StepFailure(
      .notFound, "\(what) needs Compose 2 ('docker compose'); nothing was started", effectIsPossible: false)
  }

  /// Runs it on a target.
  ///
  /// - Parameter shown: Whether its output is part of the step's.
  func run(
    _ arguments: [String], on target: ComposeTarget, in context: StepContext, shown: Bool
  ) async throws(StepFailure) -> ProcessResult {
    var leading = leadingArguments
    if let file = target.environmentFile { leading += ["--env-file", file] }
    // Nothing of the page is in here: Compose puts variables into its files.
    let environment = context.baseEnvironment + target.variables
    let request = ProcessRequest(
      executable: executable, arguments: leading + arguments,
      environment: environment.map { ($0.name, .text($0.value)) }, directory: target.directory,
      streamsOutput: shown)
    let result = try await context.processes.run(request, in: context)
    switch result.cause {
    case .deadline:
      throw StepFailure(.timeout, "\(text) did not finish in time and was ended", effectIsPossible: shown)
    case .interrupt:
      throw StepFailure(.cancelled, "\(text) was interrupted", effectIsPossible: shown)
    case .itself, .duration: return result
    }
  }

  private static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }
}
