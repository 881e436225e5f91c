import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// Collects the steps of a page, in one pass over its blocks.
struct StepCollector {
  /// A heading that steps stand under.
  private struct Section {
    let level: Int
    let title: String
    var condition: StepDraft.FilterSite?
    /// Whether a step took the condition to be checked.
    var isChecked = false
  }

  /// Steps of all roles in document order.
  private(set) var drafts: [StepDraft] = []
  /// What was found so far.
  private(set) var diagnostics: [Diagnostic] = []
  /// The page's own title: its first heading of level 1.
  private(set) var pageTitle: String?

  private let adapters: AdapterRegistry
  private let file: SourceFile
  private var sections: [Section] = []
  private var order = ImplicitNeeds()

  /// A collector for the page in `file`.
  init(adapters: AdapterRegistry, file: SourceFile) {
    self.adapters = adapters
    self.file = file
  }

  /// Takes the next block.
  mutating func add(_ block: Block) {
    switch block {
    case .heading(let heading): add(heading)
    case .paragraph: break
    case .task(let task): add(task)
    case .fence(let fence): add(fence)
    }
  }

  // MARK: Headings

  private mutating func add(_ heading: Heading) {
    guard heading.containers.isEmpty else { return }
    sections.removeAll { $0.level >= heading.level }
    let isTitle = heading.level == 1 && pageTitle == nil
    if isTitle { pageTitle = heading.text }
    var section = Section(level: heading.level, title: isTitle ? "" : heading.text)
    if let attributes = heading.attributes { section.condition = condition(of: attributes) }
    if !isTitle || section.condition != nil { sections.append(section) }
  }

  private mutating func condition(of attributes: Attributes) -> StepDraft.FilterSite? {
    for name in [attributes.id].compactMap(\.self) + attributes.classes {
      report(
        .misplacedAttribute, "a heading has no id and no flags", at: name.range,
        notes: ["a heading may end in <!-- if=\"…\" -->"])
    }
    var site: StepDraft.FilterSite?
    for attribute in attributes.values {
      let name = attribute.name
      guard name.text == StepAttribute.condition.rawValue else {
        let isKnown = StepAttribute(rawValue: name.text) != nil
        report(
          isKnown ? .misplacedAttribute : .unknownAttribute,
          isKnown ? "a heading has no '\(name.text)'" : "no attribute is named '\(name.text)'",
          at: name.range,
          notes: ["a heading has 'if' only"])
        continue
      }
      var reader = ValueReader(.invalidAttribute)
      if let text = reader.text(attribute.value, name.text) {
        site = .init(
          purpose: .condition, node: attribute.value, filter: Filter(text, at: attribute.value.range))
      }
      diagnostics += reader.diagnostics
    }
    return site
  }

  // MARK: Tasks

  private mutating func add(_ task: TaskItem) {
    let place = task.textRange.isEmpty ? task.range : task.textRange
    if task.isChecked {
      report(
        .checkedTask, "the task is checked already", at: task.range,
        notes: ["a runbook's tasks are '- [ ]': each run checks them anew"])
    }
    let action = Step.Action.manual(ManualTask(text: task.text, wantsEvidence: false))
    let draft = draft(
      id: task.attributes?.id, place: task.attributes?.id?.range ?? place, at: task.range, kind: .task,
      action: action, title: task.text)
    draft.step.number = task.itemNumber.map { String($0) }
    if let attributes = task.attributes {
      var reader = AttributeReader(own: [])
      reader.read(attributes, into: draft)
      diagnostics += reader.reader.diagnostics
    }
    append(draft, in: task.containers + [.item(task.item)])
  }

  // MARK: Fences

  private mutating func add(_ fence: Fence) {
    if let foreign = fence.foreignAttributes { return reportForeign(foreign, of: fence) }
    guard let attributes = fence.attributes else { return noteDocumentation(fence) }
    guard let language = fence.language else {
      guard attributes.id != nil else { return }
      return report(
        .unknownLanguage, "a step's fence begins with its language", at: fence.openingRange,
        notes: ["languages are \(languages.joined(separator: ", "))"])
    }
    let adapter = adapters.adapter(for: language.text)
    let kind: StepKind? =
      adapter != nil
      ? .call : language.text == StepLanguage.ask ? .ask : language.text == StepLanguage.wait ? .wait : nil
    guard let kind else { return reportLanguage(language, hasID: attributes.id != nil) }
    guard let id = attributes.id else {
      let isMeant =
        !attributes.classes.isEmpty
        || attributes.values.contains { StepAttribute(rawValue: $0.name.text) != nil }
      guard isMeant else { return noteDocumentation(fence) }
      return report(
        .missingStepID, "a step needs an id", at: attributes.range, notes: ["begin the list with '#name'"])
    }
    let draft = draft(
      id: id, place: id.range, at: fence.openingRange, kind: kind,
      action: .wait(milliseconds: 0), title: fence.leadText ?? id.text)
    draft.step.number = fence.itemNumber.map { String($0) }
    var reader = AttributeReader(own: adapter?.attributes ?? [])
    reader.read(attributes, into: draft)
    // What a page says of a step is not said of the one that takes it back.
    if draft.step.role != .main, fence.isLeadShared, !draft.has(.title) { draft.step.title = id.text }
    diagnostics += reader.reader.diagnostics
    let body = fence.body
    switch kind {
    case .call:
      let call = AdapterCall(
        language: language.text, fields: draft.fields, body: body.string, origin: body.origin)
      draft.step.action = .call(call)
      draft.body = body
    case .ask: readQuestion(body, into: draft)
    case .wait: readPause(body, into: draft)
    case .task: break
    }
    append(draft, in: fence.containers)
  }

