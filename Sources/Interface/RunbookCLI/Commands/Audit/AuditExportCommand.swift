import ArgumentParser
import Glibc
import RunbookAudit
import RunbookModel

/// `runbook audit export`.
struct AuditExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write the log's events for other programs, or a copy for an auditor.",
    discussion: """
      jsonl: the stored lines, byte for byte. csv: one row an event, its data as JSON (RFC 4180). ocsf: API Activity of
      OCSF 1.3. cloudevents: CloudEvents 1.0. bundle: a folder that 'audit verify' accepts, without the signing key.
      That somebody exported is an event of the log.

      EXAMPLES:
        runbook audit export --format bundle -o evidence
        runbook audit export --format ocsf | curl -T - https://siem.example.com/in
        runbook audit export --format csv --run k3xqd -o run.csv
      """)

  /// What is written.
  enum Form: String, ExpressibleByArgument, CaseIterable {
    case jsonl, csv, ocsf, cloudevents, bundle
  }

  @OptionGroup var storeOptions: StoreOptions

  @Option(help: "jsonl, csv, ocsf, cloudevents or bundle.")
  var format: Form = .jsonl

  @Option(help: ArgumentHelp("Only this run's events.", valueName: "run"))
  var run: String?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "Write to a file; for a bundle to a folder that does not exist yet.", valueName: "path"))
  var output: String?

  func validate() throws {
    guard format == .bundle else { return }
    if output == nil { throw ValidationError("a bundle is a folder: name it with -o") }
    if run != nil { throw ValidationError("a bundle holds the whole log: leave --run out") }
  }

  func run() async throws {
    let location = try storeOptions.location()
    guard let reader = try AuditReader.reading({ () throws(AuditFailure) in try AuditReader.open(location) })
    else { throw CommandFailure("nothing was logged yet", exitCode: 1) }
    let id = try run.map { name in
      try AuditReader.reading { () throws(AuditFailure) in try reader.run(matching: name) }
    }
    try await note(location, id)
    if format == .bundle, let output {
      let checkpoint = try AuditReader.reading { () throws(AuditFailure) in
        try LogBundle.write(location, to: output)
      }
      StandardStream.line("\(checkpoint.size) events of \(checkpoint.origin) in \(output)")
      return
    }
    guard let output else {
      // A reader that leaves ends it; what cannot be written is told at the end of the program.
      try forEachText(reader, id) { StandardStream.write($0) }
      return
    }
    let file = try FileDraft(output, mode: 0o600, exitCode: 74)
    var failure: CommandFailure?
    try forEachText(reader, id) { text in
      do throws(CommandFailure) {
        try file.write(Array(text.utf8))
      } catch { failure = error }
      return failure == nil
    }
    if let failure { throw failure }
    try file.keep()
  }

  /// Logs the export. A copy that this user cannot write to is exported all the same, with a word about it.
  private func note(_ location: StoreLocation, _ id: RunID?) async throws {
    let event = LogEvent.exported(command: "audit export", format: format.rawValue, run: id)
    guard let reason = await AccessRecord.write(event, at: location) else { return }
    guard location != (try? StoreLocation.current()) || !AuditStore.canSign(location) else {
      throw CommandFailure(
        "nothing was exported, because the log cannot be written: \(reason)", exitCode: 74)
    }
    StandardStream.line("runbook: this export is not logged: \(reason)", to: STDERR_FILENO)
  }

  /// Calls `take` with the text to write, part by part, until it returns false.
  private func forEachText(
    _ reader: AuditReader, _ id: RunID?, _ take: (String) -> Bool
  ) throws {
    let origin = try? LogHead.open(reader.location).checkpoint.origin
    let exporter = EventExport(origin: origin ?? "runbook")
    if format == .csv, !take(EventExport.csvHeader) { return }
    var goesOn = true
    var text = ""
    try AuditReader.reading { () throws(AuditFailure) in
      try reader.forEachStoredLine { (line) throws(AuditFailure) in
        let stored = String(decoding: line, as: UTF8.self)
        if format == .jsonl, id == nil {
          text += stored + "\n"
        } else {
          guard let event = try? JSONValue(parsing: line) else {
            throw .tampered("a line of the log is no JSON")
          }
          if let id, event["run"]?["id"]?.string != id.rawValue { return true }
          switch format {
          case .jsonl, .bundle: text += stored + "\n"
          case .csv: text += exporter.csv(event)
          case .ocsf: text += exporter.ocsf(event).text + "\n"
          case .cloudevents: text += exporter.cloudEvent(event).text + "\n"
          }
        }
        guard text.utf8.count >= 1 << 16 else { return true }
        defer { text = "" }
        goesOn = take(text)
        return goesOn
      }
    }
    if goesOn { _ = take(text) }
  }
}

