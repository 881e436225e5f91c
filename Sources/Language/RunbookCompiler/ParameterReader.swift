import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// Reads one entry of `parameters`, and what an `ask` step has in common with it.
struct ParameterReader {
  /// What was found so far.
  var reader: ValueReader

  /// Goes on with the diagnostics of `reader`.
  init(_ reader: ValueReader) { self.reader = reader }

  /// What limits a type, as written.
  struct Limits {
    var type: YAMLNode?
    var pattern: YAMLNode?
    var minimum: YAMLNode?
    var maximum: YAMLNode?
    var choices: YAMLNode?
  }

  /// The parameter. Where its type is not known, which is reported, it is there all the same, as a string without
  /// limits: the page uses its name, and that is no mistake.
  mutating func read(_ entry: YAMLEntry) -> Runbook.Parameter {
    let name = entry.key
    var limits = Limits()
    var values: [ParameterKey: YAMLNode] = [:]
    for (key, entry) in reader.entries(entry.value, of: "a parameter", ParameterKey.self) {
      switch key {
      case .type: limits.type = entry.value
      case .pattern: limits.pattern = entry.value
      case .minimum: limits.minimum = entry.value
      case .maximum: limits.maximum = entry.value
      case .choices: limits.choices = entry.value
      case .default, .required, .description, .from: values[key] = entry.value
      }
    }
    guard let type = type(limits, of: name, at: entry.keyRange) else {
      return Runbook.Parameter(name: name, type: ParameterType(.string), isRequired: false)
    }
    var parameter = Runbook.Parameter(name: name, type: type, isRequired: false)
    parameter.description = values[.description].flatMap { reader.text($0, "description") }
    if let node = values[.default] { parameter.defaultValue = defaultValue(node, type, name) }
    if let node = values[.from] { parameter.from = source(node, type, name) }
    readRequired(values, into: &parameter, at: entry.keyRange)
    return parameter
  }

  /// Decides whether a run must give the parameter: it must where nothing else gives it.
  private mutating func readRequired(
    _ values: [ParameterKey: YAMLNode], into parameter: inout Runbook.Parameter, at range: SourceRange
  ) {
    let hasValue = values[.default] != nil || values[.from] != nil
    let wanted = values[.required].flatMap { reader.boolean($0, "required") }
    parameter.isRequired = wanted ?? !hasValue
    guard let wanted, let node = values[.required] else { return }
    if wanted, hasValue {
      reader.reject(
        "'\(parameter.name)' is required and has a value of its own", at: node.range,
        notes: ["keep one of 'required' and '\(values[.default] != nil ? "default" : "from")'"])
    }
    if !wanted, !hasValue {
      guard parameter.type.kind == .string else {
        reader.reject(
          "'\(parameter.name)' is not required and has no default", at: node.range,
          notes: ["only a string may be left out without a default: it is empty then"])
        return
      }
      parameter.defaultValue = ""
    }
  }

  /// A type with its limits; nil after an error that leaves none.
  mutating func type(_ limits: Limits, of name: String, at range: SourceRange) -> ParameterType? {
    var kind = ParameterType.Kind.string
    if let node = limits.type {
      guard let word = reader.word(node, "type", ParameterType.Kind.self) else { return nil }
      kind = word
    }
    var type = ParameterType(kind)
    if let node = fitting(limits.pattern, "pattern", kind, [.string]), let text = reader.text(node, "pattern")
    {
      if let problem = TextPattern.problem(in: text) {
        reader.reject("'pattern' is no regular expression: \(problem)", at: node.range)
      } else {
        type.pattern = text
      }
    }
    type.minimum = limit(limits.minimum, "minimum", kind)
    type.maximum = limit(limits.maximum, "maximum", kind)
    if let minimum = type.minimum.flatMap(Double.init), let maximum = type.maximum.flatMap(Double.init),
      minimum > maximum, let node = limits.maximum
    {
      reader.reject("'maximum' is below 'minimum'", at: node.range)
    }
    if let node = fitting(limits.choices, "choices", kind, [.choice]) {
      type.choices = reader.texts(node, "choices").map(\.text)
      if Set(type.choices).count < type.choices.count {
        reader.reject("'choices' has one text twice", at: node.range)
      }
    } else if kind == .choice {
      reader.report(
        .missingKey, "'\(name)' is a choice without 'choices'", at: limits.type?.range ?? range,
        notes: ["add 'choices: [one, another]'"])
    }
    return type
  }

  private mutating func limit(_ node: YAMLNode?, _ name: String, _ kind: ParameterType.Kind) -> String? {
    guard let node = fitting(node, name, kind, [.integer, .number]), let text = reader.text(node, name)
    else { return nil }
    guard (try? ParameterType(kind).value(parsing: text)) != nil else {
      reader.reject(
        "'\(name)' must be \(kind == .number ? "a number" : "an integer"), not '\(text)'", at: node.range)
      return nil
    }
    return text
  }

  /// `node` where a parameter of `kind` can have the key; else reports it.
  private mutating func fitting(
    _ node: YAMLNode?, _ key: String, _ kind: ParameterType.Kind, _ kinds: [ParameterType.Kind]
  ) -> YAMLNode? {
    guard let node, !kinds.contains(kind) else { return node }
    let wanted = kinds.map(\.rawValue).joined(separator: " or ")
    reader.reject(
      "'\(key)' is for type \(wanted), not \(kind.rawValue)", at: node.range,
      notes: kind == .string && kinds == [.choice] ? ["add 'type: choice'"] : [])
    return nil
  }

  /// A default that the type accepts.
  mutating func defaultValue(_ node: YAMLNode, _ type: ParameterType, _ name: String) -> JSONValue? {
    guard let scalar = node.scalar else {
      reader.reject("the default of '\(name)' must be one value", at: node.range)
      return nil
    }
    guard type.kind != .secret else {
      reader.report(
        .secretInPlainText, "a secret has no default", at: node.range,
        notes: ["say where it is kept: 'from: env:NAME'"])
      return nil
    }
    do {
      return try type.value(parsing: scalar.text)
    } catch {
      reader.reject("the default of '\(name)' \(error.message)", at: node.range)
      return nil
    }
  }

  private mutating func source(_ node: YAMLNode, _ type: ParameterType, _ name: String) -> SecretReference? {
    guard let node = fitting(node, "from", type.kind, [.secret]), let text = reader.text(node, "from")
    else { return nil }
    return reader.secret(text, name: name, at: node.range)
  }
}

extension ValueReader {
  /// A reference to a secret; a text of another form is reported, because it may be the secret itself.
  mutating func secret(_ text: String, name: String, at range: SourceRange) -> SecretReference? {
    if let reference = SecretReference(name: name, parsing: text) {
      switch reference.source {
      case .environment, .file, .dotenv, .command: return reference
      case .output: break
      }
    }
    report(
      .secretInPlainText, "'\(name)' must be a reference to a secret, never the secret itself", at: range,
      notes: ["references are env:NAME, file:PATH, dotenv:FILE#NAME and command:[\"program\", \"argument\"]"])
    return nil
  }
}
