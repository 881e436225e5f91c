import RunbookDiagnostics
import RunbookModel
import RunbookSyntax

/// Reads the front matter of a page.
struct HeaderReader {
  /// What was found so far.
  private(set) var reader = ValueReader(.invalidValue)
  /// What the page says; without a title until `read` ends.
  private(set) var header = Runbook.Header(title: "")
  /// Where it says so.
  private(set) var positions = PagePositions()

  /// Reads all keys of `node`.
  ///
  /// - Parameter fallback: The title where the front matter has none.
  mutating func read(_ node: YAMLNode, fallback: String) {
    positions.header = SourceRange(start: node.range.start, end: node.range.start)
    var title: String?
    for (key, entry) in reader.entries(node, of: "a runbook", FrontMatterKey.self) {
      let (value, name) = (entry.value, entry.key)
      switch key {
      case .runbook: readVersion(value)
      case .title: title = reader.text(value, name)
      case .summary: header.summary = reader.text(value, name)
      case .severity: header.severity = reader.text(value, name)
      case .owners: header.owners = reader.texts(value, name).map(\.text)
      case .tags: header.tags = reader.texts(value, name).map(\.text)
      case .alerts: header.alerts = reader.texts(value, name).map(\.text)
      case .environments:
        header.environments = identifiers(value, name, "an environment").map(\.text)
        positions.environments = value.range
      case .parameters: readParameters(value)
      case .requires: readRequirements(value)
      case .timeout: header.timeoutMilliseconds = reader.duration(value, name)
      case .locks: header.locks = identifiers(value, name, "a lock").map(\.text)
      }
    }
    header.title = title ?? fallback
  }

  private mutating func readVersion(_ node: YAMLNode) {
    guard node.text != FrontMatterKey.version else { return }
    reader.report(
      .unsupportedVersion,
      "this program reads runbooks of version \(FrontMatterKey.version)\(ValueReader.found(node))",
      at: node.range)
  }

  private mutating func readRequirements(_ node: YAMLNode) {
    for (key, entry) in reader.entries(node, of: "'requires'", RequirementKey.self) {
      switch key {
      case .targets:
        let targets = identifiers(entry.value, "requires.targets", "a target")
        header.requiredTargets = targets.map(\.text)
        for target in targets { positions.requiredTargets[target.text] = target.range }
      case .tools: header.requiredTools = reader.texts(entry.value, "requires.tools").map(\.text)
      }
    }
  }

  /// Names of things outside of the page, each once.
  private mutating func identifiers(_ node: YAMLNode, _ name: String, _ what: String) -> [SourceName] {
    var seen: Set<String> = []
    return reader.texts(node, name).filter { identifier in
      guard Identifier.isExternal(identifier.text) else {
        reader.report(
          .invalidName, "'\(identifier.text)' is no name of \(what)", at: identifier.range,
          notes: [Identifier.externalForm])
        return false
      }
      guard seen.insert(identifier.text).inserted else {
        reader.reject("'\(identifier.text)' is here for the second time", at: identifier.range)
        return false
      }
      return true
    }
  }

  private mutating func readParameters(_ node: YAMLNode) {
    for entry in reader.mapping(node, "'parameters'") ?? [] {
      positions.parameters[entry.key] = entry.keyRange
      guard Template.isName(entry.key) else {
        reader.report(
          .invalidName, "'\(entry.key)' is no name of a parameter", at: entry.keyRange,
          notes: Identifier.nameSuggestion(entry.key))
        continue
      }
      var parameters = ParameterReader(reader)
      header.parameters.append(parameters.read(entry))
      reader = parameters.reader
    }
  }
}

/// The forms of names.
enum Identifier {
  /// What a name of a value looks like.
  static let nameForm = "names are lower-case letters, digits and '_', beginning with a letter"
  /// What the name of an environment, a target or a lock looks like.
  static let externalForm =
    "names are lower-case letters, digits, '-' and '_', beginning with a letter or digit"
  /// What an id looks like.
  static let stepForm = "ids are lower-case letters, digits and '-', beginning with a letter or digit"

  /// Whether `text` can name an environment, a target or a lock.
  static func isExternal(_ text: String) -> Bool { has(text, extra: UInt8(ascii: "_")) }

  /// Whether `text` can be an id: `[a-z0-9][a-z0-9-]*`.
  static func isStep(_ text: String) -> Bool { has(text, extra: UInt8(ascii: "-")) }

  private static func has(_ text: String, extra: UInt8) -> Bool {
    var isFirst = true
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): break
      case UInt8(ascii: "-"), extra: if isFirst { return false }
      default: return false
      }
      isFirst = false
    }
    return !isFirst
  }

  /// The form of names, and the name that was probably meant.
  static func nameSuggestion(_ text: String) -> [String] {
    let folded = String(
      decoding: Slug.fold(text).map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
    return Template.isName(folded) ? ["did you mean '\(folded)'?", nameForm] : [nameForm]
  }
}
