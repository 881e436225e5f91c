import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// All names of a page: parameters, outputs, answers, built-ins, and the steps whose results filters see.
struct NameScope {
  /// What gives a name its value.
  enum Origin {
    case parameter
    case builtIn
    /// An output or an answer of the draft at this index.
    case step(Int)
  }

  /// What adapters may know of it.
  private(set) var table = NameTable()
  /// Drafts by the variable of their result.
  private(set) var results: [String: Int] = [:]
  /// Problems of the names among themselves.
  private(set) var diagnostics: [Diagnostic] = []

  private var kinds: [String: NameTable.Kind] = [:]
  private var origins: [String: Origin] = [:]

  /// Only filters know it: the types of the environment's targets by name.
  static let targetTypes = "target_types"
  private static let targetPrefix = "target_"

  /// Names of settings that `target_…` can stand for.
  private static func settingNames(_ adapters: AdapterRegistry) -> [String] {
    let settings = adapters.targetTypes.flatMap(\.settings).filter { setting in
      switch setting.kind {
      case .text, .textOrSecret, .integer, .boolean, .duration, .path, .choice: Template.isName(setting.name)
      case .secret, .paths, .texts, .namedTextsOrSecrets: false
      }
    }
    return Set(settings.map(\.name)).sorted()
  }

  /// Collects all names of a page.
  init(header: Runbook.Header, positions: PagePositions, drafts: [StepDraft], adapters: AdapterRegistry) {
    let builtIns =
      ["run_id", "run_started", "environment", "target_name"]
      + Self.settingNames(adapters).map { Self.targetPrefix + $0 }
    for name in builtIns { define(name, .builtIn, from: .builtIn) }
    for parameter in header.parameters {
      define(
        SourceName(parameter.name, range: positions.parameters[parameter.name] ?? positions.header),
        .parameter(parameter.type.kind), from: .parameter)
    }
    for (index, draft) in drafts.enumerated() {
      for (output, name) in zip(draft.step.outputs, draft.outputs) {
        define(name, .output(isSecret: output.isSecret), from: .step(index))
      }
      if case .ask(let question) = draft.step.action, let id = draft.id {
        defineAnswer(question, id, from: index)
      }
    }
    for (index, draft) in drafts.enumerated() { defineResult(of: draft, at: index) }
    table = NameTable(kinds)
  }

  private mutating func defineAnswer(_ question: Question, _ id: SourceName, from index: Int) {
    let name = StepID(id.text).variableName
    guard Template.isName(name) else {
      diagnostics.append(
        Diagnostic(
          .invalidName, .error, "the answer would be '${\(name)}', which is no name", at: id.range,
          notes: [Identifier.nameForm]))
      return
    }
    let isSecret = question.type.kind == .secret
    define(
      SourceName(name, range: id.range), isSecret ? .output(isSecret: true) : .answer, from: .step(index))
  }

  /// Filters write a step's result as `$id`, so an id is a name as well.
  private mutating func defineResult(of draft: StepDraft, at index: Int) {
    let name = draft.step.id.variableName
    guard Template.isName(name) else { return }
    if case .ask = draft.step.action, draft.id != nil {
      results[name] = index
      return
    }
    if origins[name] != nil || name == Self.targetTypes {
      diagnostics.append(
        Diagnostic(
          .duplicateName, .error, "the step '\(draft.step.id)' has the name of \(description(of: name))",
          at: draft.place, notes: ["filters could not tell which of the two '$\(name)' is"]))
    } else {
      results[name] = index
    }
  }

  private mutating func define(_ name: String, _ kind: NameTable.Kind, from origin: Origin) {
    kinds[name] = kind
    origins[name] = origin
  }

  private mutating func define(_ name: SourceName, _ kind: NameTable.Kind, from origin: Origin) {
    let isReserved = name.text.hasPrefix(Self.targetPrefix) && kinds[name.text] == nil
    guard kinds[name.text] == nil, !isReserved else {
      let what =
        isReserved
        ? "what a target has: names beginning with '\(Self.targetPrefix)'" : description(of: name.text)
      diagnostics.append(
        Diagnostic(.duplicateName, .error, "'\(name.text)' is the name of \(what)", at: name.range))
      return
    }
    define(name.text, kind, from: origin)
  }

  private func description(of name: String) -> String {
    switch kinds[name] {
    case .parameter: "a parameter"
    case .output: "an output"
    case .answer: "an answer"
    case .builtIn, nil: "a built-in value"
    }
  }

  /// What gives `name` its value; nil where nothing does.
  func origin(of name: String) -> Origin? { origins[name] }

  /// Whether `name` stands for a secret.
  func isSecret(_ name: String) -> Bool { table.isSecret(name) }

  /// All names that `${}` may hold, for suggestions.
  var names: [String] { Array(origins.keys) }

  /// All names that a filter may use, for suggestions.
  var variables: [String] { names + results.keys + [Self.targetTypes] }
}
