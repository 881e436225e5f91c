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

/// `runbook audit prove`.
struct AuditProveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prove", abstract: "Make a file that proves that one event is in the log.",
    discussion: """
      The proof (C2SP tlog-proof) is about the event's stored line, which 'audit export' writes; it can be checked
      without the log.

      EXAMPLES:
        runbook audit prove 4711 -o 4711.tlog-proof
      """)

  @OptionGroup var storeOptions: StoreOptions

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Write it to a file.", valueName: "file"))
  var output: String?

  @Argument(help: ArgumentHelp("The event's number, 'seq'.", valueName: "seq"))
  var sequence: UInt64

  func run() throws {
    let location = try storeOptions.location()
    let proof = try AuditReader.reading { () throws(AuditFailure) in
      try LogHead.open(location).proof(of: sequence)
    }
    if let output {
      try Files.write(Array(proof.text.utf8), to: output)
    } else {
      StandardStream.write(proof.text)
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
