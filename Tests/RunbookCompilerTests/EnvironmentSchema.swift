import RunbookAdapter
import RunbookModel

/// The JSON Schema of environment files as the registered target types have it.
///
/// The shipped file is this text; a test compares them, and writes it where `RUNBOOK_UPDATE_SCHEMAS` is set.
enum EnvironmentSchema {
  /// The schema.
  static func json(_ registry: AdapterRegistry) -> JSONValue {
    let types = registry.targetTypes.filter { $0.name != Target.local.type }
    return [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "environment.schema.json",
      "title": "Environment",
      "description": "One environment: its targets and how careful runs in it are.",
      "type": ["object", "null"],
      "additionalProperties": false,
      "properties": [
        "targets": [
          "description": "What steps act on, by name.",
          "type": ["object", "null"],
          "propertyNames": ["pattern": "^[a-z0-9][a-z0-9_-]*$", "not": ["const": "local"]],
          "additionalProperties": [
            "type": "object", "required": ["type"],
            "properties": ["type": ["enum": .array(types.map { .string($0.name) })]],
            "allOf": .array(types.map { choice($0.name) }),
          ],
        ],
        "policy": [
          "type": ["object", "null"], "additionalProperties": false,
          "properties": [
            "confirm": [
              "description": "From which effect on a step is asked for; 'write' where left out.",
              "enum": .array(Environment.ConfirmPolicy.allCases.map { .string($0.rawValue) }),
            ]
          ],
        ],
        "protected": [
          "description": "Never the default; destructive steps want the target's name typed.",
          "enum": [true, false, "true", "false"],
        ],
      ],
      "$defs": .object(types.map { .init($0.name, definition($0)) } + shared),
    ]
  }

  private static func choice(_ type: String) -> JSONValue {
    [
      "if": ["properties": ["type": ["const": .string(type)]]],
      "then": ["$ref": .string("#/$defs/\(type)")],
    ]
  }

  private static func definition(_ type: any TargetType) -> JSONValue {
    let required = ["type"] + type.settings.filter(\.isRequired).map(\.name)
    return [
      "type": "object",
      "required": .array(required.map { .string($0) }),
      "additionalProperties": false,
      "properties": .object(
        [.init("type", ["const": .string(type.name)])] + type.settings.map { .init($0.name, property($0)) }),
    ]
  }

  private static func property(_ setting: SettingSchema) -> JSONValue {
    var members: [JSONValue.Member] = [.init("description", .string(setting.summary))]
    switch setting.kind {
    case .text, .textOrSecret, .path: members.append(.init("$ref", "#/$defs/text"))
    case .secret: members.append(.init("$ref", "#/$defs/reference"))
    case .integer(let range):
      members += [
        .init("type", "integer"), .init("minimum", .integer(range.lowerBound)),
        .init("maximum", .integer(range.upperBound)),
      ]
    case .boolean: members.append(.init("enum", [true, false, "true", "false"]))
    case .duration: members.append(.init("$ref", "#/$defs/duration"))
    case .paths, .texts: members.append(.init("$ref", "#/$defs/texts"))
    case .choice(let words): members.append(.init("enum", .array(words.map { .string($0) })))
    case .namedTextsOrSecrets:
      members += [.init("type", "object"), .init("additionalProperties", ["$ref": "#/$defs/text"])]
    }
    return .object(members)
  }

  private static var shared: [JSONValue.Member] {
    [
      .init("text", ["type": ["string", "number", "boolean"], "pattern": "\\S"]),
      .init(
        "texts",
        ["anyOf": [["$ref": "#/$defs/text"], ["type": "array", "items": ["$ref": "#/$defs/text"]]]]),
      .init(
        "reference",
        [
          "description":
            "Where a secret is kept: env:NAME, file:PATH, dotenv:FILE#NAME, command:[\"program\", \"argument\"]. Relative paths are meant from the folder of this file.",
          "type": "string", "pattern": "^(env:.+|file:.+|dotenv:.+#.+|command:\\[.+\\])$",
        ]),
      .init(
        "duration",
        [
          "description": "Numbers with units in falling order: d, h, m, s, ms.",
          "type": "string", "pattern": "^(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
        ]),
    ]
  }
}
