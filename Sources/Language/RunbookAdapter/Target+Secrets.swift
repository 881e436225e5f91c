public import RunbookModel

extension Target {
  /// The secrets among its settings.
  public var secrets: [SecretReference] {
    settings.sorted { $0.key < $1.key }.flatMap { _, setting in
      switch setting {
      case .value(let value): [value]
      case .list(let values): values
      case .named(let entries): entries.map(\.value)
      }
    }.compactMap(\.secret)
  }
}

extension TargetEnvironment {
  /// The secrets among its variables and files.
  public var secrets: [SecretReference] {
    (variables.map(\.value) + files.flatMap(\.parts)).compactMap(\.secret)
  }
}
