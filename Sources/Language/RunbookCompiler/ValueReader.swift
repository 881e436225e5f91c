import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// Reads what YAML text means by what a key or an attribute wants, and collects what does not fit.
struct ValueReader {
  /// What was found so far.
  var diagnostics: [Diagnostic] = []
  /// The code of values that do not fit: of front matter and environments, or of attributes.
  let code: Diagnostic.Code

  /// Reports under `code`.
  init(_ code: Diagnostic.Code) { self.code = code }

  /// Reports a value that does not fit.
  mutating func reject(_ message: String, at range: SourceRange, notes: [String] = []) {
    diagnostics.append(Diagnostic(code, .error, message, at: range, notes: notes))
  }

  /// Reports anything else.
  mutating func report(
    _ code: Diagnostic.Code, _ message: String, at range: SourceRange, notes: [String] = []
  ) {
    diagnostics.append(Diagnostic(code, .error, message, at: range, notes: notes))
  }

  /// A text with at least one character that is no blank.
  mutating func text(_ node: YAMLNode, _ name: String) -> String? {
    guard let scalar = node.scalar else {
      reject("'\(name)' must be a text", at: node.range)
      return nil
    }
    guard scalar.style != .implied, !scalar.text.utf8.allSatisfy({ $0 <= 0x20 }) else {
      reject("'\(name)' has no value", at: node.range)
      return nil
    }
    return scalar.text
  }

  /// A list of texts, or one text; each with its place.
  mutating func texts(_ node: YAMLNode, _ name: String) -> [SourceName] {
    guard let elements = node.elements else {
      return text(node, name).map { [SourceName($0, range: node.range)] } ?? []
    }
    return elements.compactMap { element in
      text(element, name).map { SourceName($0, range: element.range) }
    }
  }

  /// A list of words: a YAML list, or a text with blanks or commas between them. An empty text is an empty list.
  mutating func words(_ node: YAMLNode, _ name: String) -> [SourceName] {
    if node.elements != nil { return texts(node, name) }
    guard let scalar = node.scalar, scalar.style != .implied else {
      reject("'\(name)' must be a list of names", at: node.range)
      return []
    }
    let bytes = Array(scalar.text.utf8)
    var words: [SourceName] = []
    var index = 0
    while index < bytes.count {
      let start = index
      while index < bytes.count, bytes[index] > 0x20, bytes[index] != UInt8(ascii: ",") { index += 1 }
      if index > start {
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        words.append(SourceName(text, range: node.range(ofText: start..<index)))
      } else {
        index += 1
      }
    }
    return words
  }

  /// `true` or `false`, or a bare name, which means true.
  mutating func boolean(_ node: YAMLNode, _ name: String) -> Bool? {
    switch node.text {
    case "true": return true
    case "false": return false
    default:
      reject("'\(name)' must be true or false\(Self.found(node))", at: node.range)
      return nil
    }
  }

  /// A duration in milliseconds.
  mutating func duration(_ node: YAMLNode, _ name: String) -> Int? {
    guard let text = text(node, name) else { return nil }
    guard let milliseconds = DurationText.milliseconds(parsing: text), milliseconds > 0 else {
      reject(
        "'\(name)' must be a duration\(Self.found(node))", at: node.range,
        notes: ["durations are written as 500ms, 30s, 5m, 1h30m"])
      return nil
    }
    return milliseconds
  }

  /// One of an enumeration's words.
  mutating func word<Word: RawRepresentable<String> & CaseIterable>(
    _ node: YAMLNode, _ name: String, _ type: Word.Type = Word.self
  ) -> Word? {
    guard let text = text(node, name) else { return nil }
    if let word = Word(rawValue: text) { return word }
    let words = Word.allCases.map(\.rawValue)
    reject(
      "'\(name)' must be one of \(words.joined(separator: ", "))\(Self.found(node))", at: node.range,
      notes: Self.suggestion(text, among: words))
    return nil
  }

  /// The entries of a mapping under one of `Key`'s names; others are reported.
  mutating func entries<Key: RawRepresentable<String> & CaseIterable>(
    _ node: YAMLNode, of what: String, _ type: Key.Type = Key.self
  ) -> [(key: Key, entry: YAMLEntry)] {
    guard let entries = mapping(node, what) else { return [] }
    return entries.compactMap { entry in
      if let key = Key(rawValue: entry.key) { return (key, entry) }
      let names = Key.allCases.map(\.rawValue)
      let suggestion = Self.suggestion(entry.key, among: names)
      report(
        .unknownKey, "\(what) has no key '\(entry.key)'", at: entry.keyRange,
        notes: suggestion.isEmpty ? ["its keys are \(names.joined(separator: ", "))"] : suggestion)
      return nil
    }
  }

  /// The entries of a mapping; nothing written counts as an empty one.
  mutating func mapping(_ node: YAMLNode, _ what: String) -> [YAMLEntry]? {
    if let entries = node.entries { return entries }
    if node.scalar?.isNull == true { return [] }
    reject("\(what) must be a mapping of keys to values", at: node.range)
    return nil
  }

  /// `, not 'x'` where the value is a text.
  static func found(_ node: YAMLNode) -> String { node.text.map { ", not '\($0)'" } ?? "" }

  /// A note that names the nearest of `names`, if one is near.
  static func suggestion(_ name: String, among names: some Sequence<String>) -> [String] {
    NearestName.match(name, among: names).map { ["did you mean '\($0)'?"] } ?? []
  }
}

extension YAMLNode {
  /// The value as JSON: scalars as texts, because only a schema knows more.
  var json: JSONValue {
    switch content {
    case .scalar(let scalar): .string(scalar.text)
    case .sequence(let elements): .array(elements.map(\.json))
    case .mapping(let entries): .object(entries.map { JSONValue.Member($0.key, $0.value.json) })
    }
  }
}
