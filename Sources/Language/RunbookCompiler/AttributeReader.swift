import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// Reads the attributes of one step into its draft.
struct AttributeReader {
  /// What was found so far.
  private(set) var reader = ValueReader(.invalidAttribute)
  /// Attributes that the step's adapter has beside the language's.
  private let ownAttributes: [AttributeSchema]

  /// A reader for steps of an adapter with these attributes.
  init(own: [AttributeSchema]) { ownAttributes = own }

  /// Reads all of `attributes`.
  mutating func read(_ attributes: Attributes, into draft: StepDraft) {
    for flag in attributes.classes { readFlag(flag, into: draft) }
    var every: Int?
    var within: Int?
    for attribute in attributes.values {
      guard let known = known(attribute, for: draft) else {
        if ownAttributes.contains(where: { $0.name == attribute.name.text }) {
          draft.fields.append(
            AdapterCall.Field(
              name: attribute.name.text, value: attribute.value.json, range: attribute.value.range))
        }
        continue
      }
      draft.places.append((known, attribute.value.range))
      let (node, name) = (attribute.value, attribute.name.text)
      switch known {
      case .within: within = reader.duration(node, name)
      case .every: every = reader.duration(node, name)
      case .title, .on, .needs, .condition, .effect, .expect, .duration, .timeout, .confirm, .idempotent,
        .verify, .undo, .onFailure, .outputs, .mask, .produces, .interactive, .evidence:
        read(known, node, into: draft)
      }
    }
    readPolling(within: within, every: every, into: draft)
  }

  private mutating func readPolling(within: Int?, every: Int?, into draft: StepDraft) {
    if let within {
      draft.step.polling = Step.Polling(
        withinMilliseconds: within, everyMilliseconds: every ?? min(2000, within))
    } else if draft.has(.every), !draft.has(.within) {
      reader.reject(
        "'every' without 'within'", at: draft.range(of: .every),
        notes: ["'within' says how long to keep trying"])
    }
  }

  private mutating func readFlag(_ flag: SourceName, into draft: StepDraft) {
    if let role = StepFlag(rawValue: flag.text) {
      guard draft.kind == .call || draft.kind == .task else {
        return reader.report(
          .misplacedAttribute, "\(draft.kind.words) cannot be .\(flag.text)", at: flag.range)
      }
      guard draft.step.role == .main else {
        return reader.report(
          .misplacedAttribute, "a step is only one of .undo, .rescue and .verify", at: flag.range)
      }
      draft.step.role =
        switch role {
        case .undo: .undo
        case .rescue: .rescue
        case .verify: .verify
        }
      return
    }
    let names = StepFlag.allCases.map(\.rawValue) + StepAttribute.allCases.filter(\.isFlag).map(\.rawValue)
    guard let attribute = StepAttribute(rawValue: flag.text), attribute.isFlag else {
      let suggestion = NearestName.match(flag.text, among: names).map { "did you mean '.\($0)'?" }
      return reader.report(
        .unknownAttribute, "a step cannot be '.\(flag.text)'", at: flag.range,
        notes: [suggestion ?? "flags are .\(names.joined(separator: ", ."))"])
    }
    let isTrue = YAMLNode(.scalar(YAMLScalar("true", style: .implied)), range: flag.range)
    let written = Attribute(name: flag, value: isTrue)
    guard let attribute = known(written, for: draft) else { return }
    draft.places.append((attribute, flag.range))
    read(attribute, isTrue, into: draft)
  }

  /// The language's attribute of that name, if the step can have it; reports what it cannot have.
  private mutating func known(_ attribute: Attribute, for draft: StepDraft) -> StepAttribute? {
    let name = attribute.name
    guard let known = StepAttribute(rawValue: name.text) else {
      if !ownAttributes.contains(where: { $0.name == name.text }) { reportUnknown(name, draft) }
      return nil
    }
    guard known.kinds.contains(draft.kind) else {
      reader.report(.misplacedAttribute, "\(draft.kind.words) has no '\(name.text)'", at: name.range)
      return nil
    }
    guard draft.step.role == .main || known.fitsDetour else {
      reader.report(
        .misplacedAttribute, "'\(name.text)' means nothing for a step outside of the order", at: name.range,
        notes: ["a step that is .\(draft.step.role.rawValue) runs only when it is called for"])
      return nil
    }
    return known
  }

  private mutating func reportUnknown(_ name: SourceName, _ draft: StepDraft) {
    let names =
      StepAttribute.allCases.filter { $0.kinds.contains(draft.kind) }.map(\.rawValue)
      + ownAttributes.map(\.name)
    var notes = ValueReader.suggestion(name.text, among: names)
    if name.text == "id" { notes = ["an id is written '#name' in the braces"] }
    if StepFlag(rawValue: name.text) != nil { notes = ["write '.\(name.text)'"] }
    reader.report(.unknownAttribute, "no attribute is named '\(name.text)'", at: name.range, notes: notes)
  }

