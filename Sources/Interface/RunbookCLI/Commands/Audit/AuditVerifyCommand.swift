import ArgumentParser
import RunbookAudit
import RunbookDiagnostics
import RunbookModel

/// `runbook audit verify`.
struct AuditVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract:
      "Check every line, checkpoint, tile and blob of a log, and that its events can follow each other.",
    discussion: """
      Reads only, and needs nothing but the folder: a store, or what 'audit export --format bundle' wrote. Exit code 0
      where the log is sound, 1 where something does not match, 74 where it cannot be read.

      The anchoring says what would be noticed if the log was rolled back or written anew: L0 nothing; L2 what comes
      before a checkpoint that was kept (--checkpoint); L3 what a time stamping authority saw (--tsa-ca), L4 what a
      witness saw (--witness-key). Time stamps and signed checkpoints in the log's own folder count only by what is
      given here; that one was taken away from there is not noticed.

      EXAMPLES:
        runbook audit verify
        runbook audit verify /media/evidence --checkpoint kept-in-may.txt
        runbook audit verify --key "$(cat log.vkey)" --format json
        runbook audit verify evidence --tsa-ca cacert.pem --witness-key "$(cat witness.vkey)"
      """)

  @OptionGroup var formatOptions: FormatOptions

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A checkpoint that was kept elsewhere: the log must go on from it. May be repeated.", valueName: "file")
  )
  var checkpoint: [String] = []

  @Option(help: ArgumentHelp("The log's public key as you were given it.", valueName: "key"))
  var key: String?

  @Option(
    help: ArgumentHelp("Certificates (PEM) of the authorities whose time stamps count.", valueName: "file"))
  var tsaCa: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "The public key of a witness whose signatures count. May be repeated.", valueName: "key"))
  var witnessKey: [String] = []

  @Argument(
    help: ArgumentHelp("Folder of the log; else RUNBOOK_STORE or the usual place.", valueName: "folder"))
  var folder: String?

  func run() throws {
    let options = try options()
    var location = StoreLocation(path: folder ?? "")
    if folder == nil {
      location = try AuditReader.reading { () throws(AuditFailure) in try .current() }
    }
    let isJSON = formatOptions.format == .json
    let screen = Screen()
    if isJSON { StandardStream.write("{\"findings\":[") }
    var isFirst = true
    let summary: VerificationSummary
    do throws(AuditFailure) {
      summary = try LogVerifier.verify(location, options) { finding in
        if isJSON {
          StandardStream.write((isFirst ? "" : ",") + Self.json(finding).text)
          isFirst = false
        } else {
          show(finding, screen)
        }
      }
    } catch {
      if isJSON {
        StandardStream.line("],\"error\":\(JSONValue.string(error.reason).text),\"sound\":false}")
      }
      throw CommandFailure("the log cannot be verified: \(error.reason)", exitCode: 74)
    }
    if isJSON {
      StandardStream.line("],\(Self.json(summary).text.dropFirst())")
    } else {
      show(summary, screen)
    }
    if !summary.isSound { throw CommandFailure(nil, exitCode: 1) }
  }

  private func options() throws -> VerificationOptions {
    var options = VerificationOptions()
    for path in checkpoint {
      guard let note = SignedNote(String(decoding: try Files.read(path), as: UTF8.self)) else {
        throw CommandFailure("--checkpoint \(path): this is no signed checkpoint", exitCode: 64)
      }
      options.checkpoints.append(note)
    }
    if let key {
      guard let key = VerifierKey(key) else {
        throw CommandFailure("--key: this is no key; it looks like name+1a2b3c4d+AX…", exitCode: 64)
      }
      options.key = key
    }
    for text in witnessKey {
      guard let key = WitnessKey(text) else {
        throw CommandFailure(
          "--witness-key: this is no key of a witness; it looks like name+1a2b3c4d+BA…", exitCode: 64)
      }
      options.witnesses.append(key)
    }
    if let tsaCa {
      do throws(AuditFailure) {
        options.authorities = try TimeStampAuthorities(path: tsaCa)
      } catch { throw CommandFailure("--tsa-ca: \(error.reason)", exitCode: 64) }
    }
    return options
  }

  private func show(_ finding: VerificationFinding, _ screen: Screen) {
    let text =
      (finding.sequence.map { "event \($0): " } ?? "") + TerminalText.inert(finding.text)
    switch finding.severity {
    case .mismatch: StandardStream.line("\(screen.styled("✗", .bad)) \(text)")
    case .warning: StandardStream.line("\(screen.styled("!", .caution)) \(text)")
    }
  }

  private func show(_ summary: VerificationSummary, _ screen: Screen) {
    var facts = [
      "\(summary.events) events, \(summary.signed) of them under \(summary.checkpoints) signed checkpoints",
      "\(summary.tiles) tiles and \(summary.blobs) blobs as they should be", "\(summary.runs) runs",
    ]
    if !summary.isSound { facts[1] = "\(summary.tiles) tiles and \(summary.blobs) blobs compared" }
    StandardStream.line(facts.joined(separator: "; "))
    if let key = summary.key { StandardStream.line("key        \(TerminalText.inert("\(key)"))") }
    if let root = summary.root { StandardStream.line("root       \(root.hexadecimal)") }
    if !summary.openRuns.isEmpty {
      let names = summary.openRuns.map { TerminalText.inert($0.rawValue) }
      StandardStream.line("open runs  \(names.joined(separator: ", "))")
    }
    StandardStream.line("anchoring  \(Self.anchoring(summary))")
    if summary.isSound {
      StandardStream.line(screen.styled("sound", .good))
    } else {
      let count = summary.mismatches
      StandardStream.line(
        screen.styled("NOT SOUND: \(count) mismatch\(count == 1 ? "" : "es")", .bad))
    }
  }

  private static func anchoring(_ summary: VerificationSummary) -> String {
    guard summary.anchoring != .none else { return summary.anchoring.rawValue }
    let time = summary.anchoredAt.map { ", \($0)" } ?? ""
    return "\(summary.anchoring.rawValue) over \(summary.anchored) events\(time): \(summary.anchoring.text)"
  }

  private static func json(_ finding: VerificationFinding) -> JSONValue {
    var members: [JSONValue.Member] = [.init("severity", .string(finding.severity.rawValue))]
    if let sequence = finding.sequence { members.append(.init("seq", .integer(sequence))) }
    return .object(members + [.init("text", .string(finding.text))])
  }

  private static func json(_ summary: VerificationSummary) -> JSONValue {
    [
      "sound": .boolean(summary.isSound), "mismatches": .integer(summary.mismatches),
      "warnings": .integer(summary.warnings), "origin": .optional(summary.origin),
      "key": .optional(summary.key?.description), "events": .integer(summary.events),
      "signed": .integer(summary.signed), "root": .optional(summary.root?.hexadecimal),
      "checkpoints": .integer(summary.checkpoints), "tiles": .integer(summary.tiles),
      "blobs": .integer(summary.blobs), "runs": .integer(summary.runs),
      "open_runs": .array(summary.openRuns.map { .string($0.rawValue) }),
      "anchoring": .string(summary.anchoring.rawValue), "anchored": .integer(summary.anchored),
      "anchored_at": .optional(summary.anchoredAt?.description),
    ]
  }
}
