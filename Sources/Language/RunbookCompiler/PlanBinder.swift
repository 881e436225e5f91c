import RunbookAdapter
import RunbookDiagnostics
import RunbookModel

/// Finds what an environment and parameters mean for the steps of a runbook.
struct PlanBinder {
  /// What was found in the page so far.
  private(set) var diagnostics: [Diagnostic] = []
  /// What was found so far in what the plan was asked for.
  private(set) var problems: [GivenProblem] = []
  private let runbook: Runbook
  private let environment: Environment
  private let adapters: AdapterRegistry
  private let targets: [String: Target]
  private let pageDirectory: String
  private let givenDirectory: String

  /// A binder of one runbook to one environment; relative paths of secrets are meant from the two directories.
  init(
    runbook: Runbook, environment: Environment, adapters: AdapterRegistry, pageDirectory: String,
    givenDirectory: String
  ) {
    self.pageDirectory = pageDirectory
    self.givenDirectory = givenDirectory
    self.runbook = runbook
    self.environment = environment
    self.adapters = adapters
    targets = Dictionary(environment.targets.map { ($0.name, $0) }) { first, _ in first }
  }

  private mutating func report(
    _ code: Diagnostic.Code, _ message: String, at range: SourceRange?, notes: [String] = []
  ) {
    diagnostics.append(
      Diagnostic(code, .error, message, at: range ?? runbook.positions.header, notes: notes))
  }

  private func suggestion(_ name: String, among names: some Sequence<String>) -> [String] {
    NearestName.match(name, among: names).map { ["did you mean '\($0)'?"] } ?? []
  }

  // MARK: The environment

  /// The allow-list, and the targets that the page requires.
  mutating func checkEnvironment() {
    let header = runbook.header
    if !header.environments.isEmpty, !header.environments.contains(environment.name) {
      report(
        .environmentNotAllowed,
        "the page does not allow '\(environment.name)', only \(header.environments.joined(separator: ", "))",
        at: runbook.positions.environments)
    }
    for name in header.requiredTargets where targets[name] == nil {
      report(
        .unknownTarget,
        "the environment '\(environment.name)' has no target '\(name)', which the page requires",
        at: runbook.positions.requiredTargets[name], notes: suggestion(name, among: targets.keys))
    }
  }

  // MARK: The selection

  /// The main steps to leave out, in their order.
  mutating func unselected(_ order: [Step], from: StepID?, only: [StepID]) -> [StepID] {
    let ids = order.map(\.id)
    if let from { checkSelected(from, .from(from), among: ids) }
    for id in only { checkSelected(id, .only(id), among: ids) }
    let chosen = Set(only)
    let start = from.flatMap { ids.firstIndex(of: $0) } ?? 0
    return ids.enumerated().filter { $0.offset < start || (!chosen.isEmpty && !chosen.contains($0.element)) }
      .map(\.element)
  }

  private mutating func checkSelected(_ id: StepID, _ place: GivenProblem.Place, among ids: [StepID]) {
    guard !ids.contains(id) else { return }
    let other = runbook.steps.first { $0.id == id }
    problems.append(
      GivenProblem(
        place: place,
        message: other.map { "'\(id)' is .\($0.role.rawValue) and runs only when it is called for" }
          ?? "no step is named '\(id)'",
        notes: other == nil ? suggestion(id.rawValue, among: ids.map(\.rawValue)) : []))
  }

  // MARK: Parameters

  /// The value of every parameter, and of outputs that were given.
  mutating func parameters(_ given: [String: String], unselected: Set<StepID>) -> [String: Value] {
    var values: [String: Value] = [:]
    var rest = given
    for parameter in runbook.header.parameters {
      let range = runbook.positions.parameters[parameter.name]
      if let text = rest.removeValue(forKey: parameter.name) {
        values[parameter.name] = value(of: parameter.type, parameter.name, text, at: range)
      } else if let source = parameter.from {
        values[parameter.name] = .secret(source.relative(to: pageDirectory))
      } else if let value = parameter.defaultValue {
        values[parameter.name] = .plain(value)
      } else {
        report(
          .missingParameter, "the parameter '\(parameter.name)' has no value", at: range,
          notes: [
            parameter.type.kind == .secret
              ? "give where it is kept: -p \(parameter.name)=env:NAME" : "give it: -p \(parameter.name)=…"
          ])
      }
    }
    for name in rest.keys.sorted() {
      if let text = rest[name], let value = output(name, text, unselected) { values[name] = value }
    }
    return values
  }

