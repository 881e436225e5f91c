import Glibc
import RunbookModel
import Synchronization
import Testing

@testable import RunbookAudit

@Suite struct `History` {
  /// A clock that goes on by one second with every look at it.
  private static func clock() -> AuditClock {
    let now = Mutex(Int64(1_790_000_000_000_000_000))
    return AuditClock(
      wall: {
        now.withLock { now in
          now += 1_000_000_000
          return now
        }
      }, monotonic: AuditClock.system.monotonic)
  }

  private static func planned(_ name: String, _ environment: String) -> RunEvent.Kind {
    .runPlanned(
      RunPlanned(
        runbook: Plan.Source(
          name: name, title: "Title of \(name)", path: "runbooks/\(name).md", digest: EventSamples.sha),
        environment: environment, environmentDigest: EventSamples.sha, planDigest: EventSamples.sha))
  }

  private static func filled(_ scratch: Scratch) async throws -> AuditReader {
    let store = try AuditStore.forTest(scratch.store, clock: clock())
    func add(_ run: String, _ kinds: RunEvent.Kind...) async throws {
      _ = try await store.append(kinds.map { .sample($0, run: run) })
    }
    try await add("20261120T100000Z-aaaaa", planned("db/down", "demo"), .runStarted(selection: ["start"]))
    try await add("20261120T110000Z-abbbb", planned("deploy", "staging"), .runStarted(selection: ["start"]))
    try await add(
      "20261120T100000Z-aaaaa", .stepIntent(EventSamples.intent(.main)),
      .stepFinished(EventSamples.plainFinished),
      .stepSkipped("probe", .operatorChoice), .runFinished(.completed))
    try await add(
      "20261120T110000Z-abbbb", .stepIntent(EventSamples.intent(.main)),
      .stepFinished(EventSamples.finished(.main)), .runFinished(.failed("start")))
    try await add(
      "20261120T120000Z-ccccc", planned("db/down", "demo"), .stepIntent(EventSamples.intent(.main)),
      .manualAnswered("look", .done, note: "saw a \"quote\"\n", .person))
    _ = try await store.append(.read(command: "history", run: nil))
    return try #require(try AuditReader.open(scratch.store))
  }

  private func list(_ reader: AuditReader, _ change: (inout HistoryQuery) -> Void) throws -> [String] {
    var query = HistoryQuery()
    change(&query)
    return try reader.history(query).map { String($0.id.rawValue.suffix(5)) }
  }

  @Test func `lists runs, newest first, with how they stand`() async throws {
    let runs = try await Self.filled(Scratch()).history()
    #expect(runs.map { $0.id.rawValue.suffix(5) } == ["ccccc", "abbbb", "aaaaa"])
    #expect(runs.map(\.status) == ["open", "failed", "completed"])
    #expect(runs.map(\.outcome) == [nil, .failed("start"), .completed])
    #expect(runs.map(\.openStep) == ["start", nil, nil])
    #expect(runs.map(\.statuses) == [[:], [.failed: 1], [.ok: 1, .skipped: 1]])
    #expect(runs.map(\.runbook.name) == ["db/down", "deploy", "db/down"])
    #expect(runs.map(\.environment) == ["demo", "staging", "demo"])
    #expect(runs.map(\.firstSequence) == [12, 3, 1])
    #expect(runs.map(\.milliseconds) == [2000, 8000, 7000])
    #expect(runs.map(\.actor.user) == ["eve", "eve", "eve"])
  }

