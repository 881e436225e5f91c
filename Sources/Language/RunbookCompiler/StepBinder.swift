import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// Gives each step of an adapter what its adapter says of it: effect, target, names in its body.
struct StepBinder {
  /// What was found so far.
  private(set) var diagnostics: [Diagnostic] = []
  private let adapters: AdapterRegistry
  private let names: NameTable

  /// A binder for a page that defines `names`.
  init(adapters: AdapterRegistry, names: NameTable) {
    self.adapters = adapters
    self.names = names
  }

  /// Completes `draft`.
  mutating func bind(_ draft: StepDraft) {
    guard case .call(let call) = draft.step.action else { return }
    let placeholders = placeholders(of: draft, language: call.language)
    let binding = adapters.bind(call, traits: draft.traits, names: names)
    diagnostics += binding.diagnostics
    for field in binding.unknownFields {
      report(.unknownAttribute, "no attribute is named '\(field.name)'", at: field.range)
    }
    draft.uses += binding.uses.map { StepDraft.Use(name: $0.name, range: $0.range) }
    diagnostics += placeholders
    guard let bound = binding.call else { return }
    settleEffect(of: draft, claim: bound.effect)
    settleTarget(of: draft, accepted: bound.acceptedTargets)
    check(draft, isEndless: bound.isEndless)
  }

  // MARK: Effect

  private mutating func settleEffect(of draft: StepDraft, claim: Effect.Claim) {
    draft.step.effect = claim.effect
    draft.step.effectSource = claim.isKnown ? .known : .assumed
    guard let declared = draft.declaredEffect else { return }
    guard declared >= claim.effect || !claim.isKnown else {
      return report(
        .loweredEffect,
        "this step is known to be \(claim.effect.rawValue); 'effect=\(declared.rawValue)' cannot lower that",
        at: draft.range(of: .effect), notes: ["an effect may only be lowered where it is assumed"])
    }
    draft.step.effect = declared
    draft.step.effectSource = declared == claim.effect && claim.isKnown ? .known : .declared
  }

  // MARK: Target

  private func settleTarget(of draft: StepDraft, accepted: [String]?) {
    let type = accepted.flatMap { $0.count == 1 ? $0.first : nil } ?? ""
    if let target = draft.target {
      draft.step.target = target.text == Target.local.name ? .local : Target(name: target.text, type: type)
    } else if accepted != nil {
      draft.step.target = Target(name: "", type: type)
    }
  }

  // MARK: What attributes mean together

  private mutating func check(_ draft: StepDraft, isEndless: Bool) {
    let step = draft.step
    if let polling = step.polling {
      if step.effect != .read, !step.isIdempotent {
        report(
          .unsafeRepetition, "'within' repeats the step, which is \(article(step)) \(step.effect.rawValue)",
          at: draft.range(of: .within),
          notes: [
            step.effectSource == .assumed
              ? "declare 'effect=read' if it only reads, or 'idempotent=true' if repeating it does no harm"
              : "declare 'idempotent=true' if repeating it does no harm"
          ])
      }
      if polling.everyMilliseconds > polling.withinMilliseconds {
        warn(
          .misplacedAttribute, "'every' is longer than 'within': there is one attempt",
          at: draft.range(of: .every))
      }
      if step.isInteractive {
        report(
          .misplacedAttribute, "an interactive step is not repeated", at: draft.range(of: .within))
      }
    }
    checkDuration(draft, isEndless: isEndless)
  }

  private mutating func checkDuration(_ draft: StepDraft, isEndless: Bool) {
    let step = draft.step
    guard let duration = step.durationMilliseconds else {
      if isEndless, !step.isInteractive {
        report(
          .endlessStep, "this step does not end by itself", at: draft.place,
          notes: ["'for=30s' ends it then, successfully; 'interactive' gives it to the operator"])
      }
      return
    }
    if step.effect != .read {
      report(
        .misplacedAttribute,
        "'for' ends a step that only reads; this one is \(article(step)) \(step.effect.rawValue)",
        at: draft.range(of: .duration),
        notes: step.effectSource == .assumed ? ["declare 'effect=read' if it only reads"] : [])
    }
    if draft.has(.timeout), step.timeoutMilliseconds <= duration {
      report(
        .misplacedAttribute, "'timeout' ends the step before 'for' does", at: draft.range(of: .timeout))
    }
  }

  private func article(_ step: Step) -> String {
    step.effectSource == .assumed ? "taken for a" : "a"
  }

  // MARK: Placeholders

  private func placeholders(of draft: StepDraft, language: String) -> [Diagnostic] {
    guard let body = draft.body else { return [] }
    let found: [PlaceholderScanner.Placeholder]
    switch language {
    case "bash", "sh": found = PlaceholderScanner.placeholders(inShell: body.bytes)
    case "http": found = PlaceholderScanner.placeholders(inRequest: body.bytes)
    default: return []
    }
    return found.map { placeholder in
      let text = String(decoding: body.bytes[placeholder.range], as: UTF8.self)
      let name = String(
        decoding: Slug.fold(text).map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
      var notes = Template.isName(name) ? ["make it a parameter and write '${\(name)}'"] : []
      if language != "http", !placeholder.isQuoted {
        notes.append("a shell reads this as a redirection; if one is meant, put a blank behind '<'")
      }
      return Diagnostic(
        .placeholder, placeholder.isQuoted ? .warning : .error,
        "'\(text)' is a placeholder that nobody filled in",
        at: body.sourceRange(of: placeholder.range), notes: notes)
    }
  }

  private mutating func report(
    _ code: Diagnostic.Code, _ message: String, at range: SourceRange, notes: [String] = []
  ) {
    diagnostics.append(Diagnostic(code, .error, message, at: range, notes: notes))
  }

  private mutating func warn(_ code: Diagnostic.Code, _ message: String, at range: SourceRange) {
    diagnostics.append(Diagnostic(code, .warning, message, at: range))
  }
}
