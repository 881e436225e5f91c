import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// Reads the body of an `ask` step.
struct QuestionReader {
  /// What was found so far.
  private(set) var diagnostics: [Diagnostic] = []
  /// Names the question mentions.
  private(set) var uses: [StepDraft.Use] = []

  /// The question; nil where the body holds none. One of unknown type, which is reported, wants a string: its answer's
  /// name is used all the same.
  ///
  /// - Parameter place: Where to report what is not there.
  mutating func read(_ body: MappedText, of place: SourceRange) -> Question? {
    let (node, found) = YAMLReader.read(body)
    diagnostics += found
    guard let node else {
      if found.isEmpty {
        diagnostics.append(
          Diagnostic(
            .emptyBody, .error, "the step asks nothing", at: place, notes: ["its body is YAML: 'question: …'"]
          ))
      }
      return nil
    }
    var reader = ValueReader(.malformedBody)
    var text: Template?
    var limits = ParameterReader.Limits()
    var given: YAMLNode?
    for (key, entry) in reader.entries(node, of: "a question", QuestionKey.self) {
      switch key {
      case .question: text = template(entry.value, &reader)
      case .type: limits.type = entry.value
      case .default: given = entry.value
      case .pattern: limits.pattern = entry.value
      case .minimum: limits.minimum = entry.value
      case .maximum: limits.maximum = entry.value
      case .choices:
        limits.choices = entry.value
        limits.type = limits.type ?? Self.choice(at: entry.keyRange)
      }
    }
    var parameters = ParameterReader(reader)
    let type = parameters.type(limits, of: "the answer", at: node.range)
    let value = type.flatMap { type in
      given.flatMap { parameters.defaultValue($0, type, "the answer") }
    }
    reader = parameters.reader
    if text == nil, node.entries != nil, node["question"] == nil {
      reader.report(.missingKey, "the step asks nothing", at: node.range, notes: ["add 'question: …'"])
    }
    diagnostics += reader.diagnostics
    guard let text else { return nil }
    return Question(text: text, type: type ?? ParameterType(.string), defaultValue: value)
  }

  private mutating func template(_ node: YAMLNode, _ reader: inout ValueReader) -> Template? {
    guard let text = reader.text(node, "question") else { return nil }
    let template = Template(text)
    for name in template.names { uses.append(.init(name: name.name, range: node.range(ofText: name.range))) }
    return template
  }

  /// `choices` alone say that the answer is one of them.
  private static func choice(at range: SourceRange) -> YAMLNode {
    YAMLNode(.scalar(YAMLScalar(ParameterType.Kind.choice.rawValue, style: .plain)), range: range)
  }
}
