internal import CYAML
internal import RunbookModel

extension JSONValue {
  /// The first document of `yaml`, scalars as strings; nil where it is no YAML.
  ///
  /// For what Compose itself prints: anchors are followed (its older generation writes them), tags are not
  /// minded.
  init?(yaml: [UInt8]) {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else { return nil }
    defer { yaml_parser_delete(&parser) }
    let root = yaml.withUnsafeBufferPointer { bytes -> JSONValue? in
      yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
      yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
      var builder = YAMLTree()
      while !builder.isComplete {
        var event = yaml_event_t()
        guard yaml_parser_parse(&parser, &event) == 1 else { return nil }
        defer { yaml_event_delete(&event) }
        guard builder.take(event) else { return nil }
      }
      return builder.root
    }
    guard let root else { return nil }
    self = root
  }
}

/// Builds a value from libyaml's events.
private struct YAMLTree {
  private enum Open {
    case list([JSONValue], anchor: String?)
    case mapping([JSONValue.Member], key: String?, anchor: String?)
  }

  private(set) var root: JSONValue?
  private(set) var isComplete = false
  private var open: [Open] = []
  private var anchors: [String: JSONValue] = [:]
  /// Values that aliases may still bring: without it a few lines could stand for more than memory holds.
  private var budget = 100_000

  /// Takes the next event; false where it is more than a Compose file holds.
  mutating func take(_ event: yaml_event_t) -> Bool {
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let text = String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      let isNull = scalar.style == YAML_PLAIN_SCALAR_STYLE && ["", "~", "null"].contains(text)
      return add(isNull ? .null : .string(text), key: text, anchor: Self.text(scalar.anchor))
    case YAML_ALIAS_EVENT:
      guard let value = Self.text(event.data.alias.anchor).flatMap({ anchors[$0] }) else { return false }
      return add(value, key: value.string, anchor: nil)
    case YAML_SEQUENCE_START_EVENT:
      open.append(.list([], anchor: Self.text(event.data.sequence_start.anchor)))
    case YAML_MAPPING_START_EVENT:
      open.append(.mapping([], key: nil, anchor: Self.text(event.data.mapping_start.anchor)))
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
      switch open.popLast() {
      case .list(let values, let anchor)?: return add(.array(values), key: nil, anchor: anchor)
      case .mapping(let members, nil, let anchor)?: return add(.object(members), key: nil, anchor: anchor)
      case .mapping?, nil: return false
      }
    case YAML_DOCUMENT_END_EVENT, YAML_STREAM_END_EVENT: isComplete = true
    default: break
    }
    return open.count <= 100
  }

  private mutating func add(_ value: JSONValue, key: String?, anchor: String?) -> Bool {
    budget -= Self.size(value)
    guard budget > 0 else { return false }
    if let anchor { anchors[anchor] = value }
    switch open.popLast() {
    case .list(let values, let anchor)?: open.append(.list(values + [value], anchor: anchor))
    case .mapping(let members, let name?, let anchor)?:
      open.append(.mapping(members + [.init(name, value)], key: nil, anchor: anchor))
    case .mapping(let members, nil, let anchor)?:
      guard let key else { return false }
      open.append(.mapping(members, key: key, anchor: anchor))
    case nil: root = value
    }
    return true
  }

  private static func size(_ value: JSONValue) -> Int {
    switch value {
    case .array(let values): values.reduce(1) { $0 + size($1) }
    case .object(let members): members.reduce(1) { $0 + size($1.value) }
    case .null, .boolean, .number, .string: 1
    }
  }

  private static func text(_ name: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    name.map { String(cString: $0) }
  }
}
