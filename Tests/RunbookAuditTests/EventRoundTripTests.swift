public import RunbookModel
import Testing

/// One or several events of every case, with values at the edges of what they may hold.
enum EventSamples {
  static let kinds: [RunEvent.Kind] =
    [
      .runPlanned(planned), .runStarted(selection: ["a", "b-2"].map { StepID($0) }),
      .runStarted(selection: []),
      .runResumed(RunResumed(after: .max >> 1)), .runResumed(resumed),
      .lockAcquired(LockClaim(name: "postgres", from: nil)),
      .lockAcquired(LockClaim(name: "postgres", from: RunID("20261120T231500Z-k3xqd"))),
      .conditionDecided("probe", index: 3, isTrue: true), .conditionDecided("probe", index: 0, isTrue: false),
      .stepSkipped("probe", .condition(#"$a.status == "ok" // "x""#)), .stepSkipped("probe", .operatorChoice),
      .stepSkipped("probe", .blocked(by: "start")), .stepSkipped("probe", .notSelected),
      .confirmAsked("start", attempt: 1, ConfirmationRequest(question: "Start?\nNow?", mustType: "prod/db")),
      .confirmAsked("start", attempt: 2, ConfirmationRequest(question: "", mustType: nil)),
      .stepWithdrawn("start", attempt: 7), .stepUnknown("start", attempt: 7),
      .artifact("dump", Artifact(path: "/b/ü.dump", byteCount: .max, digest: sha, owner: "0:0")),
      .undoStarted(after: "start", steps: ["undo-start", "undo-stop"]), .undoStarted(after: nil, steps: []),
      .signalReceived("SIGINT"),
      .inputAnswered("who", .plain("O'Neill \u{1b}[31m\u{0}\u{7f}\u{2028}"), .person),
      .inputAnswered("who", .plain(.number("12345678901234567890.10")), .automatic),
      .inputAnswered(
        "who", .secret(SecretReference(name: "pw", source: .output("login", name: "token"))), .person),
      .inputAnswered(
        "who", .secret(SecretReference(name: "pw", source: .command(["pass", "a b"]))), .option),
    ] + outcomes.map { .runFinished($0) } + roles.map { .stepIntent(intent($0)) }
    + roles.map { .stepFinished(finished($0)) } + [.stepFinished(plainFinished)]
    + FailureChoice.allCases.map { .failureAnswered("start", attempt: 2, $0, note: $0.rawValue, .person) }
    + [
      .failureAnswered("start", attempt: 2, .stop, note: nil, .policy),
      .failureAsked("start", attempt: 1, choices: FailureChoice.allCases),
    ]
    + Answer.allCases.flatMap { answer in
      AnswerSource.allCases.map { .confirmAnswered("start", attempt: 1, answer, $0) }
    }
    + ManualAnswer.allCases.flatMap {
      [.manualAnswered("look", $0, note: nil, .person), .manualAnswered("look", $0, note: "seen", .option)]
    }
    + StepStatus.allCases.map { .stepResolved("start", attempt: 1, $0, note: "", .automatic) }

  static let sha = Digest("sha256:" + String(repeating: "0a", count: 32))

  static let planned: RunPlanned = {
    var planned = RunPlanned(
      runbook: Plan.Source(name: "db/down", title: "Ünavailable", path: "runbooks/db/down.md", digest: sha),
      environment: "demo", environmentDigest: sha, planDigest: sha)
    planned.blobs = [sha, sha]
    planned.parameters = [
      .init("ratio", .number("0.10")), .init("name", "x\"y"), .init("secret", "env:PGPASSWORD"),
      .init("list", [1, true, .null, ["k": "ü"]]),
    ]
    planned.answersYes = true
    planned.confirmed = ["drop", "purge"]
    planned.gitCommit = "4f2c"
    planned.gitIsDirty = true
    planned.directory = "/srv/ü"
    return planned
  }()

  static let resumed: RunResumed = {
    var resumed = RunResumed(after: 0)
    resumed.answersYes = true
    resumed.confirmed = ["drop"]
    resumed.survivors = ["4711 sleep"]
    resumed.masks = ["file:/run/texts"]
    return resumed
  }()

  static let outcomes: [RunOutcome] = [
    .completed, .failed("a"), .undone("a"), .declined("a"), .declined(nil), .incomplete,
    .refused("policy: no"),
    .unknown("a"), .interrupted(15), .unlogged("disk full"),
  ]
  static let roles: [StepRole] = [.main, .undo(of: "start"), .rescue(of: "start"), .verify(of: "start")]

  static func intent(_ role: StepRole) -> StepIntent {
    StepIntent(
      step: "start", attempt: 3, role: role, title: "Start »it«", effect: .destructive,
      target: "app@127.0.0.1:5432/app", invocation: "SELECT 1;\r\n\t-- ***\n", isSimulated: role == .main)
  }

  static func finished(_ role: StepRole) -> StepFinished {
    let json: JSONValue = [
      "rows": [["größe": .number("1e400"), "größe": .null]], "exit": -1, "text": "\u{0}\u{1f}\\\"/",
    ]
    var result = StepResult(
      status: .failed, json: json, reason: .notFound, detail: "42P01", effectIsPossible: true)
    result.outputs = [.init("count", .number("-0.0")), .init("name", "n")]
    result.verdict = .unverifiable
    result.verdictDetail = "cannot be prepared"
    var finished = StepFinished(
      step: "start", attempt: 3, role: role, result: result, activeMilliseconds: 1234)
    finished.polls = 12
    finished.outputs = OutputStream.allCases.map {
      OutputRecord(
        stream: $0, byteCount: 1 << 40, lineCount: 5, digest: sha, text: nil, blob: sha, isTruncated: true)
    }
    finished.survivors = ["4711 sleep"]
    finished.isRecovered = true
    return finished
  }

  static let plainFinished: StepFinished = {
    var finished = StepFinished(
      step: "start", attempt: 1, role: .main, result: StepResult(status: .ok, json: .object([])),
      activeMilliseconds: 0)
    finished.outputs = [
      OutputRecord(
        stream: .standardOutput, byteCount: 3, lineCount: 1, digest: sha, text: "ok\n", blob: nil,
        isTruncated: false)
    ]
    return finished
  }()
}

@Suite struct `Events as JSON` {
  @Test func `an event read back equals the one written`() throws {
    for kind in EventSamples.kinds {
      let text = JSONValue.object(kind.data).text
      let read = try RunEvent.Kind(type: kind.type, step: kind.subject, data: JSONValue(parsing: text))
      #expect(read == kind)
    }
  }

  @Test func `the samples cover every type, and the list of types is complete`() {
    #expect(Set(EventSamples.kinds.map(\.type)) == Set(RunEvent.Kind.types))
    #expect(Set(RunEvent.Kind.types).count == RunEvent.Kind.types.count)
  }

  @Test func `names are ASCII and numbers are integers`() {
    for kind in EventSamples.kinds {
      func check(_ value: JSONValue) {
        switch value {
        case .null: Issue.record("\(kind.type) holds null")
        case .boolean, .string: break
        case .number(let text): #expect(Int(text).map { String($0) } == text)
        case .array(let values): values.forEach(check)
        case .object(let members):
          for member in members {
            #expect(member.name.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7a) || $0 == 0x5f })
            check(member.value)
          }
          #expect(Set(members.map(\.name)).count == members.count)
        }
      }
      check(.object(kind.data))
    }
  }

  @Test func `an event without one of its members is refused or means something else`() {
    for kind in EventSamples.kinds {
      for index in kind.data.indices where kind.data[index].name != "exit" {
        var data = kind.data
        data.remove(at: index)
        let read = try? RunEvent.Kind(type: kind.type, step: kind.subject, data: .object(data))
        #expect(read != kind)
      }
    }
  }

  @Test func `an unknown type is named`() {
    #expect(throws: EventDecodingError("'run.painted' is no event of a run")) {
      try RunEvent.Kind(type: "run.painted", step: nil, data: .object([]))
    }
  }

  @Test func `the text of an event stays as it is`() {
    #expect(
      JSONValue.object(RunEvent.Kind.runFinished(.failed("start-db")).data).text
        == #"{"outcome":"failed","step":"start-db","exit":1}"#)
    #expect(
      JSONValue.object(RunEvent.Kind.stepIntent(EventSamples.intent(.undo(of: "start"))).data).text
        == #"{"role":"undo","of":"start","title":"Start »it«","effect":"destructive","#
        + #""target":"app@127.0.0.1:5432/app","invocation":"SELECT 1;\r\n\t-- ***\n","simulated":false}"#)
  }
}

extension StepID: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}
