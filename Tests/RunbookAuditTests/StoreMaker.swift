import Glibc
import RunbookModel

@testable import RunbookAudit

/// Makes stores of a given size through the store itself, with group commit.
enum StoreMaker {
  /// Runs that could have been: planned, started, steps with intent and outcome, the end.
  static func events(_ count: Int, from first: Int = 0, page: Digest? = nil) -> [RunEvent] {
    var events: [RunEvent] = []
    events.reserveCapacity(count)
    while events.count < count {
      let rest = count - events.count
      add(
        rest >= 103 ? 50 : rest, to: &events, run: RunID("20261120T231500Z-r\(first + events.count)"),
        page: page)
    }
    return events
  }

  private static func add(_ count: Int, to events: inout [RunEvent], run: RunID, page: Digest?) {
    var planned = EventSamples.planned
    planned.blobs = page.map { [$0] } ?? []
    var kinds: [RunEvent.Kind] = [.runPlanned(planned), .runStarted(selection: [])]
    var attempt = 1
    while kinds.count + 3 <= count {
      var intent = EventSamples.intent(.main)
      intent.step = "start"
      intent.attempt = attempt
      var finished = EventSamples.plainFinished
      finished.step = "start"
      finished.attempt = attempt
      kinds += [.stepIntent(intent), .stepFinished(finished)]
      attempt += 1
    }
    if kinds.count + 2 == count { kinds.append(.signalReceived("SIGINT")) }
    if kinds.count + 1 == count { kinds.append(.runFinished(.completed)) }
    events += kinds.prefix(count).map { RunEvent(run: run, mode: .run, kind: $0) }
  }

  /// A store of `count` events, the log's own first one included; closed and signed.
  static func make(_ location: StoreLocation, events count: Int) async throws {
    let store = try AuditStore.forTest(location)
    let page = try store.blobs.put(Array("# A page\n".utf8))
    let events = events(count - 1, page: page)
    var start = 0
    while start < events.count {
      let end = min(start + 1000, events.count)
      _ = try await store.append(Array(events[start..<end]))
      start = end
    }
    // What comes behind the end of the last whole run is signed by the next process.
    _ = try AuditStore.forTest(location)
  }

  /// Numbers and hashes as they should be: what somebody without the key can do.
  static func rechained(_ lines: [[UInt8]]) throws -> [[UInt8]] {
    var hasher = try SHA256()
    var previous: SHA256.Hash?
    var last: [String: Int] = [:]
    return try lines.enumerated().map { number, line in
      guard var members = try JSONValue(parsing: line.dropLast()).members else { return line }
      for (index, member) in members.enumerated() {
        if member.name == "seq" { members[index] = .init("seq", .integer(number)) }
        if member.name == "prev", let previous {
          members[index] = .init("prev", .string(previous.hexadecimal))
        }
        if member.name == "run", let run = member.value["id"]?.string, var parts = member.value.members {
          parts.removeAll { $0.name == "prev" }
          if let last = last[run] { parts.append(.init("prev", .integer(last))) }
          members[index] = .init("run", .object(parts))
          last[run] = number
        }
      }
      let bytes = JSONValue.object(members).utf8
      previous = bytes.withBytes { Merkle.leaf($0, &hasher) }
      return bytes + [0x0a]
    }
  }

  /// Findings of a verification, by severity.
  static func verify(
    _ location: StoreLocation, _ options: VerificationOptions = VerificationOptions()
  ) throws -> (summary: VerificationSummary, mismatches: [String], warnings: [String]) {
    var mismatches: [String] = []
    var warnings: [String] = []
    let summary = try LogVerifier.verify(location, options) { finding in
      switch finding.severity {
      case .mismatch: mismatches.append(finding.text)
      case .warning: warnings.append(finding.text)
      }
    }
    return (summary, mismatches, warnings)
  }
}

/// A file of the repository beside `Tests`.
func repositoryFile(_ path: String) -> String {
  #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/" + path
}
