import RunbookAdapter
import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// Reads settings of targets by the schema of their type.
struct SettingReader {
  /// What was found so far.
  var reader = ValueReader(.invalidValue)
  private let directory: String

  /// Relative paths are meant from `directory`.
  init(directory: String) { self.directory = directory }

  /// The value of one setting; nil where it does not fit its schema.
  mutating func read(_ node: YAMLNode, _ schema: SettingSchema, of target: String) -> Target.Setting? {
    let name = schema.name
    switch schema.kind {
    case .text: return reader.text(node, name).map { .value(.text($0)) }
    case .textOrSecret:
      return reader.text(node, name).map { .value(reference($0, "\(target).\(name)") ?? .text($0)) }
    case .secret:
      guard let text = reader.text(node, name) else { return nil }
      guard let value = reference(text, "\(target).\(name)") else {
        _ = reader.secret(text, name: name, at: node.range)
        return nil
      }
      return .value(value)
    case .integer(let range): return integer(node, name, range).map { .value(.plain(.integer($0))) }
    case .boolean: return reader.boolean(node, name).map { .value(.plain(.boolean($0))) }
    case .duration: return reader.duration(node, name).map { .value(.plain(.integer($0))) }
    case .path: return reader.text(node, name).map { .value(.text(absolute($0))) }
    case .paths: return list(reader.texts(node, name).map { .text(absolute($0.text)) })
    case .texts: return list(reader.texts(node, name).map { .text($0.text) })
    case .choice(let words): return choice(node, name, words).map { .value(.text($0)) }
    case .namedTextsOrSecrets:
      guard let entries = reader.mapping(node, "'\(name)'") else { return nil }
      return .named(
        entries.compactMap { entry in
          guard let text = reader.text(entry.value, entry.key) else { return nil }
          return Target.Named(entry.key, reference(text, "\(target).\(name).\(entry.key)") ?? .text(text))
        })
    }
  }

  private func list(_ values: [Value]) -> Target.Setting? { values.isEmpty ? nil : .list(values) }

  private mutating func integer(_ node: YAMLNode, _ name: String, _ range: ClosedRange<Int>) -> Int? {
    guard let text = reader.text(node, name) else { return nil }
    guard let number = Int(text), String(number) == text, range.contains(number) else {
      reader.reject(
        "'\(name)' must be an integer from \(range.lowerBound) to \(range.upperBound)\(ValueReader.found(node))",
        at: node.range)
      return nil
    }
    return number
  }

  private mutating func choice(_ node: YAMLNode, _ name: String, _ words: [String]) -> String? {
    guard let text = reader.text(node, name) else { return nil }
    guard words.contains(text) else {
      reader.reject(
        "'\(name)' must be one of \(words.joined(separator: ", "))\(ValueReader.found(node))", at: node.range,
        notes: ValueReader.suggestion(text, among: words))
      return nil
    }
    return text
  }

  /// A reference to a secret with an absolute path; nil where the text is none.
  private func reference(_ text: String, _ name: String) -> Value? {
    guard let reference = SecretReference(name: name, parsing: text) else { return nil }
    switch reference.source {
    case .environment, .command: return .secret(reference)
    case .file(let path): return .secret(SecretReference(name: name, source: .file(absolute(path))))
    case .dotenv(let path, let entry):
      return .secret(SecretReference(name: name, source: .dotenv(path: absolute(path), name: entry)))
    case .output: return nil
    }
  }

  /// The path from the environment's directory on, `.` and `..` taken out.
  private func absolute(_ path: String) -> String {
    var parts: [Substring] = []
    let whole = path.hasPrefix("/") ? path : directory + "/" + path
    for part in whole.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }
}
