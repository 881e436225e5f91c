import ArgumentParser
import RunbookAudit

/// `runbook audit`.
struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Verify the log, prove an event, hand the log to an auditor.",
    discussion: """
      The log is a Merkle tree over its lines (RFC 6962), laid out and signed as C2SP tlog-tiles, tlog-checkpoint and
      signed-note say. docs/audit.md shows how to check it without this program.
      """,
    subcommands: [
      AuditVerifyCommand.self, AuditHeadCommand.self, AuditProveCommand.self, AuditExportCommand.self,
      AuditKeyCommand.self, AuditAnchorCommand.self,
    ])
}

/// `--store`.
struct StoreOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The log's folder, instead of RUNBOOK_STORE or the usual place.", valueName: "folder"))
  var store: String?

  /// Where the log is.
  func location() throws(CommandFailure) -> StoreLocation {
    if let store { return StoreLocation(path: store) }
    return try AuditReader.reading { () throws(AuditFailure) in try .current() }
  }
}