  private mutating func value(
    of type: ParameterType, _ name: String, _ text: String, at range: SourceRange?
  ) -> Value? {
    if type.kind == .secret {
      guard let reference = Self.reference(name, text) else {
        report(
          .secretInPlainText, "'\(name)' is a secret: give where it is kept, not the secret itself",
          at: range,
          notes: [
            "references are env:NAME, file:PATH, dotenv:FILE#NAME and command:[\"program\", \"argument\"]"
          ])
        return nil
      }
      return .secret(reference.relative(to: givenDirectory))
    }
    guard !text.utf8.contains(0) else {
      report(.invalidParameter, "the value given for '\(name)' holds a NUL byte", at: range)
      return nil
    }
    do {
      return .plain(try type.value(parsing: text))
    } catch {
      report(
        .invalidParameter, "the value given for '\(name)' \(error.message)\(Self.shown(text))", at: range)
      return nil
    }
  }

  /// What a value was, where it is short enough to be of use.
  private static func shown(_ text: String) -> String {
    text.utf8.count <= 64 ? ", not '\(text)'" : ", which a text of \(text.utf8.count) bytes is not"
  }

  private static func reference(_ name: String, _ text: String) -> SecretReference? {
    guard let reference = SecretReference(name: name, parsing: text) else { return nil }
    if case .output = reference.source { return nil }
    return reference
  }

  /// The value given for an output or an answer of a step that is left out.
  private mutating func output(_ name: String, _ text: String, _ unselected: Set<StepID>) -> Value? {
    for step in runbook.steps where step.role == .main {
      var type: ParameterType?
      if let output = step.outputs.first(where: { $0.name == name }) {
        type = ParameterType(output.isSecret ? .secret : .string)
      } else if case .ask(let question) = step.action, step.id.variableName == name {
        type = question.type
      }
      guard let type else { continue }
      let range = runbook.positions.steps[step.id]?.id
      guard unselected.contains(step.id) else {
        report(
          .unknownParameter, "'\(name)' is given by the step '\(step.id)', which runs", at: range,
          notes: ["only what a step that is left out would have given can be passed with -p"])
        return nil
      }
      return value(of: type, name, text, at: range)
    }
    let names = runbook.header.parameters.map(\.name)
    let suggestion = suggestion(name, among: names)
    problems.append(
      GivenProblem(
        place: .parameter(name), message: "the page has no parameter '\(name)'",
        notes: !suggestion.isEmpty || names.isEmpty
          ? suggestion : ["its parameters are \(names.joined(separator: ", "))"]))
    return nil
  }

  // MARK: Outputs of steps that are left out

  /// Reports outputs that steps use, that steps left out would have given, and that were not passed.
  mutating func checkOutputs(of steps: [Step], unselected: Set<StepID>, parameters: [String: Value]) {
    guard !unselected.isEmpty else { return }
    var producers: [String: StepID] = [:]
    for step in runbook.steps where unselected.contains(step.id) {
      for output in step.outputs { producers[output.name] = step.id }
      if case .ask = step.action { producers[step.id.variableName] = step.id }
    }
    var reported: Set<String> = []
    for step in steps where !unselected.contains(step.id) {
      let own = [step.expect, step.mask].compactMap(\.self) + step.outputs.compactMap(\.filter)
      let names = step.uses + (step.conditions + own).flatMap(\.variables)
      for name in names where parameters[name] == nil {
        guard let producer = producers[name], reported.insert(name).inserted else { continue }
        report(
          .missingParameter, "'\(step.id)' uses '\(name)', which '\(producer)' would have given",
          at: runbook.positions.steps[step.id]?.id, notes: ["pass it: -p \(name)=…"])
      }
    }
  }

  // MARK: Targets

  /// The steps with their targets.
  mutating func bind(_ steps: [Step], leavingOut unselected: Set<StepID>) -> [Step] {
    let owners = Dictionary(steps.compactMap { step in step.undo.map { ($0, step) } }) { first, _ in first }
    return steps.map { step in
      var step = step
      if case .call(let call) = step.action {
        step.target = target(
          of: step, call, owner: owners[step.id], isSelected: !unselected.contains(step.id))
      }
      return step
    }
  }

