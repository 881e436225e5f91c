public import RunbookModel

/// One kind of target that an environment may describe, with the schema of its settings.
public protocol TargetType: Sendable {
  /// The word after `type:`.
  var name: String { get }

  /// The settings it knows; others are errors.
  var settings: [SettingSchema] { get }

  /// What cannot be said key by key: reasons why the settings do not fit together, empty where they do.
  func problems(with target: Target) -> [String]

  /// The target in full, as a prompt shows it (`app@127.0.0.1:15432/app`), secrets masked. Pure.
  func summary(of target: Target) -> String

  /// The environment its usual tools read (`PGHOST`, `COMPOSE_FILE`, …), for command steps with `on`.
  func processEnvironment(of target: Target) -> TargetEnvironment
}

extension TargetType {
  public func problems(with target: Target) -> [String] { [] }
}

/// What a command step gets of its target.
public struct TargetEnvironment: Sendable, Hashable {
  /// A file whose path goes into a variable, because the tool wants its secret in a file.
  public struct PrivateFile: Sendable, Hashable {
    /// The variable that holds the path.
    public let variable: String
    /// The file's text in parts; secrets are opened as late as possible.
    public let parts: [Value]
    /// Characters that get a backslash in front where a secret holds them.
    public let escapedCharacters: String

    /// A file of mode 0600 that lives as long as the step.
    public init(variable: String, parts: [Value], escapedCharacters: String = "") {
      self.variable = variable
      self.parts = parts
      self.escapedCharacters = escapedCharacters
    }
  }

  /// Variables in order.
  public var variables: [(name: String, value: Value)]
  /// Files with secrets.
  public var files: [PrivateFile]

  /// Variables and files.
  public init(variables: [(name: String, value: Value)] = [], files: [PrivateFile] = []) {
    self.variables = variables
    self.files = files
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.files == b.files
      && a.variables.elementsEqual(b.variables) { $0.name == $1.name && $0.value == $1.value }
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(files)
    for variable in variables { hasher.combine(variable.name) }
  }
}

/// One setting of a target type.
public struct SettingSchema: Sendable, Hashable {
  /// What its value must be.
  public enum Kind: Sendable, Hashable {
    case text
    /// A text, or a reference as a parameter of type secret has (`env:NAME`, …).
    case textOrSecret
    /// A reference only: a password in the file is an error.
    case secret
    case integer(ClosedRange<Int>)
    case boolean
    /// `5s`, `2m`; stored in milliseconds.
    case duration
    /// Relative to the environment file; stored absolute.
    case path
    /// One or several paths.
    case paths
    case choice([String])
    /// One or several texts.
    case texts
    /// A mapping of names to texts or references, for example headers.
    case namedTextsOrSecrets
  }

  /// The key.
  public let name: String
  /// What it must be.
  public let kind: Kind
  /// Whether it must be there.
  public let isRequired: Bool
  /// What it means, in one line, for schema and documentation.
  public let summary: String

  /// A setting.
  public init(_ name: String, _ kind: Kind, isRequired: Bool = false, _ summary: String) {
    self.name = name
    self.kind = kind
    self.isRequired = isRequired
    self.summary = summary
  }
}

/// The type of `Target.local`: this machine.
public struct LocalTargetType: TargetType {
  /// The only value there is.
  public init() {}
  public var name: String { "local" }
  public var settings: [SettingSchema] { [] }
  public func summary(of target: Target) -> String { "this machine" }
  public func processEnvironment(of target: Target) -> TargetEnvironment { TargetEnvironment() }
}
