extension Plan {
  /// The version of the form below; a program reads its own version only.
  public static let formatVersion = 1

  /// The canonical form: members in a fixed order, absent ones left out, secrets as references.
  ///
  /// `Plan(json:)` gives back an equal plan, and equal plans have equal bytes; the plan's digest is that of
  /// `json.utf8`. Its schema is `Schemas/plan.schema.json`.
  public var json: JSONValue {
    var members = MemberList()
    members.add("plan", .integer(Self.formatVersion))
    members.add("program", .string(program))
    members.add("runbook", runbook.json)
    members.add("environment", environment.json)
    members.add(
      "parameters",
      .object(parameters.keys.sorted().compactMap { name in parameters[name].map { .init(name, $0.json) } }))
    let targets = Dictionary(environment.targets.map { ($0.name, $0) }) { first, _ in first }
    members.add("steps", .array(steps.map { $0.json(knowing: targets) }))
    members.add("locks", texts: locks)
    members.add("timeout_ms", integer: timeoutMilliseconds)
    members.add("unselected", texts: unselected.map(\.rawValue))
    return members.object
  }
}

/// Collects the members of one object and leaves out what is absent.
private struct MemberList {
  private var members: [JSONValue.Member] = []

  var object: JSONValue { .object(members) }

  mutating func add(_ name: String, _ value: JSONValue?) {
    if let value { members.append(JSONValue.Member(name, value)) }
  }

  mutating func add(_ name: String, text: String?) { add(name, text.map { .string($0) }) }
  mutating func add(_ name: String, integer: Int?) { add(name, integer.map { .integer($0) }) }
  mutating func add(_ name: String, flag: Bool) { if flag { add(name, .boolean(true)) } }

  mutating func add(_ name: String, texts: [String]) {
    if !texts.isEmpty { add(name, .array(texts.map { .string($0) })) }
  }
}

extension Plan.Source {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "title": .string(title), "path": .string(path),
      "digest": .string(digest.rawValue),
    ]
  }
}

extension Environment {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "digest": .string(digest.rawValue), "protected": .boolean(isProtected),
      "confirm": .string(confirm.rawValue), "targets": .array(targets.map(\.json)),
    ]
  }
}

extension Target {
  fileprivate var json: JSONValue {
    let settings = settings.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value.json) }
    return ["name": .string(name), "type": .string(type), "settings": .object(settings)]
  }
}

extension Target.Setting {
  fileprivate var json: JSONValue {
    switch self {
    case .value(let value): value.json
    case .list(let values): .array(values.map(\.json))
    case .named(let entries): ["named": .object(entries.map { JSONValue.Member($0.name, $0.value.json) })]
    }
  }
}

extension Value {
  /// A scalar as it is, a secret as `{"secret": …}`, anything else as `{"value": …}`, so that these
  /// never look alike.
  fileprivate var json: JSONValue {
    switch self {
    case .secret(let reference): ["secret": .string(reference.text), "name": .string(reference.name)]
    case .plain(let value):
      switch value {
      case .null, .boolean, .number, .string: value
      case .array, .object: ["value": value]
      }
    }
  }
}

extension Step {
  /// A target of the environment is named, any other one written out.
  fileprivate func json(knowing targets: [String: Target]) -> JSONValue {
    var members = MemberList()
    members.add("id", .string(id.rawValue))
    members.add("title", .string(title))
    members.add("number", text: number)
    members.add("section", texts: section)
    members.add("line", .integer(line))
    if role != .main { members.add("role", .string(role.rawValue)) }
    members.add("effect", .string(effect.rawValue))
    members.add("effect_source", .string(effectSource.rawValue))
    let isKnown = target == targets[target.name] || (target == .local && targets[target.name] == nil)
    members.add("target", isKnown ? .string(target.name) : target.json)
    members.add("needs", .array(needs.map { .string($0.rawValue) }))
    members.add("explicit_needs", flag: hasExplicitNeeds)
    members.add("if", texts: conditions.map(\.source))
    members.add("action", action.json)
    members.add("expect", text: expect?.source)
    members.add("within_ms", integer: polling?.withinMilliseconds)
    members.add("every_ms", integer: polling?.everyMilliseconds)
    members.add("for_ms", integer: durationMilliseconds)
    members.add("timeout_ms", .integer(timeoutMilliseconds))
    members.add("confirm", text: confirm?.source)
    members.add("idempotent", flag: isIdempotent)
    members.add("verify", text: verify?.rawValue)
    members.add("undo", text: undo?.rawValue)
    members.add("on_failure", onFailure?.json)
    if !outputs.isEmpty { members.add("outputs", .array(outputs.map(\.json))) }
    members.add("mask", text: mask?.source)
    members.add("produces", texts: produces.map(\.source))
    members.add("interactive", flag: isInteractive)
    members.add("uses", texts: uses)
    return members.object
  }
}

extension Step.Action {
  fileprivate var json: JSONValue {
    var members = MemberList()
    switch self {
    case .manual(let task):
      members.add("text", .string(task.text))
      members.add("evidence", flag: task.wantsEvidence)
      return ["manual": members.object]
    case .ask(let question):
      members.add("question", .string(question.text.source))
      members.add("type", .string(question.type.kind.rawValue))
      members.add("pattern", text: question.type.pattern)
      members.add("minimum", text: question.type.minimum)
      members.add("maximum", text: question.type.maximum)
      members.add("choices", texts: question.type.choices)
      members.add("default", question.defaultValue)
      return ["ask": members.object]
    case .wait(let milliseconds):
      return ["wait": ["duration_ms": .integer(milliseconds)]]
    case .call(let call):
      members.add("language", .string(call.language))
      if !call.fields.isEmpty {
        members.add("fields", .object(call.fields.map { JSONValue.Member($0.name, $0.value) }))
      }
      members.add("body", .string(call.body))
      return ["call": members.object]
    }
  }
}

extension Step.OnFailure {
  fileprivate var json: JSONValue {
    switch self {
    case .ask: "ask"
    case .stop: "stop"
    case .continue: "continue"
    case .undo: "undo"
    case .rescue(let id): ["rescue": .string(id.rawValue)]
    }
  }
}

extension Step.Output {
  fileprivate var json: JSONValue {
    var members = MemberList()
    members.add("name", .string(name))
    members.add("filter", text: filter?.source)
    members.add("secret", flag: isSecret)
    return members.object
  }
}