  @Test func `tells of lines that are missing or cannot be read`() async throws {
    let scratch = Scratch()
    #expect(try await Self.filled(scratch).historyAndDefects().defects.isEmpty)
    let journal = try scratch.read(scratch.journal)
    let lines = journal.split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
    try scratch.write(
      Array(lines.enumerated().filter { $0.offset != 2 }.map { $0.element + "\n" }.joined().utf8),
      to: scratch.journal)
    let reader = try #require(try AuditReader.open(scratch.store))
    let (runs, missing) = try reader.historyAndDefects()
    #expect(runs.count == 3)
    #expect(
      missing == ["the event 3 stands where the event 2 belongs: somebody changed the journal"])
    var changed = lines
    try #require(changed[1].contains("\"runbook\":"))
    changed[1] = changed[1].split(separator: "\"runbook\":").joined(separator: "\"rumbook\":")
    try scratch.write(Array(changed.map { $0 + "\n" }.joined().utf8), to: scratch.journal)
    let second = try #require(try AuditReader.open(scratch.store))
    #expect(try second.historyAndDefects().runs.count == 2)
    #expect(
      try second.historyAndDefects().defects
        == ["the event 1, which begins the run 20261120T100000Z-aaaaa, cannot be read"])
    #expect(throws: AuditFailure.self) { try second.run(matching: "aaaaa") }
  }

  @Test func `counts a dry run by what it says of its steps, not as steps that failed or were skipped`()
    async throws
  {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    func finished(_ verdict: Verdict, _ status: StepStatus) -> RunEvent.Kind {
      var finished = EventSamples.plainFinished
      finished.result.status = status
      finished.result.verdict = verdict
      finished.result.json = ["stdout": "\"verdict\":\"failed\""]
      return .stepFinished(finished)
    }
    _ = try await store.append(
      [
        Self.planned("deploy", "demo"), finished(.executed, .ok), finished(.executed, .failed),
        finished(.verified, .skipped), finished(.deferred, .failed), finished(.shown, .skipped),
        .stepSkipped("a", .condition("false")), .stepSkipped("b", .blocked(by: "a")),
        .stepSkipped("c", .notSelected),
      ].map { RunEvent(run: RunID("20261120T130000Z-ddddd"), mode: .dryRun, kind: $0) })
    let reader = try #require(try AuditReader.open(scratch.store))
    let run = try #require(try reader.history().first)
    #expect(run.verdicts == [.executed: 2, .verified: 1, .deferred: 1, .shown: 1, .skipped: 1])
    #expect(run.statuses == [.blocked: 1])
  }

  @Test func `is narrowed by what is asked for`() async throws {
    let reader = try await Self.filled(Scratch())
    let second = try reader.history()[1].started
    #expect(try list(reader) { $0.runbook = "db/down" } == ["ccccc", "aaaaa"])
    #expect(try list(reader) { $0.environment = "staging" } == ["abbbb"])
    #expect(try list(reader) { $0.actor = "eve" }.count == 3)
    #expect(try list(reader) { $0.actor = "mallory" } == [])
    #expect(try list(reader) { $0.status = "open" } == ["ccccc"])
    #expect(try list(reader) { $0.since = second } == ["ccccc", "abbbb"])
    #expect(try list(reader) { $0.until = second } == ["aaaaa"])
    #expect(try list(reader) { $0.limit = 1 } == ["ccccc"])
    #expect(try list(reader) { $0.text = "a \"quote\"\n" } == ["ccccc"])
    #expect(try list(reader) { $0.text = "Title of deploy" } == ["abbbb"])
    #expect(try list(reader) { $0.text = "1.2.3" } == [], "what all events share does not count")
  }

  @Test func `a resumed run is open again`() async throws {
    let scratch = Scratch()
    let reader = try await Self.filled(scratch)
    let store = try AuditStore.forTest(scratch.store)
    _ = try await store.append([.sample(.runResumed(RunResumed(after: 8)), run: "20261120T100000Z-aaaaa")])
    #expect(try reader.history().map(\.status) == ["open", "failed", "open"])
    #expect(try Command.checkJournal(scratch.journal).code == 0)
  }

  @Test func `a run may be named by its beginning or by its letters`() async throws {
    let reader = try await Self.filled(Scratch())
    #expect(try reader.run(matching: "20261120T100000Z-aaaaa").rawValue == "20261120T100000Z-aaaaa")
    #expect(try reader.run(matching: "20261120T11").rawValue == "20261120T110000Z-abbbb")
    #expect(try reader.run(matching: "cc").rawValue == "20261120T120000Z-ccccc")
    #expect(throws: AuditFailure.notFound("no run is named 'zz'")) { try reader.run(matching: "zz") }
    #expect(throws: AuditFailure.notFound("no run is named ''")) { try reader.run(matching: "") }
    let several = AuditFailure.ambiguous(
      "a", [RunID("20261120T110000Z-abbbb"), RunID("20261120T100000Z-aaaaa")])
    #expect(throws: several) { try reader.run(matching: "a") }
    #expect(several.reason == "several runs begin with 'a': 20261120T110000Z-abbbb, 20261120T100000Z-aaaaa")
  }

  @Test func `a run's events are found among others, also far apart`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    let run = RunID("20261120T231500Z-k3xqd")
    var expected: [UInt64] = []
    let sizes = [1, 2, 700, 3, 4200, 1, 100, 10]
    for (round, size) in sizes.enumerated() {
      expected += try await store.append([.sample(.signalReceived("SIG\(round)"))]).map(\.sequence)
      _ = try await store.append(
        (0..<size).map { .sample(.signalReceived("SIGHUP"), run: "20261120T231500Z-x\($0 % 7)") })
    }
    let reader = try #require(try AuditReader.open(scratch.store))
    #expect(try reader.events(of: run).map(\.sequence) == expected)
    #expect(
      try reader.events(of: RunID("20261120T231500Z-x3")).count == sizes.reduce(0) { $0 + ($1 + 3) / 7 })
    #expect(throws: AuditFailure.notFound("the log has no run 'nobody'")) {
      try reader.events(of: RunID("nobody"))
    }
  }

  @Test func `a new run does not look for earlier events of its own`() {
    let new = [Self.planned("a", "demo"), .runStarted(selection: [])].map { RunEvent.sample($0, run: "new") }
    let old = RunEvent.sample(.runResumed(RunResumed(after: 3)), run: "old")
    #expect(PendingAppend.resumedRuns(in: new + [old]) == [RunID("old")])
    #expect(PendingAppend.resumedRuns(in: new.reversed()) == [RunID("new")])
  }

  @Test func `long texts come back whole, and the events stay small`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    var intent = EventSamples.intent(.main)
    intent.invocation = String(repeating: "SELECT 'ü\u{1}';\n", count: 10_000)
    intent.title = String(repeating: "\u{1b}", count: 4000)
    intent.target = String(repeating: "t", count: 4096)
    var finished = EventSamples.plainFinished
    finished.result.json = ["rows": .array((0..<5000).map { .integer($0) })]
    finished.outputs = OutputStream.allCases.map {
      OutputRecord(
        stream: $0, byteCount: 4096, lineCount: 0, digest: EventSamples.sha,
        text: String(repeating: "\u{1}", count: 4096), blob: nil, isTruncated: false)
    }
    let kinds: [RunEvent.Kind] = [
      .runStarted(selection: (0..<1000).map { StepID("step-with-a-name-\($0)") }), .stepIntent(intent),
      .stepFinished(finished),
    ]
    _ = try await store.append(kinds.map { .sample($0) })
    let reader = try #require(try AuditReader.open(scratch.store))
    #expect(try reader.events(of: RunID("20261120T231500Z-k3xqd")).map(\.kind) == kinds)
    #expect(try Command.checkJournal(scratch.journal).output == "4 events\n")
    let names = try Command.run(["grep", "-o", "[a-z_]*_blob\":", scratch.journal]).output
    #expect(names.contains("selection_json_blob") && names.contains("invocation_blob"))

    _ = try Command.run(["rm", "-r", scratch.store.path + "/blobs/sha256"])
    _ = try AuditStore.forTest(scratch.store)
    let contents = try reader.events(of: RunID("20261120T231500Z-k3xqd")).map(\.content)
    for content in contents {
      guard case .unreadable(let reason) = content else {
        Issue.record("\(content)")
        continue
      }
      #expect(reason.hasPrefix("the store has no blob sha256:"))
    }
  }

  @Test func `events of a later version are shown as such`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    _ = try await store.append([.sample(.signalReceived("SIGINT"))])
    let text = String(decoding: try scratch.read(scratch.journal), as: UTF8.self)
    try scratch.write(
      Array(text.replacing("\"type\":\"signal.received\"", with: "\"type\":\"signal.repeated\"").utf8),
      to: scratch.journal)
    let reader = try #require(try AuditReader.open(scratch.store))
    let event = try #require(try reader.events(of: RunID("20261120T231500Z-k3xqd")).first)
    #expect(event.content == .unreadable("'signal.repeated' is no event of a run"))
    #expect(event.type == "signal.repeated")
  }
}

