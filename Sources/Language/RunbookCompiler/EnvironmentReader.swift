public import RunbookAdapter
public import RunbookDiagnostics
public import RunbookModel
import RunbookSyntax

/// Reads a file that describes one environment.
public struct EnvironmentReader: Sendable {
  private let registry: AdapterRegistry

  /// Target types of later versions.
  private static let reservedTypes = ["ssh", "kubernetes"]

  /// A reader that knows the target types of `registry`.
  public init(registry: AdapterRegistry) { self.registry = registry }

  /// Reads and validates one file.
  ///
  /// - Parameters:
  ///   - name: The file's name without `.yaml`.
  ///   - digest: Of the file's bytes.
  ///   - directory: Absolute; relative paths in the file are meant from here.
  /// - Returns: The environment where there is no error, and what was found, in the order of the file.
  public func read(
    _ file: SourceFile, name: String, digest: Digest, directory: String
  ) -> (Environment?, [Diagnostic]) {
    let (node, found) = YAMLReader.read(file)
    var settings = SettingReader(directory: directory)
    var isProtected = false
    var confirm = Environment.ConfirmPolicy.write
    var targets: [Target] = []
    let entries = node.map { settings.reader.entries($0, of: "an environment", EnvironmentKey.self) } ?? []
    for (key, entry) in entries {
      switch key {
      case .protected: isProtected = settings.reader.boolean(entry.value, entry.key) ?? true
      case .policy:
        for (key, entry) in settings.reader.entries(entry.value, of: "'policy'", PolicyKey.self) {
          switch key {
          case .confirm: confirm = settings.reader.word(entry.value, entry.key) ?? confirm
          }
        }
      case .targets:
        for entry in settings.reader.mapping(entry.value, "'targets'") ?? [] {
          if let target = target(entry, &settings) { targets.append(target) }
        }
      }
    }
    let diagnostics = (found + settings.reader.diagnostics).inSourceOrder()
    guard !diagnostics.hasErrors else { return (nil, diagnostics) }
    let environment = Environment(
      name: name, digest: digest, isProtected: isProtected, confirm: confirm, targets: targets)
    return (environment, diagnostics)
  }

  private func target(_ entry: YAMLEntry, _ settings: inout SettingReader) -> Target? {
    guard Identifier.isExternal(entry.key), entry.key != Target.local.name else {
      let isLocal = entry.key == Target.local.name
      settings.reader.report(
        .invalidName, isLocal ? "'local' is always this machine" : "'\(entry.key)' is no name of a target",
        at: entry.keyRange, notes: isLocal ? [] : [Identifier.externalForm])
      return nil
    }
    guard let entries = settings.reader.mapping(entry.value, "a target") else { return nil }
    guard let typeNode = entries.first(where: { $0.key == "type" })?.value else {
      settings.reader.report(
        .missingKey, "the target '\(entry.key)' has no type", at: entry.keyRange,
        notes: ["types are \(typeNames)"])
      return nil
    }
    guard let type = type(typeNode, &settings) else { return nil }
    let errors = settings.reader.diagnostics.count
    var values: [String: Target.Setting] = [:]
    for setting in entries where setting.key != "type" {
      guard let schema = type.settings.first(where: { $0.name == setting.key }) else {
        let names = type.settings.map(\.name)
        let suggestion = ValueReader.suggestion(setting.key, among: names + ["type"])
        settings.reader.report(
          .unknownKey, "a target of type \(type.name) has no setting '\(setting.key)'", at: setting.keyRange,
          notes: suggestion.isEmpty ? ["its settings are \(names.joined(separator: ", "))"] : suggestion)
        continue
      }
      values[setting.key] = settings.read(setting.value, schema, of: entry.key)
    }
    for schema in type.settings where schema.isRequired && !entries.contains(where: { $0.key == schema.name })
    {
      settings.reader.report(
        .missingKey, "the target '\(entry.key)' has no '\(schema.name)': \(schema.summary)",
        at: entry.keyRange)
    }
    let target = Target(name: entry.key, type: type.name, settings: values)
    // What does not fit together is worth saying only of values that are right by themselves.
    guard settings.reader.diagnostics.count == errors else { return nil }
    for problem in type.problems(with: target) {
      settings.reader.report(.unfitTarget, "the target '\(entry.key)': \(problem)", at: entry.keyRange)
    }
    return target
  }

  private var typeNames: String {
    registry.targetTypes.map(\.name).filter { $0 != Target.local.type }.joined(separator: ", ")
  }

  private func type(_ node: YAMLNode, _ settings: inout SettingReader) -> (any TargetType)? {
    guard let name = settings.reader.text(node, "type") else { return nil }
    if name != Target.local.type, let type = registry.targetType(named: name) { return type }
    if Self.reservedTypes.contains(name) {
      settings.reader.report(
        .reservedTargetType, "targets of type '\(name)' are kept for a later version", at: node.range)
    } else {
      let suggestion = ValueReader.suggestion(name, among: registry.targetTypes.map(\.name))
      settings.reader.report(
        .unknownTargetType, "no target has the type '\(name)'", at: node.range,
        notes: suggestion.isEmpty ? ["types are \(typeNames)"] : suggestion)
    }
    return nil
  }
}
