import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// Resolves the ids of a page: gives tasks theirs, finds what steps mention, and puts steps in order.
struct StepLinker {
  /// Steps with their ids and references.
  let drafts: [StepDraft]
  /// What was found so far.
  private(set) var diagnostics: [Diagnostic] = []
  /// Place of each draft in the order main steps run; nil for those outside of it and on cycles.
  private(set) var places: [Int?]
  /// For steps outside of the order: the drafts that call for them.
  private(set) var owners: [[Int]]

  private var indices: [String: Int] = [:]

  /// Links all of `drafts`.
  init(_ drafts: [StepDraft]) {
    self.drafts = drafts
    places = Array(repeating: nil, count: drafts.count)
    owners = Array(repeating: [], count: drafts.count)
    nameTasks()
    index()
    resolve()
    sort()
    findUnreachable()
  }

  // MARK: Ids

  /// Gives tasks the slug of their text, with the heading in front where a page has the slug twice.
  private mutating func nameTasks() {
    var counts: [String: Int] = [:]
    var slugs: [(index: Int, slug: String)] = []
    for (index, draft) in drafts.enumerated() {
      if let id = draft.id {
        counts[id.text, default: 0] += 1
      } else if let slug = Slug.make(text(of: draft.step)) {
        counts[slug, default: 0] += 1
        slugs.append((index, slug))
      } else {
        report(
          .missingStepID, "the task's text gives no id", at: draft.place,
          notes: ["end it with an id of its own: <!-- #name -->"])
      }
    }
    for (index, slug) in slugs {
      var id = slug
      if counts[slug, default: 0] > 1, let heading = drafts[index].step.section.last.flatMap(Slug.make) {
        id = "\(heading)-\(slug)"
      }
      drafts[index].step.id = StepID(id)
    }
  }

  /// What a page says of a step: a task's title is another's word for it, and may change without its id.
  private func text(of step: Step) -> String {
    guard case .manual(let task) = step.action else { return step.title }
    return task.text
  }

  private mutating func index() {
    for (index, draft) in drafts.enumerated() where !draft.step.id.rawValue.isEmpty {
      let id = draft.step.id.rawValue
      guard let first = indices[id] else {
        indices[id] = index
        continue
      }
      report(
        .duplicateStep, "the id '\(id)' is taken by the step of line \(drafts[first].step.line)",
        at: draft.place,
        notes: draft.id == nil ? ["end the task with an id of its own: <!-- #name -->"] : [])
    }
  }

  // MARK: References

  private mutating func resolve() {
    for index in drafts.indices {
      if !drafts[index].step.hasExplicitNeeds {
        drafts[index].step.needs = drafts[index].implicitNeeds.map { drafts[$0].step.id }
      }
      for reference in drafts[index].references {
        guard let target = indices[reference.id.text] else {
          report(
            .unknownStep, "no step is named '\(reference.id.text)'", at: reference.id.range,
            notes: suggestion(for: reference))
          continue
        }
        link(index, reference, to: target)
      }
    }
  }

  private func suggestion(for reference: StepDraft.Reference) -> [String] {
    let words = ["ask", "stop", "continue", "undo"]
    let names = Array(indices.keys) + (reference.kind == .rescue ? words : [])
    if let nearest = NearestName.match(reference.id.text, among: names) {
      return ["did you mean '\(nearest)'?"]
    }
    return reference.kind == .rescue
      ? ["'on-failure' is \(words.joined(separator: ", ")), or the id of a .rescue step"] : []
  }

  private mutating func link(_ index: Int, _ reference: StepDraft.Reference, to target: Int) {
    let other = drafts[target].step
    let id = other.id
    switch reference.kind {
    case .needs:
      guard other.role == .main else {
        return reportKind("'\(id)' is .\(other.role.rawValue) and no part of the order", reference)
      }
      if !drafts[index].step.needs.contains(id) { drafts[index].step.needs.append(id) }
    case .undo:
      guard other.role == .undo else {
        return reportKind("'\(id)' is no .undo step", reference, flag: "undo")
      }
      drafts[index].step.undo = id
      owners[target].append(index)
    case .rescue:
      guard other.role == .rescue else {
        return reportKind("'\(id)' is no .rescue step", reference, flag: "rescue")
      }
      drafts[index].step.onFailure = .rescue(id)
      owners[target].append(index)
    case .verify:
      guard target != index else { return reportKind("a step cannot verify itself", reference) }
      guard other.role == .verify || other.role == .main, drafts[target].kind == .call else {
        return reportKind("'\(id)' cannot verify a step", reference, flag: "verify")
      }
      drafts[index].step.verify = id
      owners[target].append(index)
    }
  }

  private mutating func reportKind(_ message: String, _ reference: StepDraft.Reference, flag: String? = nil) {
    report(
      .wrongStepKind, message, at: reference.id.range,
      notes: flag.map { ["give it the flag '.\($0)'"] } ?? [])
  }

  // MARK: Order

  private mutating func sort() {
    let main = drafts.indices.filter { drafts[$0].step.role == .main }
    var positions = [Int](repeating: 0, count: drafts.count)
    for (position, index) in main.enumerated() { positions[index] = position }
    let needs = main.map { index in
      drafts[index].step.needs.compactMap { indices[$0.rawValue] }.filter { drafts[$0].step.role == .main }
        .map { positions[$0] }
    }
    let order = StepOrder.sorted(needs: needs)
    for (place, position) in order.enumerated() { places[main[position]] = place }
    guard order.count < main.count else { return }
    for cycle in StepOrder.cycles(needs: needs, order: order) { report(cycle: cycle.map { main[$0] }) }
  }

  private mutating func report(cycle: [Int]) {
    let ids = cycle.map { drafts[$0].step.id }
    let members = Set(ids.map(\.rawValue))
    let range = cycle.flatMap { drafts[$0].references }
      .filter { $0.kind == .needs && members.contains($0.id.text) }
      .map(\.id.range).min { $0.start < $1.start }
    let text = (ids + ids.prefix(1)).map { "'\($0)'" }.joined(separator: " needs ")
    report(.cyclicNeeds, "these steps wait for each other: \(text)", at: range ?? drafts[cycle[0]].place)
  }

  private mutating func findUnreachable() {
    for (index, draft) in drafts.enumerated() where draft.step.role != .main && owners[index].isEmpty {
      let word = draft.step.role.rawValue
      let attribute = draft.step.role == .rescue ? "on-failure" : word
      diagnostics.append(
        Diagnostic(
          .unreachableStep, .warning, "no step names the .\(word) step '\(draft.step.id)', so it never runs",
          at: draft.place, notes: ["name it with '\(attribute): \(draft.step.id)'"]))
    }
  }

  private mutating func report(
    _ code: Diagnostic.Code, _ message: String, at range: SourceRange, notes: [String] = []
  ) {
    diagnostics.append(Diagnostic(code, .error, message, at: range, notes: notes))
  }
}
