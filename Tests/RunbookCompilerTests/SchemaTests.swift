import Glibc
import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import RunbookSyntax
import TestSupport
import Testing

@testable import RunbookCompiler

@Suite struct SchemaTests {
  /// The value at a path of member names.
  private func value(_ json: JSONValue, _ path: String...) throws -> JSONValue {
    try path.reduce(json) { try #require($0[$1], "no '\($1)'") }
  }

  private func names(_ json: JSONValue) throws -> [String] { try #require(json.members).map(\.name).sorted() }

  private func words(_ json: JSONValue) throws -> [String] {
    try #require(json.array).compactMap(\.string).sorted()
  }

  private func words<Word: CaseIterable & RawRepresentable<String>>(_ type: Word.Type) -> [String] {
    type.allCases.map(\.rawValue).sorted()
  }

  @Test func `the front matter's schema has the keys that are read`() throws {
    let schema = try Repository.json("Schemas/runbook.schema.json")
    let parameter = try value(schema, "$defs", "parameter", "properties")
    #expect(try names(value(schema, "properties")) == words(FrontMatterKey.self))
    #expect(try names(value(schema, "properties", "requires", "properties")) == words(RequirementKey.self))
    #expect(try names(parameter) == words(ParameterKey.self))
    #expect(try words(value(parameter, "type", "enum")) == words(ParameterType.Kind.self))
  }

  @Test func `the step's schema has the attributes of the language and of all adapters`() throws {
    let properties = try value(Repository.json("Schemas/step.schema.json"), "properties")
    let own = registry.adapters.flatMap(\.attributes).map(\.name)
    #expect(try names(properties) == Set(words(StepAttribute.self) + own).sorted())
    #expect(try words(value(properties, "effect", "enum")) == words(Effect.self))
    let outputs = try #require(value(properties, "outputs", "anyOf").array?.last)
    let output = try #require(value(outputs, "additionalProperties", "anyOf").array?.last)
    #expect(try names(value(output, "properties")) == words(OutputKey.self))
  }

  @Test func `the environment's schema is that of the registered target types`() throws {
    let schema = EnvironmentSchema.json(registry)
    if getenv("RUNBOOK_UPDATE_SCHEMAS") != nil {
      try Repository.write(schema.prettyText + "\n", to: "Schemas/environment.schema.json")
    }
    #expect(
      try String(decoding: Repository.bytes("Schemas/environment.schema.json"), as: UTF8.self)
        == schema.prettyText + "\n",
      "run this test once with RUNBOOK_UPDATE_SCHEMAS=1")
    #expect(try names(value(schema, "properties")) == words(EnvironmentKey.self))
    #expect(try names(value(schema, "properties", "policy", "properties")) == words(PolicyKey.self))
  }

  @Test func `the plan's schema has the members that are written`() throws {
    let schema = try Repository.json("Schemas/plan.schema.json")
    let plan = Plan.everything.json
    let definitions = try value(schema, "$defs")
    let steps = try #require(plan["steps"]?.array)
    let stepNames = Set(steps.flatMap { $0.members?.map(\.name) ?? [] }).sorted()
    #expect(try names(plan) == names(value(schema, "properties")))
    #expect(try stepNames == names(value(definitions, "step", "properties")))
    for kind in ["manual", "ask", "wait", "call"] {
      let written = steps.compactMap { $0["action"]?[kind]?.members?.map(\.name) }.flatMap(\.self)
      #expect(
        try Set(written).sorted() == names(value(definitions, "action", "properties", kind, "properties")),
        "\(kind)")
    }
    let step = try value(definitions, "step", "properties")
    #expect(try words(value(step, "effect", "enum")) == words(Effect.self))
    let environment = try value(schema, "properties", "environment", "properties")
    #expect(try names(environment) == names(value(plan, "environment")))
    #expect(try words(value(environment, "confirm", "enum")) == words(Environment.ConfirmPolicy.self))
    let ask = try value(definitions, "action", "properties", "ask", "properties", "type", "enum")
    #expect(try words(ask) == words(ParameterType.Kind.self))
  }

