import ArgumentParser
import Glibc
import RunbookAdapter
import RunbookAudit
import RunbookModel
import RunbookProcesses

/// `runbook audit anchor`.
struct AuditAnchorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "anchor", abstract: "Leave the log's newest checkpoint where nobody here can take it back.",
    discussion: """
      What was left elsewhere is what finds a log that was rolled back or written anew: fetch it from there and give it
      to 'audit verify --checkpoint'. --git adds a commit to a branch of its own and pushes it where --remote is given.
      --tsa gets a time stamp (RFC 3161) and keeps it as anchors/SIZE.tsr beside the checkpoint it is for. --witness
      proves to a witness (C2SP tlog-witness) that the log goes on from what it has seen, and keeps the checkpoint that
      it signed as anchors/SIZE.cosigned. --syslog sends the checkpoint's text to the system's log.

      EXAMPLES:
        runbook audit anchor --git ~/evidence.git --remote origin
        runbook audit anchor --tsa https://freetsa.org/tsr --tsa-ca cacert.pem
        runbook audit anchor --witness https://witness.example.com --witness-key "$(cat witness.vkey)"
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Option(help: ArgumentHelp("A git repository; the branch is 'runbook-checkpoints'.", valueName: "folder"))
  var git: String?

  @Option(help: ArgumentHelp("Push the branch there.", valueName: "remote"))
  var remote: String?

  @Option(help: ArgumentHelp("A time stamping authority.", valueName: "url"))
  var tsa: String?

  @Option(help: ArgumentHelp("Certificates that the time stamp must lead to.", valueName: "file"))
  var tsaCa: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A witness, by the URL that /add-checkpoint follows. May be repeated.", valueName: "url"))
  var witness: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("The public key of that witness: name+1a2b3c4d+BA…, one for each.", valueName: "key"))
  var witnessKey: [String] = []

  @Flag(help: "The system's log, at /dev/log.")
  var syslog = false

  func validate() throws {
    guard git != nil || tsa != nil || !witness.isEmpty || syslog else {
      throw ValidationError("say where: --git, --tsa, --witness or --syslog")
    }
    guard witness.count == witnessKey.count else {
      throw ValidationError(
        "every --witness needs its --witness-key: a signature is checked before it counts")
    }
    for key in witnessKey where WitnessKey(key) == nil {
      throw ValidationError(
        "--witness-key: '\(key)' is no key of a witness; it looks like name+1a2b3c4d+BA…, with a type of 4")
    }
    if remote != nil, git == nil { throw ValidationError("--remote is for --git") }
    if tsa != nil, tsaCa == nil {
      throw ValidationError("--tsa needs --tsa-ca: a time stamp is checked before it counts")
    }
  }

  func run() async throws {
    let location = try storeOptions.location()
    let (store, head) = try AuditReader.reading { () throws(AuditFailure) in
      // Opening signs for everything there is.
      let store = try AuditStore.open(location, version: RunbookCommand.version)
      return (store, try LogHead.open(location))
    }
    // Each is logged as soon as it is there: the next one may fail.
    if let git { try await log(try await commit(head, git), head, store) }
    if let tsa, let tsaCa { try await log(try await stamp(head, tsa, tsaCa, location), head, store) }
    for (url, text) in zip(witness, witnessKey) {
      guard let key = WitnessKey(text) else { continue }
      let place = try await WitnessAnchor(url: url, key: key).leave(head, location)
      try await log(place, head, store)
    }
    if syslog { try await log(try send(head), head, store) }
  }

  private func log(_ place: String, _ head: LogHead, _ store: AuditStore) async throws {
    do throws(JournalFailure) {
      _ = try await store.append(.anchored(size: head.checkpoint.size, place: place))
    } catch { throw CommandFailure("anchored in \(place), and not logged: \(error.reason)", exitCode: 74) }
    StandardStream.line("\(head.checkpoint.size) events of \(head.checkpoint.origin): \(place)")
  }

  // MARK: - Git

  private func commit(_ head: LogHead, _ folder: String) async throws -> String {
    let branch = "refs/heads/runbook-checkpoints"
    let file = try Files.temporaryPath(Array(head.note.description.utf8))
    defer { unlink(file) }
    let index = file + ".index"
    defer { unlink(index) }
    func git(_ arguments: String...) async throws -> String {
      try await tool(
        "git", ["-C", folder] + arguments,
        [
          ("GIT_INDEX_FILE", index), ("GIT_AUTHOR_NAME", "runbook"),
          ("GIT_AUTHOR_EMAIL", "runbook@localhost"),
          ("GIT_COMMITTER_NAME", "runbook"), ("GIT_COMMITTER_EMAIL", "runbook@localhost"),
        ])
    }
    let blob = try await git("hash-object", "-w", "--no-filters", file)
    let parent = try? await git("rev-parse", "--verify", "--quiet", branch)
    if let parent { _ = try await git("read-tree", parent) }
    let name = head.checkpoint.origin.split(separator: "/").joined(separator: "_")
    _ = try await git("update-index", "--add", "--cacheinfo", "100644,\(blob),\(name)")
    let tree = try await git("write-tree")
    let message = "\(head.checkpoint.origin): \(head.checkpoint.size) events"
    let arguments = ["commit-tree", tree, "-m", message] + (parent.map { ["-p", $0] } ?? [])
    let commit = try await tool(
      "git", ["-C", folder] + arguments,
      [
        ("GIT_AUTHOR_NAME", "runbook"), ("GIT_AUTHOR_EMAIL", "runbook@localhost"),
        ("GIT_COMMITTER_NAME", "runbook"), ("GIT_COMMITTER_EMAIL", "runbook@localhost"),
      ])
    _ = try await git(
      "update-ref", branch, commit, parent ?? String(repeating: "0", count: commit.utf8.count))
    if let remote { _ = try await git("push", "--quiet", remote, "\(branch):\(branch)") }
    return "git commit \(commit)" + (remote.map { " pushed to \($0)" } ?? "")
  }

  // MARK: - RFC 3161

  private func stamp(
    _ head: LogHead, _ url: String, _ certificates: String, _ location: StoreLocation
  ) async throws -> String {
    let note = try Files.temporaryPath(Array(head.note.description.utf8))
    let query = note + ".tsq"
    let reply = note + ".tsr"
    defer { for file in [note, query, reply] { unlink(file) } }
    _ = try await tool("openssl", ["ts", "-query", "-data", note, "-sha256", "-cert", "-out", query])
    _ = try await tool(
      "curl",
      [
        "--silent", "--show-error", "--fail", "--max-time", "30", "--header",
        "Content-Type: application/timestamp-query", "--data-binary", "@\(query)", "--output", reply, url,
      ])
    _ = try await tool(
      "openssl", ["ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", certificates])
    let stored = try AuditReader.reading { () throws(AuditFailure) in
      let anchors = try LogAnchors.open(location)
      let name = "\(head.checkpoint.size).tsr"
      guard let bytes = try? Files.read(reply) else { throw .unavailable("the time stamp vanished") }
      try anchors.keep(Array(head.note.description.utf8), as: "\(head.checkpoint.size).checkpoint")
      try anchors.keep(bytes, as: name)
      return name
    }
    return "time stamp of \(url) in anchors/\(stored)"
  }

  // MARK: - Syslog

  private func send(_ head: LogHead) throws -> String {
    let text = head.note.description.split(separator: "\n").joined(separator: " | ")
    try AuditReader.reading { () throws(AuditFailure) in try LogAnchors.sendToSyslog(text) }
    return "syslog"
  }

  // MARK: - Programs

  /// Runs a program to its end.
  ///
  /// - Returns: What it wrote to standard output, without white space at its end.
  private func tool(
    _ name: String, _ arguments: [String], _ variables: [(String, String)] = []
  ) async throws -> String {
    let processes = SupervisedProcesses(run: RunID("anchor"), exitLog: nil)
    let environment = RunServices.baseEnvironment.map { ($0.name, $0.value) } + variables
    var request = ProcessRequest(
      executable: name, arguments: arguments,
      environment: environment.map { ($0.0, .text($0.1)) })
    request.streamsOutput = false
    let context = StepContext(
      run: RunID("anchor"), step: StepID("anchor"), attempt: 1, target: .local, values: [:], effect: .write,
      secrets: NoSecrets(), output: NoOutput(), processes: processes, deadline: .now + .seconds(60),
      interrupt: SignalInterrupt(), workingDirectory: ProcessInfo.workingDirectory,
      baseEnvironment: RunServices.baseEnvironment)
    let result = try await processes.run(request, in: context)
    let output = (result.standardOutput.text ?? "").split(separator: "\n").joined(separator: "\n")
    guard result.end == .exited(0) else {
      let errors = result.standardError.text ?? ""
      throw CommandFailure(
        "\(name) \(arguments.first ?? ""): \(errors.isEmpty ? output : errors)", exitCode: 1)
    }
    return output
  }

  private struct NoSecrets: SecretSource {
    func withBytes<R>(
      of secret: SecretReference, _ body: (UnsafeRawBufferPointer) -> R
    ) throws(StepFailure) -> R {
      throw StepFailure(.notFound, "an anchor gets no secrets", effectIsPossible: false)
    }
  }

  private struct NoOutput: OutputSink {
    func write(_ bytes: UnsafeRawBufferPointer, to stream: OutputStream) {}
  }
}
