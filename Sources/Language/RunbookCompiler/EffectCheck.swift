import RunbookDiagnostics
import RunbookModel

/// Checks what steps mean to each other once all effects are known.
enum EffectCheck {
  /// Undo of a read, and verify steps that would change something.
  static func diagnostics(of drafts: [StepDraft]) -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    lazy var byID = Dictionary(drafts.map { ($0.step.id, $0) }) { first, _ in first }
    for draft in drafts {
      if let undo = draft.step.undo, draft.step.effect == .read, draft.kind == .call {
        diagnostics.append(
          Diagnostic(
            .misplacedAttribute, .error, "the step only reads, so '\(undo)' has nothing to take back",
            at: draft.range(of: .undo),
            notes: draft.step.effectSource == .declared ? ["the page declares 'effect=read'"] : []))
      }
      if let id = draft.step.verify, let verify = byID[id]?.step, verify.effect != .read {
        diagnostics.append(
          Diagnostic(
            .wrongStepKind, .error,
            "'\(id)' is \(verify.effectSource == .assumed ? "taken for " : "")a \(verify.effect.rawValue) step, and only a read can verify",
            at: draft.range(of: .verify),
            notes: verify.effectSource == .assumed ? ["declare 'effect=read' there if it only reads"] : []))
      }
    }
    return diagnostics
  }
}
