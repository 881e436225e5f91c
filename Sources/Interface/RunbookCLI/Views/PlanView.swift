import RunbookAdapter
import RunbookDiagnostics
import RunbookModel

/// The steps in order, with targets and effects: what `plan` prints and a prompt's `b` shows again.
struct PlanView {
  let plan: Plan
  let registry: AdapterRegistry
  let screen: Screen

  /// A block a step: number, title and id; effect and target; what it does; how it can be taken back.
  var text: String {
    var lines = [
      screen.styled("\(inert(plan.runbook.name)) · \(inert(plan.runbook.title))", .strong),
      screen.styled(
        "  environment \(inert(plan.environment.name))\(plan.environment.isProtected ? " (protected)" : ""), asks from "
          + "'\(plan.environment.confirm.rawValue)' on · \(inert(plan.runbook.path))", .faint),
    ]
    for name in plan.parameters.keys.sorted() {
      lines.append(screen.styled("  \(name) = \(inert(plan.parameters[name]?.displayText ?? ""))", .faint))
    }
    let unselected = Set(plan.unselected)
    for (index, step) in plan.mainSteps.enumerated() {
      lines.append("")
      lines += block(step, mark: "\(index + 1).", isLeftOut: unselected.contains(step.id))
    }
    let others = plan.steps.filter { $0.role != .main }
    if !others.isEmpty {
      lines.append("")
      lines.append(screen.styled("Only when called for", .strong))
      for step in others {
        lines.append("")
        lines += block(step, mark: step.role.rawValue, isLeftOut: false)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func block(_ step: Step, mark: String, isLeftOut: Bool) -> [String] {
    var lines = [screen.styled("\(mark) \(inert(step.title)) #\(step.id)", isLeftOut ? .faint : .strong)]
    if isLeftOut { lines.append(screen.styled("   left out", .faint)) }
    switch step.action {
    case .manual(let task):
      lines.append("   a person does it\(task.wantsEvidence ? " and says what was seen" : "")")
    case .ask(let question):
      lines.append("   asks: \(inert(question.text.displayText([:])))")
    case .wait(let milliseconds):
      lines.append("   waits \(EventLines.duration(milliseconds: milliseconds))")
    case .call(let call):
      let source =
        switch step.effectSource {
        case .known: ""
        case .assumed: " (assumed)"
        case .declared: " (declared by the page)"
        }
      lines.append(
        screen.styled("   \(step.effect.rawValue)\(source)", EventLines.style(of: step.effect)) + " on "
          + inert(registry.summary(of: step.target)))
      if let bound = registry.bind(call, traits: StepTraits(step), names: NameTable()).call {
        for line in TerminalText.lines(of: bound.invocation(step.target, values)) where !line.isEmpty {
          lines.append(screen.styled("   $ \(inert(line))", .link))
        }
      }
    }
    let details = details(of: step)
    if !details.isEmpty { lines.append(screen.styled("   \(details.joined(separator: " · "))", .faint)) }
    return lines
  }

  private func details(of step: Step) -> [String] {
    var details: [String] = []
    if step.hasExplicitNeeds {
      details.append(
        "needs \(step.needs.isEmpty ? "nothing" : step.needs.map(\.rawValue).joined(separator: ", "))")
    }
    for condition in step.conditions { details.append("if \(inert(condition.source))") }
    if let expect = step.expect { details.append("expects \(inert(expect.source))") }
    if let polling = step.polling {
      details.append(
        "within \(EventLines.duration(milliseconds: polling.withinMilliseconds)), every "
          + EventLines.duration(milliseconds: polling.everyMilliseconds))
    }
    if let undo = step.undo { details.append("undo \(undo)") }
    if step.isIdempotent { details.append("idempotent") }
    if let verify = step.verify { details.append("verify \(verify)") }
    switch step.onFailure {
    case nil: break
    case .ask: details.append("on failure asks")
    case .stop: details.append("on failure stops")
    case .continue: details.append("on failure goes on")
    case .undo: details.append("on failure undoes")
    case .rescue(let id): details.append("on failure runs \(id)")
    }
    return details
  }

  /// What is known before the run: parameters; outputs and answers stay as they are written.
  private var values: [String: Value] { plan.parameters }

  private func inert(_ text: String) -> String { TerminalText.inert(text) }
}