@Suite struct `Times` {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
    (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_795_219_200_001, "2026-11-21T00:00:00.001Z"),
    (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
  ])
  func `are written as RFC 3339 wants and read back`(milliseconds: Int64, text: String) {
    #expect(Timestamp(milliseconds: milliseconds).description == text)
    #expect(Timestamp(text)?.milliseconds == milliseconds)
  }

  @Test func `may leave out what is zero`() {
    #expect(Timestamp("2026-11-21") == Timestamp("2026-11-21T00:00:00.000Z"))
    #expect(Timestamp("2026-11-21T10:11:12Z") == Timestamp("2026-11-21T10:11:12.000Z"))
  }

  @Test(arguments: [
    "", "2026", "2026-13-01", "2026-11-21T", "2026-11-21T10:11:12", "2026-11-21 10:11:12Z",
    "2026-11-21T24:00:00Z", "2026-11-21T10:11:12.1Z",
  ])
  func `of another form are refused`(text: String) { #expect(Timestamp(text) == nil) }
}

@Suite struct `The actor` {
  @Test(arguments: [
    ([:], true, Actor.Kind.human), ([:], false, .agent), (["CI": "true"], true, .ci),
    (["CI": "1"], false, .ci),
    (["CI": "false"], true, .human), (["CI": ""], false, .agent), (["RUNBOOK_ACTOR": "agent"], true, .agent),
    (["RUNBOOK_ACTOR": "ci"], false, .ci), (["RUNBOOK_ACTOR": "human"], false, .agent),
    (["RUNBOOK_ACTOR": "human", "CI": "true"], true, .ci),
  ])
  func `is told by terminal and environment, and nobody becomes human by saying so`(
    variables: [String: String], hasTerminal: Bool, kind: Actor.Kind
  ) {
    #expect(Actor.kind({ variables[$0] }, hasTerminal: hasTerminal) == kind)
  }

  @Test func `is who runs this process`() throws {
    let actor = Actor.current { ["SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22"][$0] }
    #expect(actor.uid == geteuid())
    #expect(actor.user == (try Command.run(["id", "-un"]).output.dropLast()))
    #expect(actor.remote == "192.0.2.7")
  }
}
