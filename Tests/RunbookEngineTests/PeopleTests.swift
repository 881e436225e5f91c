import RunbookEngine
import RunbookModel
import Testing

/// Manual steps and questions.
struct PeopleTests {
  @Test func `a manual step ends as the operator says`() async throws {
    var trial = Trial([.manual("a"), .manual("b", evidence: true), .manual("c"), .manual("d")])
    trial.plan.steps[3].onFailure = .continue
    trial.confirmer = ScriptedConfirmer([
      .manual(.done(note: nil)), .manual(.done(note: "  ")), .manual(.done(note: "graph is flat")),
      .manual(.skipped(note: "")), .manual(.skipped(note: "no console")), .manual(.failed(note: "")),
      .manual(.failed(note: "still red")),
    ])
    let (outcome, log, performer) = try await trial.run()
    #expect(outcome == .completed)
    #expect(performer.steps.isEmpty)
    #expect(
      trial.confirmer.problems == [
        "this step wants evidence: note what you saw", "note why it is skipped", "note what failed",
      ])
    #expect(
      log == """
        planned; started a b c d
        manual a done person
        manual b done 'graph is flat' person
        manual c skipped 'no console' person
        manual d failed 'still red' person
        so d#1 continue policy; end completed
        """)
  }

  @Test func `a failed manual step leads to the failure menu and may be asked again`() async throws {
    var trial = Trial([.manual("a")])
    trial.confirmer = ScriptedConfirmer([
      .manual(.failed(note: "red")), .failure(.retry), .manual(.done(note: nil)),
    ])
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .completed)
    #expect(
      log.hasSuffix(
        """
        manual a failed 'red' person
        what-now a#1 retry,skip,done,stop
        so a#1 retry person
        manual a done person
        end completed
        """))
  }

  @Test func `a manual step can be where the operator stops or goes back`() async throws {
    var trial = Trial(Step.undoable("w") + [.manual("a")])
    trial.confirmer = ScriptedConfirmer([.manual(.stop)])
    var (outcome, log, _) = try await trial.run()
    #expect(outcome == .declined(StepID("a")))
    #expect(log.hasSuffix("answer a#1 stop person\nend declined a"))

    trial.journal = MemoryJournal()
    trial.confirmer = ScriptedConfirmer([.manual(.undo)])
    (outcome, log, _) = try await trial.run()
    #expect(outcome == .declined(StepID("a")))
    #expect(log.contains("answer a#1 undo person\nundo after a: w; ask un-w#1"))
  }

  @Test func `a question takes only answers of its type`() async throws {
    var port = ParameterType(.integer)
    port.minimum = "1"
    port.maximum = "65535"
    var trial = Trial([.ask("port", port), .call("a", .read) { $0.uses = ["port"] }])
    trial.confirmer = ScriptedConfirmer([.input(""), .input("http"), .input("70000"), .input("8080")])
    trial.script = { task in
      #expect(task.values == ["port": .plain(8080)])
      return .ok()
    }
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .completed)
    #expect(
      trial.confirmer.problems == [
        "must be an integer, for example 42", "must be an integer, for example 42", "must be at most 65535",
      ])
    #expect(log.contains("input port=8080 person\nintent a#1"))
  }

  @Test func `an empty answer takes the default`() async throws {
    var trial = Trial([.ask("colour", default: "blue")])
    trial.confirmer = ScriptedConfirmer([.input("")])
    #expect(try await trial.run().log.contains("input colour=blue person"))
  }

  @Test func `without a terminal a default is taken under yes, else the run stops`() async throws {
    var trial = Trial([.ask("colour", default: "blue"), .ask("size")])
    trial.hasTerminal = false
    let (outcome, log, _) = try await trial.run()
    #expect(outcome == .declined(StepID("size")))
    #expect(
      log == """
        planned; started colour size; input colour=blue automatic; answer size#1 stop automatic
        end declined size
        """)
  }

  @Test func `a secret answer is kept in memory and logged as a reference`() async throws {
    var trial = Trial([.ask("one-time-code", ParameterType(.secret))])
    trial.confirmer = ScriptedConfirmer([.input("123"), .input("492 118")])
    let (_, log, performer) = try await trial.run()
    #expect(trial.confirmer.problems == ["shorter than 6 bytes"])
    #expect(log.contains("input one-time-code=output:one-time-code.one_time_code person"))
    #expect(!log.contains("492"))
    #expect(Array(performer.kept.keys) == ["492 118"])
  }
}
