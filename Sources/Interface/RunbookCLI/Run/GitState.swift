import RunbookAdapter
import RunbookModel

/// Which commit a page is from, and whether it differs from it.
struct GitState {
  let commit: String
  let isDirty: Bool

  /// Asks git; nil outside a repository, without git, or where it takes longer than two seconds.
  static func of(
    _ entry: RunbookLibrary.Entry, processes: any ProcessHost, interrupt: any Interrupt
  ) async -> GitState? {
    let root = entry.repositoryRoot
    guard Files.exists(root + "/.git") else { return nil }
    var request = ProcessRequest(
      executable: "git",
      arguments: [
        "-C", root, "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--", entry.path,
      ],
      environment: RunServices.baseEnvironment.map { ($0.name, .text($0.value)) })
    request.streamsOutput = false
    let context = StepContext(
      run: RunID("git"), step: StepID("git"), attempt: 1, target: .local, values: [:], effect: .read,
      secrets: NoSecrets(), output: NoOutput(), processes: processes, deadline: .now + .seconds(2),
      interrupt: interrupt, workingDirectory: root, baseEnvironment: RunServices.baseEnvironment)
    guard let result = try? await processes.run(request, in: context), result.end == .exited(0),
      let text = result.standardOutput.text
    else { return nil }
    var commit: String?
    var isDirty = false
    for line in text.split(separator: "\n") {
      if line.hasPrefix("# branch.oid ") {
        commit = String(line.dropFirst(13))
      } else if !line.hasPrefix("#") {
        isDirty = true
      }
    }
    return commit.map { GitState(commit: $0, isDirty: isDirty) }
  }

  private struct NoSecrets: SecretSource {
    func withBytes<R>(
      of secret: SecretReference, _ body: (UnsafeRawBufferPointer) -> R
    ) throws(StepFailure) -> R {
      throw StepFailure(.notFound, "git gets no secrets", effectIsPossible: false)
    }
  }

  private struct NoOutput: OutputSink {
    func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream) {}
  }
}
