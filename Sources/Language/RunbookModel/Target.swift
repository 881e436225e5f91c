/// One concrete thing that steps act on, as an environment file describes it.
///
/// Its settings are open, because an adapter brings its own target types; `TargetType` says which there are.
public struct Target: Sendable, Hashable {
  /// The value of one setting.
  public enum Setting: Sendable, Hashable {
    case value(Value)
    case list([Value])
    /// Values by name, in the order of the file.
    case named([Named])
  }

  /// One entry of a setting whose values have names, for example a header.
  public struct Named: Sendable, Hashable {
    /// The name as written.
    public let name: String
    /// What it stands for.
    public let value: Value

    /// An entry.
    public init(_ name: String, _ value: Value) {
      self.name = name
      self.value = value
    }
  }

  /// The name under `targets:`, unique in its environment.
  public let name: String
  /// The name of its `TargetType`, for example `postgres`.
  public let type: String
  /// Settings by key, validated against the type's schema; paths are absolute.
  public let settings: [String: Setting]

  /// A target; the settings were validated by the compiler.
  public init(name: String, type: String, settings: [String: Setting] = [:]) {
    self.name = name
    self.type = type
    self.settings = settings
  }

  /// The machine this program runs on: what command steps act on without `on`.
  public static let local = Target(name: "local", type: "local")

  /// A target that the environment does not have, for a step whose condition looks at that.
  ///
  /// Such a step is planned, so that it is seen; where its condition holds all the same, it fails with reason
  /// `not-found`.
  public static func absent(named name: String) -> Target { Target(name: name, type: "") }

  /// Whether the environment has no such target.
  public var isAbsent: Bool { type.isEmpty }

  /// One setting's value; nil where it is absent or a list.
  public subscript(key: String) -> Value? {
    if case .value(let value)? = settings[key] { value } else { nil }
  }

  /// A setting's values, one where it is a single value, none where it is absent.
  public func list(_ key: String) -> [Value] {
    switch settings[key] {
    case .value(let value)?: [value]
    case .list(let values)?: values
    case .named, nil: []
    }
  }

  /// The entries of a setting whose values have names; none where it is absent.
  public func named(_ key: String) -> [Named] {
    if case .named(let entries)? = settings[key] { entries } else { [] }
  }
}

/// One environment: its targets and how careful runs in it are.
public struct Environment: Sendable, Hashable {
  /// From which effect on a step is asked for.
  public enum ConfirmPolicy: String, Sendable, CaseIterable {
    case never, destructive, write, always
  }

  /// The file's name without `.yaml`.
  public let name: String
  /// Digest of the file's bytes.
  public let digest: Digest
  /// True: never the default, and destructive steps want `<environment>/<target>` typed.
  public let isProtected: Bool
  /// A runbook can only ask for more.
  public let confirm: ConfirmPolicy
  /// In the order of the file.
  public let targets: [Target]

  /// A validated environment.
  public init(name: String, digest: Digest, isProtected: Bool, confirm: ConfirmPolicy, targets: [Target]) {
    self.name = name
    self.digest = digest
    self.isProtected = isProtected
    self.confirm = confirm
    self.targets = targets
  }
}
