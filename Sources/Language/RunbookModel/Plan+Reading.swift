import RunbookDiagnostics

/// Why a JSON value is no plan.
public struct PlanFormatError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Where, for example `steps[3].needs`; empty for the plan as a whole.
  public let path: String
  /// What was found and what was expected, lower case, no full stop.
  public let message: String

  /// An error at `path`.
  public init(path: String, message: String) {
    self.path = path
    self.message = message
  }

  public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

extension Plan {
  /// Reads the form that `json` writes; nothing else is accepted, so that no unknown member is silently lost.
  public init(json: JSONValue) throws(PlanFormatError) {
    var reader = try ObjectReader(json, at: "")
    let version = try reader.integer("plan")
    guard version == Self.formatVersion else {
      throw PlanFormatError(
        path: "plan", message: "this program reads version \(Self.formatVersion), not \(version)")
    }
    program = try reader.text("program")
    var source = try reader.object("runbook")
    runbook = try Source(
      name: source.text("name"), title: source.text("title"), path: source.text("path"),
      digest: Digest(source.text("digest")))
    try source.finish()
    environment = try Environment(reading: reader.object("environment"))
    let given = try reader.object("parameters")
    parameters = [:]
    for member in given.rest { parameters[member.name] = try Value(reading: member.value, at: given.path) }
    let targets = Dictionary(environment.targets.map { ($0.name, $0) }) { first, _ in first }
    steps = []
    var ids: Set<StepID> = []
    for element in try reader.array("steps") {
      let step = try Step(reading: ObjectReader(element.value, at: element.path), knowing: targets)
      guard ids.insert(step.id).inserted else {
        throw PlanFormatError(path: "\(element.path).id", message: "'\(step.id)' is the id of two steps")
      }
      steps.append(step)
    }
    locks = try reader.texts("locks")
    timeoutMilliseconds = try reader.optionalInteger("timeout_ms")
    unselected = try reader.texts("unselected").map { StepID($0) }
    try reader.finish()
  }
}

extension Environment {
  fileprivate init(reading object: consuming ObjectReader) throws(PlanFormatError) {
    var reader = object
    let name = try reader.text("name")
    let digest = Digest(try reader.text("digest"))
    let isProtected = try reader.flag("protected")
    let confirm: ConfirmPolicy = try reader.word("confirm")
    var targets: [Target] = []
    for element in try reader.array("targets") {
      targets.append(try Target(reading: element.value, at: element.path))
    }
    try reader.finish()
    self.init(name: name, digest: digest, isProtected: isProtected, confirm: confirm, targets: targets)
  }
}

extension Target {
  fileprivate init(reading value: JSONValue, at path: String) throws(PlanFormatError) {
    var reader = try ObjectReader(value, at: path)
    let name = try reader.text("name")
    let type = try reader.text("type")
    var settings: [String: Setting] = [:]
    let members = try reader.object("settings")
    for member in members.rest {
      let path = "\(members.path).\(member.name)"
      if let values = member.value.array {
        var list: [Value] = []
        for value in values { list.append(try Value(reading: value, at: path)) }
        settings[member.name] = .list(list)
      } else if let entries = member.value["named"]?.members {
        var named: [Named] = []
        for entry in entries { named.append(Named(entry.name, try Value(reading: entry.value, at: path))) }
        settings[member.name] = .named(named)
      } else {
        settings[member.name] = .value(try Value(reading: member.value, at: path))
      }
    }
    try reader.finish()
    self.init(name: name, type: type, settings: settings)
  }
}

extension Value {
  fileprivate init(reading value: JSONValue, at path: String) throws(PlanFormatError) {
    switch value {
    case .null, .boolean, .number, .string: self = .plain(value)
    case .array: throw PlanFormatError(path: path, message: "a list where one value is expected")
    case .object:
      var reader = try ObjectReader(value, at: path)
      if let plain = reader.take("value") {
        self = .plain(plain)
      } else {
        let text = try reader.text("secret")
        guard let reference = SecretReference(name: try reader.text("name"), parsing: text) else {
          throw PlanFormatError(path: path, message: "'\(text)' is no reference to a secret")
        }
        self = .secret(reference)
      }
      try reader.finish()
    }
  }
}

