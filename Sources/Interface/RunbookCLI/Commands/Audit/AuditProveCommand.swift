import ArgumentParser
import RunbookAudit
import RunbookModel

/// `runbook audit prove`.
struct AuditProveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prove",
    abstract: "Make a file that proves that an event is in the log, or that nothing was changed.",
    discussion: """
      With an event's number: a proof (C2SP tlog-proof) that the event's stored line, which 'audit export' writes, is
      under the log's newest checkpoint. With --since: a proof (RFC 6962) that the newest checkpoint only adds to an
      older one, which somebody kept, in the form that C2SP tlog-witness has a log send. Both can be checked without
      the log: docs/audit.md shows how.

      EXAMPLES:
        runbook audit prove 4711 -o 4711.tlog-proof
        runbook audit prove --since kept-in-may.txt -o since-may.txt
        runbook audit prove --since 290
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Option(
    help: ArgumentHelp("A checkpoint that was kept, or only its number of events.", valueName: "file|size"))
  var since: String?

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Write it to a file.", valueName: "file"))
  var output: String?

  @Argument(help: ArgumentHelp("The event's number, 'seq'.", valueName: "seq"))
  var sequence: UInt64?

  func validate() throws {
    guard (sequence == nil) != (since == nil) else {
      throw ValidationError("give an event's number, or --since with an older checkpoint")
    }
  }

  func run() throws {
    let location = try storeOptions.location()
    let head = try AuditReader.reading { () throws(AuditFailure) in try LogHead.open(location) }
    let text: String
    if let sequence {
      text = try AuditReader.reading { () throws(AuditFailure) in try head.proof(of: sequence).text }
    } else {
      text = try consistency(head)
    }
    if let output {
      try Files.write(Array(text.utf8), to: output)
    } else {
      StandardStream.write(text)
    }
  }

  private func consistency(_ head: LogHead) throws -> String {
    let since = since ?? ""
    if let size = UInt64(since) {
      return try AuditReader.reading { () throws(AuditFailure) in try head.consistency(from: size).text }
    }
    guard let note = SignedNote(String(decoding: try Files.read(since), as: UTF8.self)),
      let kept = Checkpoint(note.text)
    else { throw CommandFailure("--since \(since): this is no signed checkpoint", exitCode: 64) }
    return try AuditReader.reading { () throws(AuditFailure) in try head.consistency(from: kept).text }
  }
}
