import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// Checks that every name stands for something that is known when it is used.
struct NameCheck {
  /// What was found so far.
  private(set) var diagnostics: [Diagnostic] = []
  private let scope: NameScope
  private let drafts: [StepDraft]
  private let places: [Int?]
  private let owners: [[Int]]
  private var usedNames: Set<String> = []

  /// A check of the steps of `linker`, completed.
  init(scope: NameScope, drafts: [StepDraft], places: [Int?], owners: [[Int]]) {
    self.scope = scope
    self.drafts = drafts
    self.places = places
    self.owners = owners
  }

  // MARK: ${name}

  /// Checks all of a step's `${name}`; the names that stand for something, sorted.
  mutating func uses(of index: Int) -> [String] {
    let draft = drafts[index]
    guard !draft.uses.isEmpty else { return [] }
    var names: Set<String> = []
    for use in draft.uses {
      guard let origin = scope.origin(of: use.name) else {
        report(
          .unknownName, "'\(use.name)' is no parameter, output or answer of this page", at: use.range,
          notes: suggestion(use.name, among: scope.names, mark: ("${", "}")))
        continue
      }
      names.insert(use.name)
      usedNames.insert(use.name)
      if case .step(let producer) = origin {
        checkOrder(use.name, producer, index, at: use.range, isFilter: false)
      }
    }
    return names.sorted()
  }

  // MARK: Filters

  /// Checks one filter of a step: its form, its words and its variables.
  ///
  /// - Returns: The variables it needs, where jq may compile it.
  mutating func variables(of site: StepDraft.FilterSite, in index: Int) -> [String]? {
    let scan = FilterScan(site.filter.source)
    for problem in scan.problems {
      report(
        problem.kind == .shape ? .malformedFilter : .forbiddenFilterWord, problem.message,
        at: site.node.range(ofText: problem.range))
    }
    var isSound = scan.problems.isEmpty
    var names: [String] = []
    for use in scan.variables {
      let range = site.node.range(ofText: use.range)
      guard check(variable: use.name, in: index, at: range) else {
        isSound = false
        continue
      }
      if !names.contains(use.name) { names.append(use.name) }
    }
    return isSound ? names : nil
  }

  private mutating func check(variable name: String, in index: Int, at range: SourceRange) -> Bool {
    if name == NameScope.targetTypes { return true }
    if scope.isSecret(name) {
      usedNames.insert(name)
      report(
        .secretMisused, "a filter cannot see the secret '\(name)'", at: range,
        notes: ["what filters see is stored with the run"])
      return false
    }
    if let origin = scope.origin(of: name) {
      usedNames.insert(name)
      guard case .step(let producer) = origin else { return true }
      return checkOrder(name, producer, index, at: range, isFilter: true)
    }
    if let producer = scope.results[name] {
      return checkOrder(name, producer, index, at: range, isFilter: true)
    }
    report(
      .unknownName, "'$\(name)' is no parameter, output, answer or step of this page", at: range,
      notes: suggestion(name, among: scope.variables, mark: ("$", "")))
    return false
  }

  // MARK: Order

  /// Whether the step at `producer` is over when the one at `index` needs what it gives.
  @discardableResult
  private mutating func checkOrder(
    _ name: String, _ producer: Int, _ index: Int, at range: SourceRange, isFilter: Bool
  ) -> Bool {
    let step = drafts[producer].step
    let shown = isFilter ? "'$\(name)'" : "'${\(name)}'"
    guard step.role == .main else {
      // A step that is taken back, mended or verified may run at any time, or never.
      if producer == index, !isFilter { return earlyError(name, shown, step, producer == index, at: range) }
      report(
        .usedTooEarly, "\(shown) comes from '\(step.id)', a .\(step.role.rawValue) step that may never run",
        at: range)
      return false
    }
    guard let given = places[producer] else { return true }
    if drafts[index].step.role == .main {
      guard let place = places[index], given >= place else { return true }
    } else {
      let last = owners[index].compactMap { places[$0] }.max()
      let isUndo = drafts[index].step.role == .undo
      guard let last, isUndo || isFilter ? given > last : given >= last else { return true }
    }
    return earlyError(name, shown, step, producer == index, at: range)
  }

  private mutating func earlyError(
    _ name: String, _ shown: String, _ step: Step, _ isItself: Bool, at range: SourceRange
  ) -> Bool {
    report(
      .usedTooEarly,
      isItself
        ? "\(shown) is what this step itself gives"
        : "\(shown) comes from '\(step.id)' on line \(step.line), which runs later", at: range)
    return false
  }

  // MARK: Parameters

  /// Warns of parameters that nothing used in all that was checked.
  mutating func reportUnusedParameters(_ parameters: [Runbook.Parameter], _ positions: PagePositions) {
    for parameter in parameters where !usedNames.contains(parameter.name) {
      diagnostics.append(
        Diagnostic(
          .unusedParameter, .warning, "nothing uses the parameter '\(parameter.name)'",
          at: positions.parameters[parameter.name] ?? positions.header))
    }
  }

  private func suggestion(_ name: String, among names: [String], mark: (String, String)) -> [String] {
    NearestName.match(name, among: names).map { ["did you mean '\(mark.0)\($0)\(mark.1)'?"] } ?? []
  }

  private mutating func report(
    _ code: Diagnostic.Code, _ message: String, at range: SourceRange, notes: [String] = []
  ) {
    diagnostics.append(Diagnostic(code, .error, message, at: range, notes: notes))
  }
}
