import RunbookEngine
import RunbookModel
import Testing

/// What a step waits for and what blocks it.
struct GraphTests {
  private static func needing(_ id: String, _ needs: [String]) -> Step {
    .call(id, .read) {
      $0.needs = needs.map { StepID($0) }
      $0.hasExplicitNeeds = true
    }
  }

  private static let failingA: @Sendable (StepTask) async -> StepResult = { task in
    task.step.id.rawValue == "a" ? .failed() : .ok()
  }

  @Test func `document order goes on past a failure that may be, an explicit need does not`() async throws {
    var trial = Trial([
      .call("a", .read) { $0.onFailure = .continue }, .call("b", .read), Self.needing("c", ["a"]),
      Self.needing("d", ["c"]), Self.needing("e", []),
    ])
    trial.script = Self.failingA
    let (outcome, log, performer) = try await trial.run()
    #expect(performer.steps == ["a", "b", "e"])
    #expect(outcome == .failed(StepID("a")))
    #expect(
      log == """
        planned; started a b c d e; intent a#1
        failed a#1 exit; so a#1 continue policy; intent b#1
        ok b#1; skip c blocked by a; skip d blocked by c; intent e#1
        ok e#1; end failed a
        """)
  }

  @Test func `an explicit need accepts a step skipped by its condition, not one skipped by hand`()
    async throws
  {
    var trial = Trial([
      .call("a") { $0.conditions = [Filter("false")] }, Self.needing("b", ["a"]), .call("c"),
      Self.needing("d", ["c"]),
    ])
    trial.answersYes = false
    trial.confirmer = ScriptedConfirmer([.confirm(.skip)])
    let (outcome, log, performer) = try await trial.run()
    #expect(performer.steps == ["b"])
    #expect(log.contains("skip d blocked by c"))
    #expect(outcome == .declined(StepID("c")))
  }

  @Test func `what uses an output that was not given is blocked`() async throws {
    var trial = Trial([
      .call("a", .read) {
        $0.outputs = [.init(name: "version", filter: nil, isSecret: false)]
        $0.conditions = [Filter("false")]
      },
      .call("b", .read) { $0.uses = ["version"] },
      Self.needing("c", []),
    ])
    let (outcome, log, performer) = try await trial.run()
    #expect(performer.steps == ["c"])
    #expect(log.contains("skip b blocked by a"))
    #expect(outcome == .failed(StepID("b")))
    trial.plan.parameters = ["version": .plain("1.2")]
    trial.journal = MemoryJournal()
    #expect(try await trial.run().outcome == .completed)
  }

  @Test func `an output reaches the steps that mention it`() async throws {
    var trial = Trial([
      .call("a", .read) {
        $0.outputs = [
          .init(name: "version", filter: nil, isSecret: false),
          .init(name: "token", filter: nil, isSecret: true),
        ]
      },
      .call("b", .read) {
        $0.uses = ["environment", "run_id", "run_started", "target_name", "token", "version"]
      },
    ])
    trial.script = { task in
      if task.step.id.rawValue == "b" {
        #expect(
          task.values == [
            "version": .text("1.2"), "environment": .text("test"), "target_name": .text("local"),
            "run_id": .text("20260101T000000Z-trial"), "run_started": .text("20260101T000000Z"),
            "token": .secret(SecretReference(name: "token", source: .output(StepID("a"), name: "token"))),
          ])
      }
      return .ok([.init("version", "1.2")])
    }
    #expect(try await trial.run().outcome == .completed)
  }

  @Test func `steps that were not selected are logged and stand in nobody's way`() async throws {
    var trial = Trial([.call("a", .read), Self.needing("b", ["a"]), .call("c", .read)])
    trial.plan.unselected = [StepID("a"), StepID("c")]
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .completed)
    #expect(
      log == """
        planned; started b; skip a not selected; intent b#1
        ok b#1; skip c not selected; end completed
        """)
  }
}
