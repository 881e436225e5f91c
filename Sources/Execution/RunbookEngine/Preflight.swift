public import RunbookModel

/// What can be said of a plan before its first step.
public enum Preflight {
  /// One step that somebody must answer for.
  public struct Unanswerable: Sendable, Hashable {
    /// The step.
    public let step: StepID
    /// What it needs, for people: lower case, no full stop.
    public let reason: String
  }

  /// The steps that need an answer nobody is there to give: a run without a terminal is refused because of them.
  ///
  /// Includes the undo and rescue steps to which `on-failure` can lead. Empty with a terminal and in a dry run.
  ///
  /// - Parameter skipped: Steps whose condition is known to be false; see `settledSkips`.
  public static func unanswerable(
    _ plan: Plan, mode: RunMode, options: RunOptions, skipped: Set<StepID> = []
  ) -> [Unanswerable] {
    guard !options.hasTerminal, mode != .dryRun else { return [] }
    var found: [Unanswerable] = []
    func check(_ step: Step) {
      guard !found.contains(where: { $0.step == step.id }), let need = need(of: step, plan, options)
      else { return }
      found.append(Unanswerable(step: step.id, reason: need))
    }
    var undoSteps: [Step] = []
    for step in plan.mainSteps {
      if let undo = step.undo.flatMap({ plan.step(named: $0) }) { undoSteps.append(undo) }
      // An earlier run may have left any of its steps to be taken back.
      if mode == .undo { continue }
      guard !plan.unselected.contains(step.id), !skipped.contains(step.id) else { continue }
      check(step)
      switch step.onFailure {
      case .undo: for undo in undoSteps { check(undo) }
      case .rescue(let id): if let rescue = plan.step(named: id) { check(rescue) }
      case .ask, .stop, .continue, nil: break
      }
    }
    if mode == .undo { for undo in undoSteps { check(undo) } }
    return found
  }

  /// The steps whose conditions are false whatever the other steps do: those that hang on parameters and the
  /// environment alone. A condition that fails is left to the run.
  public static func settledSkips(
    of plan: Plan, run: RunID, filters: any FilterEvaluator
  ) async -> Set<StepID> {
    let ledger = Ledger(run: run, plan: plan)
    var skipped: Set<StepID> = []
    for step in plan.mainSteps where !plan.unselected.contains(step.id) {
      for filter in step.conditions where ledger.steps(mentionedIn: filter).isEmpty {
        let variables = ledger.variables(for: [filter], in: step)
        let values = try? await filters.evaluate(
          filter, input: .null, variables: variables, within: Judgement.filterLimit)
        if values == [.boolean(false)] {
          skipped.insert(step.id)
          break
        }
      }
    }
    return skipped
  }

  private static func need(of step: Step, _ plan: Plan, _ options: RunOptions) -> String? {
    switch step.action {
    case .manual: return "is done by a person"
    case .ask(let question):
      if question.defaultValue == nil { return "asks a question without a default" }
      return options.contract.answersYes ? nil : "asks a question; --yes takes its default"
    case .wait: return nil
    case .call: break
    }
    if step.isInteractive { return "is interactive" }
    guard ConfirmationRule(for: step, in: plan.environment) == .asked, !options.covers(step) else {
      return nil
    }
    return step.effect == .destructive
      ? "is destructive; --confirm \(step.id) allows it" : "wants to be confirmed; --yes allows it"
  }
}