/// An event in the forms of other systems.
struct EventExport {
  /// The log's name.
  let origin: String

  /// The first row.
  static let csvHeader = "seq,time,type,run,mode,step,attempt,user,host,id,data\r\n"

  /// A row (RFC 4180).
  func csv(_ event: JSONValue) -> String {
    let fields = [
      event["seq"], event["time"], event["type"], event["run"]?["id"], event["run"]?["mode"],
      event["step"]?["id"], event["step"]?["attempt"], event["actor"]?["user"], event["host"], event["id"],
      event["data"],
    ]
    return fields.map { $0.map { Self.quoted($0.plainText) } ?? "" }.joined(separator: ",") + "\r\n"
  }

  private static func quoted(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2c || $0 == 0x0a || $0 == 0x0d }) else {
      return text
    }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }

  /// An event of CloudEvents 1.0 in its JSON format.
  func cloudEvent(_ event: JSONValue) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("specversion", "1.0"), .init("id", event["id"] ?? .null), .init("source", .string("//\(origin)")),
      .init("type", .string("runbook.\(event["type"]?.string ?? "")")), .init("time", event["time"] ?? .null),
    ]
    if let run = event["run"]?["id"]?.string {
      let step = event["step"]?["id"]?.string.map { "/\($0)" } ?? ""
      members.append(.init("subject", .string(run + step)))
    }
    return .object(members + [.init("datacontenttype", "application/json"), .init("data", event)])
  }

  /// An API Activity (class 6003) of OCSF 1.3.
  func ocsf(_ event: JSONValue) -> JSONValue {
    let type = event["type"]?.string ?? ""
    let isRead = type.hasPrefix("audit.") || event["data"]?["effect"]?.string == "read"
    let activity =
      switch type {
      case "run.planned", "log.opened", "key.created": 1
      case "step.intent", "step.finished", "key.rotated": isRead ? 2 : 3
      default: isRead ? 2 : 99
      }
    let status = event["data"]?["status"]?.string ?? event["data"]?["outcome"]?.string
    let isGood = ["ok", "done", "completed", "skipped"].contains(status ?? "")
    let time = event["time"]?.string.flatMap { Timestamp($0) }
    var members: [JSONValue.Member] = [
      .init("category_uid", 6), .init("class_uid", 6003), .init("activity_id", .integer(activity)),
      .init("type_uid", .integer(600_300 + activity)),
      .init("severity_id", .integer(status == nil || isGood ? 1 : 3)),
      .init("time", .integer(time?.milliseconds ?? 0)),
      .init(
        "metadata",
        [
          "version": "1.3.0", "uid": event["id"] ?? .null, "sequence": event["seq"] ?? .null,
          "log_name": .string(origin),
          "product": [
            "name": "runbook", "vendor_name": "runbook",
            "version": event["program"]?["version"] ?? .null,
          ],
        ]),
      .init(
        "actor",
        [
          "user": [
            "name": event["actor"]?["user"] ?? .null,
            "uid": .string(event["actor"]?["uid"]?.plainText ?? ""),
          ]
        ]),
      .init("api", ["operation": .string(type), "service": ["name": "runbook"]]),
      .init("src_endpoint", ["hostname": event["host"] ?? .null]),
    ]
    if let status {
      members += [.init("status_id", .integer(isGood ? 1 : 2)), .init("status", .string(status))]
    }
    return .object(members + [.init("unmapped", event)])
  }
}