  private mutating func target(of step: Step, _ call: AdapterCall, owner: Step?, isSelected: Bool) -> Target {
    guard adapters.adapter(for: call.language) != nil,
      let bound = adapters.bind(call, traits: StepTraits(step), names: NameTable()).call
    else { return step.target }
    let position = runbook.positions.steps[step.id]
    let place = position?.target ?? position?.id
    var name = step.target.name
    // What takes a step back acts on what the step acted on.
    if position?.target == nil, let owner, case .call = owner.action,
      runbook.positions.steps[owner.id]?.target != nil,
      accepts(bound.acceptedTargets, targets[owner.target.name])
    {
      name = owner.target.name
    }
    let found: Target?
    if name == Target.local.name {
      found = .local
    } else if name.isEmpty {
      found = onlyTarget(for: bound.acceptedTargets ?? [], of: step, call.language, isSelected, at: place)
    } else {
      found = namedTarget(name, of: step, isSelected, at: place)
    }
    guard let target = found else { return .absent(named: name.isEmpty ? step.target.type : name) }
    if let accepted = bound.acceptedTargets, !accepted.contains(target.type) {
      report(
        .unfitTarget,
        "'\(target.name)' is \(target == .local ? "this machine" : "of type \(target.type)"); '\(call.language)' acts on \(accepted.joined(separator: " or "))",
        at: place)
    } else {
      for problem in bound.problems(target) { report(.unfitTarget, problem, at: place) }
    }
    checkNames(of: step, target, at: place)
    return target
  }

  private func accepts(_ types: [String]?, _ target: Target?) -> Bool {
    guard let target else { return types == nil }
    return types?.contains(target.type) ?? true
  }

  private mutating func onlyTarget(
    for types: [String], of step: Step, _ language: String, _ isSelected: Bool, at range: SourceRange?
  ) -> Target? {
    let fitting = environment.targets.filter { types.contains($0.type) }
    if fitting.count == 1 { return fitting[0] }
    if fitting.isEmpty {
      guard isSelected, !isGuarded(step) else { return nil }
      report(
        .unknownTarget,
        "the environment '\(environment.name)' has no target of type \(types.joined(separator: " or ")), which '\(language)' acts on",
        at: range, notes: [Self.guardNote])
    } else {
      report(
        .ambiguousTarget, "'\(language)' could act on \(fitting.map(\.name).joined(separator: " or "))",
        at: range,
        notes: ["say which: 'on=\(fitting[0].name)'"])
    }
    return nil
  }

  private mutating func namedTarget(
    _ name: String, of step: Step, _ isSelected: Bool, at range: SourceRange?
  ) -> Target? {
    if let target = targets[name] { return target }
    guard isSelected, !isGuarded(step) else { return nil }
    let suggestion = suggestion(name, among: targets.keys)
    report(
      .unknownTarget, "the environment '\(environment.name)' has no target '\(name)'", at: range,
      notes: suggestion.isEmpty ? [Self.guardNote] : suggestion)
    return nil
  }

  private static let guardNote =
    "a step that is for some environments only has a condition that looks at '$target_types' or '$environment'"

  /// Whether one of the step's conditions tells environments apart, so that a missing target may be meant.
  private func isGuarded(_ step: Step) -> Bool {
    step.conditions.contains { condition in
      condition.variables.contains { $0 == NameScope.targetTypes || $0 == "environment" }
    }
  }

  /// `${target_…}` that this target does not have, or that is a secret here.
  private mutating func checkNames(of step: Step, _ target: Target, at range: SourceRange?) {
    for name in step.uses where name.hasPrefix("target_") && name != "target_name" {
      let key = String(name.dropFirst("target_".count))
      switch target[key] {
      case .plain?: break
      case .secret?:
        report(
          .secretMisused, "'\(key)' of the target '\(target.name)' is a secret and has no '${\(name)}'",
          at: range)
      case nil:
        report(.unknownName, "the target '\(target.name)' has no '\(key)' for '${\(name)}'", at: range)
      }
    }
  }
}
