import RunbookEngine
import RunbookModel
import Testing

/// Who would have to be asked, before the first step.
struct PreflightTests {
  private func found(
    _ trial: Trial, mode: RunMode = .run, skipped: Set<StepID> = []
  ) -> [String] {
    Preflight.unanswerable(trial.plan, mode: mode, options: trial.options, skipped: skipped).map {
      "\($0.step) \($0.reason)"
    }
  }

  private func trial(_ steps: [Step], answersYes: Bool = false, confirmed: [String] = []) -> Trial {
    var trial = Trial(steps)
    trial.hasTerminal = false
    trial.answersYes = answersYes
    trial.confirmed = confirmed.map { StepID($0) }
    return trial
  }

  @Test func `every step that needs an answer is named, with what would give it`() {
    let steps: [Step] = [
      .call("read", .read), .call("write"), .call("drop", .destructive), .manual("look"), .ask("size"),
      .ask("colour", default: "blue"), .call("shell", .read) { $0.isInteractive = true },
      .call("sure", .read) { $0.confirm = Template("Sure?") },
    ]
    #expect(
      found(trial(steps)) == [
        "write wants to be confirmed; --yes allows it", "drop is destructive; --confirm drop allows it",
        "look is done by a person", "size asks a question without a default",
        "colour asks a question; --yes takes its default", "shell is interactive",
        "sure wants to be confirmed; --yes allows it",
      ])
    #expect(
      found(trial(steps, answersYes: true, confirmed: ["drop"])) == [
        "look is done by a person", "size asks a question without a default", "shell is interactive",
      ])
  }

  @Test func `with a terminal and in a dry run nothing is refused`() {
    var trial = trial([.call("write"), .manual("look")])
    #expect(found(trial, mode: .dryRun) == [])
    trial.hasTerminal = true
    #expect(found(trial) == [])
  }

  @Test func `steps that are not selected or surely skipped need no answer`() async {
    var trial = trial([
      .manual("a"), .manual("b"), .manual("c"), .call("r", .read), .manual("d"),
    ])
    trial.plan.unselected = [StepID("a")]
    trial.plan.steps[1].conditions = [Filter("$target_types.stack == null")]
    trial.plan.steps[2].conditions = [Filter("true")]
    trial.plan.steps[4].conditions = [Filter("$r.status == \"failed\"")]
    let filters = TableFilters([
      "$target_types.stack == null": { _, variables in
        #expect(variables == ["target_types": ["db": "postgres"]])
        return [false]
      }
    ])
    let skipped = await Preflight.settledSkips(of: trial.plan, run: Trial.run, filters: filters)
    #expect(skipped == [StepID("b")])
    #expect(found(trial, skipped: skipped) == ["c is done by a person", "d is done by a person"])
  }

  @Test func `undo and rescue steps count where a failure leads to them`() {
    var steps = Step.undoable("a") + Step.undoable("b")
    steps[1].effect = .destructive
    #expect(found(trial(steps, answersYes: true)) == [])
    steps[2].onFailure = .undo
    #expect(
      found(trial(steps, answersYes: true)) == ["un-a is destructive; --confirm un-a allows it"])
    steps.append(.call("help", .destructive, role: .rescue))
    steps[0].onFailure = .rescue(StepID("help"))
    #expect(
      found(trial(steps, answersYes: true, confirmed: ["un-a"])) == [
        "help is destructive; --confirm help allows it"
      ])
  }

  @Test func `a run of mode undo is asked about its undo steps only`() {
    let steps = Step.undoable("a") + [.manual("m")]
    #expect(found(trial(steps), mode: .undo) == ["un-a wants to be confirmed; --yes allows it"])
  }
}