  private mutating func read(_ attribute: StepAttribute, _ node: YAMLNode, into draft: StepDraft) {
    let name = attribute.rawValue
    switch attribute {
    case .title: if let text = reader.text(node, name) { draft.step.title = text }
    case .on: draft.target = reader.text(node, name).map { SourceName($0, range: node.range) }
    case .needs:
      draft.step.hasExplicitNeeds = true
      for id in reader.words(node, name) { draft.references.append(.init(kind: .needs, id: id)) }
    case .condition:
      if let filter = filter(node, name, .condition, draft) { draft.step.conditions.append(filter) }
    case .effect: draft.declaredEffect = reader.word(node, name, Effect.self)
    case .expect: draft.step.expect = filter(node, name, .expect, draft)
    case .mask: draft.step.mask = filter(node, name, .mask, draft)
    case .duration: draft.step.durationMilliseconds = reader.duration(node, name)
    case .timeout: if let limit = reader.duration(node, name) { draft.step.timeoutMilliseconds = limit }
    case .confirm: draft.step.confirm = template(node, name, draft)
    case .idempotent: draft.step.isIdempotent = reader.boolean(node, name) ?? false
    case .interactive: draft.step.isInteractive = reader.boolean(node, name) ?? false
    case .verify: reference(node, name, .verify, draft)
    case .undo: reference(node, name, .undo, draft)
    case .onFailure: readOnFailure(node, name, draft)
    case .outputs: readOutputs(node, draft)
    case .produces:
      for path in reader.texts(node, name) {
        let element = YAMLNode(
          .scalar(YAMLScalar(path.text, style: .quoted, verbatimStart: nil)), range: path.range)
        if let template = template(element, name, draft) { draft.step.produces.append(template) }
      }
    case .evidence:
      if case .manual(let task) = draft.step.action, reader.boolean(node, name) == true {
        draft.step.action = .manual(ManualTask(text: task.text, wantsEvidence: true))
      }
    case .within, .every: break
    }
  }

  private mutating func reference(
    _ node: YAMLNode, _ name: String, _ kind: StepDraft.Reference.Kind, _ draft: StepDraft
  ) {
    guard let id = reader.text(node, name) else { return }
    draft.references.append(.init(kind: kind, id: SourceName(id, range: node.range)))
  }

  private mutating func readOnFailure(_ node: YAMLNode, _ name: String, _ draft: StepDraft) {
    guard let word = reader.text(node, name) else { return }
    switch word {
    case "ask": draft.step.onFailure = .ask
    case "stop": draft.step.onFailure = .stop
    case "continue": draft.step.onFailure = .continue
    case "undo": draft.step.onFailure = .undo
    default: draft.references.append(.init(kind: .rescue, id: SourceName(word, range: node.range)))
    }
  }

  private mutating func filter(
    _ node: YAMLNode, _ name: String, _ purpose: StepDraft.FilterSite.Purpose, _ draft: StepDraft
  ) -> Filter? {
    guard let text = reader.text(node, name) else { return nil }
    let filter = Filter(text, at: node.range)
    draft.filters.append(.init(purpose: purpose, node: node, filter: filter))
    return filter
  }

  private mutating func template(_ node: YAMLNode, _ name: String, _ draft: StepDraft) -> Template? {
    guard let text = reader.text(node, name) else { return nil }
    let template = Template(text)
    for name in template.names {
      draft.uses.append(.init(name: name.name, range: node.range(ofText: name.range)))
    }
    return template
  }

  /// `outputs: {name: filter, name: {filter: …, secret: true}, name: }`, or only names.
  private mutating func readOutputs(_ node: YAMLNode, _ draft: StepDraft) {
    guard let entries = node.entries else {
      for name in reader.words(node, "outputs") { addOutput(name, filter: nil, isSecret: false, draft) }
      return
    }
    for entry in entries {
      let name = SourceName(entry.key, range: entry.keyRange)
      if entry.value.scalar?.isNull == true {
        addOutput(name, filter: nil, isSecret: false, draft)
      } else if entry.value.scalar != nil {
        addOutput(name, filter: filter(entry.value, entry.key, .output, draft), isSecret: false, draft)
      } else {
        var source: Filter?
        var isSecret = false
        for (key, entry) in reader.entries(entry.value, of: "an output", OutputKey.self) {
          switch key {
          case .filter: source = filter(entry.value, "filter", .output, draft)
          case .secret: isSecret = reader.boolean(entry.value, "secret") ?? true
          }
        }
        addOutput(name, filter: source, isSecret: isSecret, draft)
      }
    }
  }

  private mutating func addOutput(
    _ name: SourceName, filter: Filter?, isSecret: Bool, _ draft: StepDraft
  ) {
    guard Template.isName(name.text) else {
      return reader.report(
        .invalidName, "'\(name.text)' is no name of an output", at: name.range,
        notes: Identifier.nameSuggestion(name.text))
    }
    draft.outputs.append(name)
    draft.step.outputs.append(Step.Output(name: name.text, filter: filter, isSecret: isSecret))
  }
}

/// The keys of one output that is a mapping.
enum OutputKey: String, CaseIterable {
  case filter, secret
}
