import ArgumentParser
import RunbookAudit
import RunbookModel

/// `runbook audit head`.
struct AuditHeadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "head", abstract: "Print the log's last signed checkpoint, to be kept elsewhere.",
    discussion: """
      EXAMPLES:
        runbook audit head > checkpoint-$(date -I).txt
        runbook audit head | mail -s 'log checkpoint' auditor@example.com
      """)

  @OptionGroup var formatOptions: FormatOptions
  @OptionGroup var storeOptions: StoreOptions

  func run() throws {
    let location = try storeOptions.location()
    let head = try AuditReader.reading { () throws(AuditFailure) in try LogHead.open(location) }
    switch formatOptions.format {
    case .text: StandardStream.write(head.note.description)
    case .json:
      let value: JSONValue = [
        "origin": .string(head.checkpoint.origin), "size": .integer(head.checkpoint.size),
        "root": .string(head.checkpoint.root.hexadecimal), "key": .string(head.key.description),
        "note": .string(head.note.description),
      ]
      StandardStream.line(value.prettyText)
    }
  }
}

/// `runbook audit key`.
struct AuditKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Print the public key that the log is signed with, or change the key.",
    discussion: """
      Give the public key to whoever is to verify the log. A new key is announced in the log, and the checkpoint over
      that event carries both signatures; the old private key is gone then.

      EXAMPLES:
        runbook audit key
        runbook audit key --rotate
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Flag(help: "Sign with a new key from now on.")
  var rotate = false

  func run() throws {
    let location = try storeOptions.location()
    let key = try AuditReader.reading { () throws(AuditFailure) in
      guard rotate else { return try LogHead.open(location).key }
      return try AuditStore.open(location, version: RunbookCommand.version).rotateKey()
    }
    StandardStream.line(key.description)
  }
}