extension Step {
  fileprivate init(
    reading object: consuming ObjectReader, knowing targets: [String: Target]
  ) throws(PlanFormatError) {
    var reader = object
    let id = StepID(try reader.text("id"))
    let title = try reader.text("title")
    let target = try reader.target("target", knowing: targets)
    let action = try Action(reading: reader.object("action"))
    self.init(id: id, title: title, action: action, effect: try reader.word("effect"), target: target)
    number = try reader.optionalText("number")
    section = try reader.texts("section")
    line = try reader.integer("line")
    role = try reader.optionalWord("role") ?? .main
    effectSource = try reader.word("effect_source")
    needs = try reader.texts("needs").map { StepID($0) }
    hasExplicitNeeds = try reader.flag("explicit_needs")
    conditions = try reader.texts("if").map { Filter($0) }
    expect = try reader.optionalText("expect").map { Filter($0) }
    if let within = try reader.optionalInteger("within_ms") {
      polling = Polling(withinMilliseconds: within, everyMilliseconds: try reader.integer("every_ms"))
    }
    durationMilliseconds = try reader.optionalInteger("for_ms")
    timeoutMilliseconds = try reader.integer("timeout_ms")
    confirm = try reader.optionalText("confirm").map { Template($0) }
    isIdempotent = try reader.flag("idempotent")
    verify = try reader.optionalText("verify").map { StepID($0) }
    undo = try reader.optionalText("undo").map { StepID($0) }
    onFailure = try reader.onFailure("on_failure")
    for element in try reader.array("outputs") {
      var output = try ObjectReader(element.value, at: element.path)
      outputs.append(
        try Output(
          name: output.text("name"), filter: output.optionalText("filter").map { Filter($0) },
          isSecret: output.flag("secret")))
      try output.finish()
    }
    mask = try reader.optionalText("mask").map { Filter($0) }
    produces = try reader.texts("produces").map { Template($0) }
    isInteractive = try reader.flag("interactive")
    uses = try reader.texts("uses")
    try reader.finish()
  }
}

extension Step.Action {
  fileprivate init(reading object: consuming ObjectReader) throws(PlanFormatError) {
    let outer = object
    guard let member = outer.rest.first, outer.rest.count == 1 else {
      throw PlanFormatError(path: outer.path, message: "exactly one kind of action is expected")
    }
    var reader = try ObjectReader(member.value, at: "\(outer.path).\(member.name)")
    switch member.name {
    case "manual":
      self = .manual(ManualTask(text: try reader.text("text"), wantsEvidence: try reader.flag("evidence")))
    case "ask":
      var type = ParameterType(try reader.word("type"))
      type.pattern = try reader.optionalText("pattern")
      type.minimum = try reader.optionalText("minimum")
      type.maximum = try reader.optionalText("maximum")
      type.choices = try reader.texts("choices")
      self = .ask(
        Question(
          text: Template(try reader.text("question")), type: type, defaultValue: reader.take("default")))
    case "wait": self = .wait(milliseconds: try reader.integer("duration_ms"))
    case "call":
      let language = try reader.text("language")
      let fields = try reader.members("fields").map {
        AdapterCall.Field(name: $0.name, value: $0.value, range: .startOfFile)
      }
      self = .call(AdapterCall(language: language, fields: fields, body: try reader.text("body")))
    default: throw PlanFormatError(path: outer.path, message: "'\(member.name)' is no kind of action")
    }
    try reader.finish()
  }
}

extension ObjectReader {
  fileprivate mutating func target(
    _ name: String, knowing targets: [String: Target]
  ) throws(PlanFormatError) -> Target {
    guard let value = take(name) else { throw missing(name) }
    guard let known = value.string else { return try Target(reading: value, at: member(name)) }
    if let target = targets[known] { return target }
    if known == Target.local.name { return .local }
    throw PlanFormatError(path: member(name), message: "the environment has no target named '\(known)'")
  }

  fileprivate mutating func onFailure(_ name: String) throws(PlanFormatError) -> Step.OnFailure? {
    guard let value = take(name) else { return nil }
    switch value.string {
    case "ask": return .ask
    case "stop": return .stop
    case "continue": return .continue
    case "undo": return .undo
    default:
      var reader = try ObjectReader(value, at: member(name))
      let rescue = Step.OnFailure.rescue(StepID(try reader.text("rescue")))
      try reader.finish()
      return rescue
    }
  }
}
