import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `The schema of events` {
  /// `Schemas/event.schema.json` beside `Tests`.
  private let path =
    #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/Schemas/event.schema.json"

  @Test func `admits every event that is written, and none with a member missing or added`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    let run = RunID("20261120T231500Z-k3xqd")
    for mode in [RunMode.run, .dryRun, .undo] {
      _ = try await store.append(EventSamples.kinds.map { RunEvent(run: run, mode: mode, kind: $0) })
    }
    var intent = EventSamples.intent(.main)
    intent.invocation = String(repeating: "x", count: 5000)
    let steps = (0..<1000).map { StepID("step-\($0)") }
    _ = try await store.append([.sample(.stepIntent(intent)), .sample(.runStarted(selection: steps))])
    let key = try LogHead.open(scratch.store).key.description
    let recovery = LogRecovery(reason: .tornLine, byteCount: 3, digest: EventSamples.sha, file: "torn-0-x")
    for event in [
      LogEvent.read(command: "history", run: nil), .read(command: "log", run: run), .recovered(recovery),
      .exported(command: "report", format: "html", run: run), .anchored(size: 3, place: "syslog"),
      .keyCreated(key: key), .sinkFailed(reason: "full"),
    ] {
      _ = try await store.append(event)
    }
    _ = try store.rotateKey()
    let (code, output) = try Command.run(["python3", "-c", Self.validation, path, scratch.journal])
    #expect(code == 0, "\(output)")
    let count = EventSamples.kinds.count * 3 + 11
    #expect(output == "\(count) events of \(RunEvent.Kind.types.count + LogEvent.types.count) types\n")
  }

  @Test func `knows the words that the program knows`() throws {
    let schema = try JSONValue(parsing: Scratch().read(path))
    func words(_ path: String...) -> [String]? {
      path.reduce(schema) { $0?[$1] }?["enum"]?.array?.compactMap(\.string)
    }
    func words(in event: String, _ name: String) -> [String]? { words("$defs", event, "properties", name) }
    #expect(words("properties", "type") == LogEvent.types + RunEvent.Kind.types)
    #expect(words("$defs", "status") == StepStatus.allCases.map(\.rawValue))
    #expect(words("$defs", "source") == AnswerSource.allCases.map(\.rawValue))
    #expect(words("$defs", "choice") == FailureChoice.allCases.map(\.rawValue))
    #expect(words(in: "confirm.answered", "answer") == Answer.allCases.map(\.rawValue))
    #expect(words(in: "manual.answered", "answer") == ManualAnswer.allCases.map(\.rawValue))
    #expect(words(in: "step.intent", "effect") == Effect.allCases.map(\.rawValue))
    #expect(words(in: "step.finished", "reason") == StepFailure.Reason.allCases.map(\.rawValue))
    #expect(words(in: "step.finished", "verdict") == Verdict.allCases.map(\.rawValue))
    #expect(words(in: "run.finished", "outcome") == EventSamples.outcomes.map(\.word).uniqued)
    #expect(words(in: "log.recovered", "reason") == LogRecovery.Reason.allCases.map(\.rawValue))
    #expect(words("properties", "actor", "properties", "kind") == Actor.Kind.allCases.map(\.rawValue))
    #expect(
      words("$defs", "step.finished", "properties", "streams", "items", "properties", "stream")
        == OutputStream.allCases.map(\.rawValue))
  }

  private static let validation = """
    import copy, json, sys
    from jsonschema import Draft202012Validator
    schema = json.load(open(sys.argv[1]))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    seen = {}
    count = 0
    optional = {'reason', 'detail', 'verdict', 'verdict_detail', 'must_type', 'note', 'of', 'step', 'after',
                'signal', 'git_commit', 'file', 'condition', 'by', 'key', 'predecessor'}
    for line in open(sys.argv[2], 'rb').read().splitlines():
        event = json.loads(line)
        count += 1
        errors = [error.message for error in validator.iter_errors(event)]
        assert not errors, (event['type'], errors)
        if event['type'] in seen:
            continue
        seen[event['type']] = True
        for part in ([], ['data'], ['program'], ['actor']):
            names = event
            for key in part:
                names = names[key]
            for name in names:
                if part and name in optional:
                    continue
                changed = copy.deepcopy(event)
                target = changed
                for key in part:
                    target = target[key]
                del target[name]
                assert not validator.is_valid(changed), (event['type'], 'without', part, name)
            changed = copy.deepcopy(event)
            target = changed
            for key in part:
                target = target[key]
            target['surprise'] = 1
            assert not validator.is_valid(changed), (event['type'], 'with more in', part)
    print(count, 'events of', len(seen), 'types')
    """
}

extension Array where Element: Hashable {
  /// Without repetitions, in order of first appearance.
  fileprivate var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