  private mutating func readQuestion(_ body: MappedText, into draft: StepDraft) {
    var reader = QuestionReader()
    if let question = reader.read(body, of: draft.place) {
      draft.step.action = .ask(question)
      draft.uses += reader.uses
    }
    diagnostics += reader.diagnostics
  }

  private mutating func readPause(_ body: MappedText, into draft: StepDraft) {
    var start = 0
    var end = body.count
    while start < end, body.bytes[start] <= 0x20 { start += 1 }
    while end > start, body.bytes[end - 1] <= 0x20 { end -= 1 }
    let text = String(decoding: body.bytes[start..<end], as: UTF8.self)
    if let milliseconds = DurationText.milliseconds(parsing: text), milliseconds > 0 {
      draft.step.action = .wait(milliseconds: milliseconds)
    } else {
      report(
        text.isEmpty ? .emptyBody : .malformedBody,
        "a 'wait' holds one duration\(text.isEmpty ? "" : ", not '\(text)'")",
        at: start < end ? body.sourceRange(of: start..<end) : draft.place,
        notes: ["durations are written as 500ms, 30s, 5m, 1h30m"])
    }
  }

  /// Such a fence would run elsewhere: taken for documentation, it would silently not run here.
  private mutating func reportForeign(_ foreign: ForeignAttributes, of fence: Fence) {
    let language = fence.language.map { languages.contains($0.text) ? $0.text : nil } ?? nil
    let whose =
      switch foreign.form {
      case .runme: "runme's"
      case .pandocClass: "Pandoc's"
      }
    report(
      .foreignAttributes, "attributes in \(whose) form", at: foreign.range,
      notes: ["write '\(ForeignFence(foreign, in: file).rewritten(language: language, among: languages))'"])
  }

  private mutating func noteDocumentation(_ fence: Fence) {
    guard let language = fence.language, languages.contains(language.text)
    else { return }
    diagnostics.append(
      Diagnostic(
        .documentationFence, .note, "this fence is documentation: it has no id", at: language.range,
        notes: ["\(language.text) {#name} would make it a step"]))
  }

  private var languages: [String] { adapters.languages + [StepLanguage.ask, StepLanguage.wait] }

  private mutating func reportLanguage(_ language: SourceName, hasID: Bool) {
    if StepLanguage.reserved.contains(language.text) {
      return report(
        .reservedLanguage, "steps of language '\(language.text)' are kept for a later version",
        at: language.range)
    }
    let nearest = NearestName.match(language.text, among: languages)
    guard hasID || nearest != nil else { return }
    let known = StepLanguage.aliases[language.text].flatMap { languages.contains($0) ? $0 : nil }
    let suggestion = (known ?? nearest).map { "did you mean '\($0)'?" }
    report(
      .unknownLanguage, "no step has the language '\(language.text)'", at: language.range,
      notes: [suggestion ?? "languages are \(languages.joined(separator: ", "))"])
  }

  // MARK: All

  /// A draft with what its place in the page says.
  private mutating func draft(
    id: SourceName?, place: SourceRange, at range: SourceRange, kind: StepKind, action: Step.Action,
    title: String
  ) -> StepDraft {
    var step = Step(
      id: StepID(id?.text ?? ""), title: title, action: action, effect: .read, target: .local)
    step.line = file.position(ofOffset: range.start).line
    step.section = sections.lazy.map(\.title).filter { !$0.isEmpty }
    if let id, !Identifier.isStep(id.text) {
      let folded = Slug.make(id.text)
      report(
        .invalidName, "'\(id.text)' is no id", at: id.range,
        notes: (folded.map { ["did you mean '\($0)'?"] } ?? []) + [Identifier.stepForm])
    }
    let draft = StepDraft(step, kind: kind, id: id, place: place)
    for index in sections.indices {
      guard let condition = sections[index].condition else { continue }
      draft.step.conditions.append(condition.filter)
      // The first step of a section stands for all when the filter is checked.
      if !sections[index].isChecked { draft.filters.append(condition) }
      sections[index].isChecked = true
    }
    return draft
  }

  private mutating func append(_ draft: StepDraft, in containers: [Container]) {
    if draft.step.role == .main { draft.implicitNeeds = order.add(drafts.count, in: containers) }
    drafts.append(draft)
  }

  private mutating func report(
    _ code: Diagnostic.Code, _ message: String, at range: SourceRange, notes: [String] = []
  ) {
    diagnostics.append(Diagnostic(code, .error, message, at: range, notes: notes))
  }
}

extension MappedText {
  /// The places of its lines: within a line the file holds the same bytes.
  var origin: BodyOrigin {
    var segments = isEmpty ? [] : [BodyOrigin.Segment(body: 0, source: sourceOffset(of: 0))]
    for (index, byte) in bytes.enumerated() where byte == 0x0a && index + 1 < bytes.count {
      segments.append(.init(body: index + 1, source: sourceOffset(of: index + 1)))
    }
    return BodyOrigin(segments: segments)
  }
}