  @Test func `shipped runbooks, environments and their plans are valid, and planning loses nothing`() throws {
    var validator = SchemaValidator()
    validator.add("everything", Plan.everything.json, schema: "plan.schema.json")
    let environments = try Repository.names(in: "runbooks/environments", suffix: ".yaml")
    for name in environments {
      let node = YAMLReader.read(try Repository.source("runbooks/environments/\(name).yaml")).0
      validator.add(name, node?.typedJSON ?? .null, schema: "environment.schema.json")
    }
    let pages = try Repository.names(in: "runbooks", suffix: ".md")
    #expect(pages.count >= 7 && environments.count >= 3)
    for name in pages {
      let (document, _) = Document.parse(try Repository.source("runbooks/\(name).md"))
      guard document.isRunbook else { continue }
      validator.add(name, try #require(document.frontMatter).typedJSON, schema: "runbook.schema.json")
      for (place, attributes) in Self.attributes(of: document) {
        let values = attributes.values.map { JSONValue.Member($0.name.text, $0.value.typedJSON) }
        validator.add("\(name) \(place)", .object(values), schema: "step.schema.json")
      }
      for environment in environments {
        guard let plan = try Self.plan(name, in: environment) else { continue }
        validator.add("\(name) in \(environment)", plan.json, schema: "plan.schema.json")
        #expect(try Plan(json: JSONValue(parsing: plan.json.text)) == plan)
      }
    }
    #expect(try validator.complaints() == [])
  }

  @Test func `what the program refuses the schemas refuse too`() throws {
    var validator = SchemaValidator()
    validator.add("a", ["runbook": 1, "titel": "x"], schema: "runbook.schema.json")
    validator.add("b", ["runbook": 2], schema: "runbook.schema.json")
    validator.add("c", ["runbook": 1, "timeout": "5"], schema: "runbook.schema.json")
    validator.add("d", ["runbook": 1, "parameters": ["A": [:]]], schema: "runbook.schema.json")
    validator.add(
      "e", ["runbook": 1, "parameters": ["a": ["type": "secret", "default": "x"]]],
      schema: "runbook.schema.json")
    validator.add("f", ["timout": "5s"], schema: "step.schema.json")
    validator.add("g", ["effect": "reed"], schema: "step.schema.json")
    validator.add("h", ["targets": ["a": ["type": "ssh"]]], schema: "environment.schema.json")
    validator.add(
      "i", ["targets": ["a": ["type": "postgres", "password": "hunter2"]]], schema: "environment.schema.json")
    validator.add("j", ["policy": ["confirm": "sometimes"]], schema: "environment.schema.json")
    validator.add("k", ["plan": 1], schema: "plan.schema.json")
    let refused = Set(try validator.complaints().map { String($0.prefix(1)) })
    #expect(refused == Set("abcdefghijk".map(String.init)))
  }

  private static func attributes(of document: Document) -> [(place: String, attributes: Attributes)] {
    document.blocks.compactMap { block in
      let attributes: Attributes? =
        switch block {
        case .fence(let fence): fence.attributes
        case .task(let task): task.attributes
        case .heading(let heading): heading.attributes
        case .paragraph: nil
        }
      guard let attributes else { return nil }
      return ("line \(document.file.position(ofOffset: attributes.range.start).line)", attributes)
    }
  }

  /// A shipped page planned for a shipped environment; nil where it is not for that environment.
  private static func plan(_ name: String, in environment: String) throws -> Plan? {
    let digest = Digest("sha256:" + String(repeating: "0", count: 64))
    let (document, found) = Document.parse(try Repository.source("runbooks/\(name).md"))
    let compiler = Compiler(adapters: registry)
    let (compiled, more) = compiler.compile(document, name: name, digest: digest, filters: nil)
    #expect((found + more).filter { $0.severity == .error } == [], "\(name)")
    let runbook = try #require(compiled)
    guard runbook.header.environments.isEmpty || runbook.header.environments.contains(environment) else {
      return nil
    }
    let file = try Repository.source("runbooks/environments/\(environment).yaml")
    let read = EnvironmentReader(registry: registry).read(
      file, name: environment, digest: digest, directory: Repository.root + "/runbooks/environments")
    #expect(read.1 == [], "\(environment)")
    var given: [String: String] = [:]
    for parameter in runbook.header.parameters where parameter.isRequired {
      switch parameter.type.kind {
      case .string: given[parameter.name] = parameter.name == "username" ? "alice" : "1.2.3"
      case .integer, .number: given[parameter.name] = parameter.type.minimum ?? "1"
      case .boolean: given[parameter.name] = "true"
      case .choice: given[parameter.name] = parameter.type.choices.first
      case .duration: given[parameter.name] = "5s"
      case .secret: given[parameter.name] = "env:SECRET"
      }
    }
    let (plan, diagnostics, problems) = compiler.plan(
      runbook, in: try #require(read.0), parameters: given, program: "1.0", path: "runbooks/\(name).md")
    #expect(diagnostics == [] && problems == [], "\(name) in \(environment)")
    #expect(plan != nil, "\(name) in \(environment)")
    return plan
  }
}
