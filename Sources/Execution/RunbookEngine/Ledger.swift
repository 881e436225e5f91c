package import RunbookModel

/// What the steps of a run left behind so far: the values that names stand for, and the results that filters see.
///
/// Holds only what the journal holds, so that a replay sees the same.
package struct Ledger: Sendable, Equatable {
  /// The run.
  package let run: RunID
  /// What is walked.
  package let plan: Plan
  /// Positions of the main steps in `plan.steps`, in the order they run.
  package let mainSteps: [StepID]
  /// Stored results by step.
  package private(set) var results: [StepID: JSONValue] = [:]

  private var defined: [String: Value] = [:]
  private let positions: [StepID: Int]
  private let stepsByVariable: [String: StepID]
  private let producers: [String: StepID]
  private let targetTypes: JSONValue

  /// An empty ledger.
  package init(run: RunID, plan: Plan) {
    self.run = run
    self.plan = plan
    mainSteps = plan.mainSteps.map(\.id)
    positions = Dictionary(
      plan.steps.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    stepsByVariable = Dictionary(
      plan.steps.map { ($0.id.variableName, $0.id) }, uniquingKeysWith: { first, _ in first })
    var producers: [String: StepID] = [:]
    for step in plan.steps {
      for output in step.outputs { producers[output.name] = step.id }
      if case .ask = step.action { producers[step.id.variableName] = step.id }
    }
    self.producers = producers
    targetTypes = .object(
      plan.environment.targets.map { JSONValue.Member($0.name, .string($0.type)) })
  }

  /// The step of that name, which an event or another step of the plan mentioned.
  package func step(_ id: StepID) -> Step {
    guard let position = positions[id] else { preconditionFailure("no step of the plan is named '\(id)'") }
    return plan.steps[position]
  }

  /// Whether the plan has a step of that name.
  package func hasStep(_ id: StepID) -> Bool { positions[id] != nil }

  // MARK: Writing

  /// Takes a finished attempt's result, and its outputs where it ended well.
  package mutating func record(_ finished: StepFinished) {
    results[finished.step] = finished.result.json
    guard finished.result.status == .ok, hasStep(finished.step) else { return }
    for output in finished.result.outputs { defined[output.name] = .plain(output.value) }
    for output in step(finished.step).outputs where output.isSecret {
      defined[output.name] = .secret(
        SecretReference(name: output.name, source: .output(finished.step, name: output.name)))
    }
  }

  /// Takes the answer to an `ask`.
  package mutating func record(answer: Value, to id: StepID) {
    defined[id.variableName] = answer
    record(.ok, of: id)
  }

  /// Takes a status that a person or the walk gave; members of an earlier result stay.
  package mutating func record(_ status: StepStatus, of id: StepID, note: String? = nil) {
    var members = results[id]?.members ?? []
    if members.isEmpty {
      members = [.init("status", ""), .init("error", .null), .init("duration_ms", 0)]
    }
    members = members.map { $0.name == "status" ? .init("status", .string(status.rawValue)) : $0 }
    if let note {
      members.removeAll { $0.name == "note" }
      members.append(.init("note", .string(note)))
    }
    results[id] = .object(members)
  }

  /// Forgets what names stand for.
  package mutating func forget(_ names: [String]) {
    for name in names { defined[name] = nil }
  }

  // MARK: Values

  /// What `name` stands for in `step`; nil where it is not known (yet).
  package func value(of name: String, in step: Step) -> Value? {
    defined[name] ?? plan.parameters[name] ?? builtIn(name, in: step)
  }

  /// All names that `step` mentions and that stand for something.
  package func values(for step: Step) -> [String: Value] {
    var values: [String: Value] = [:]
    for name in step.uses { values[name] = value(of: name, in: step) }
    for name in step.templates.flatMap(\.names) where values[name.name] == nil {
      values[name.name] = value(of: name.name, in: step)
    }
    return values
  }

  /// The step that should have given the first value `step` mentions and does not have; nil where it has all.
  package func missingProducer(for step: Step) -> StepID? {
    for name in step.uses where value(of: name, in: step) == nil {
      if let producer = producers[name], producer != step.id { return producer }
    }
    return nil
  }

  /// `run_id`, `run_started`, `environment`, `target_name` and `target_KEY`; stable over a resume.
  private func builtIn(_ name: String, in step: Step) -> Value? {
    switch name {
    case "run_id": return .text(run.rawValue)
    case "run_started": return .text(String(run.rawValue.prefix { $0 != "-" }))
    case "environment": return .text(plan.environment.name)
    case "target_name": return .text(step.target.name)
    default:
      guard name.hasPrefix("target_") else { return nil }
      return step.target[String(name.dropFirst("target_".count))]
    }
  }

  /// Why `step` cannot act where it is to act; nil where it can. A step whose condition is true only in other
  /// environments is planned without a target.
  func targetFailure(of step: Step) -> StepFailure? {
    guard case .call = step.action, step.target.isAbsent else { return nil }
    return StepFailure(
      .notFound, "the environment '\(plan.environment.name)' has no target '\(step.target.name)'",
      effectIsPossible: false)
  }

  // MARK: Filters

  /// The variables that `filters` mention, by name without `$`. A step that has no result yet is null; secrets
  /// are never among them.
  package func variables(for filters: [Filter], in step: Step) -> [String: JSONValue] {
    var variables: [String: JSONValue] = [:]
    for filter in filters {
      for name in filter.variables where variables[name] == nil {
        variables[name] = variable(name, in: step)
      }
    }
    return variables
  }

  /// The steps whose results, outputs or answers a filter hangs on.
  package func steps(mentionedIn filter: Filter) -> Set<StepID> {
    Set(filter.variables.compactMap { producers[$0] ?? stepsByVariable[$0] })
  }

  private func variable(_ name: String, in step: Step) -> JSONValue? {
    switch value(of: name, in: step) {
    case .plain(let value)?: return value
    case .secret?: return nil
    case nil: break
    }
    if name == "target_types" { return targetTypes }
    if let id = stepsByVariable[name] { return results[id] ?? .null }
    return producers[name] == nil ? nil : .null
  }
}

extension Step {
  /// The texts of the language itself in which a step mentions names.
  fileprivate var templates: [Template] {
    var templates = produces
    if let confirm { templates.append(confirm) }
    if case .ask(let question) = action { templates.append(question.text) }
    return templates
  }
}
