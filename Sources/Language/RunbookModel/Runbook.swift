public import RunbookDiagnostics

/// One page with every name resolved, bound to no environment: targets are known by name and type only.
public struct Runbook: Sendable, Equatable {
  /// One parameter of the front matter.
  public struct Parameter: Sendable, Hashable {
    /// `[a-z][a-z0-9_]*`.
    public var name: String
    /// What a value must be.
    public var type: ParameterType
    /// Taken where none is given.
    public var defaultValue: JSONValue?
    /// Of a secret: where it comes from.
    public var from: SecretReference?
    /// Whether a run must give it.
    public var isRequired: Bool
    /// For people.
    public var description: String?

    /// A parameter without default, limits or description.
    public init(name: String, type: ParameterType, isRequired: Bool) {
      self.name = name
      self.type = type
      self.isRequired = isRequired
    }
  }

  /// What the front matter says.
  public struct Header: Sendable, Hashable {
    public var title: String
    public var summary: String?
    public var severity: String?
    public var owners: [String] = []
    public var tags: [String] = []
    public var alerts: [String] = []
    /// Allow-list; empty: any.
    public var environments: [String] = []
    public var parameters: [Parameter] = []
    public var requiredTargets: [String] = []
    public var requiredTools: [String] = []
    /// Of a whole run, people's time excluded.
    public var timeoutMilliseconds: Int?
    public var locks: [String] = []

    /// A header with nothing but its title.
    public init(title: String) { self.title = title }
  }

  /// The name it is called by, for example `postgres/unavailable`.
  public let name: String
  /// The page.
  public let file: SourceFile
  /// Digest of the page's bytes.
  public let digest: Digest
  /// The front matter.
  public let header: Header
  /// Document order, steps of all roles. Targets carry the name written in the page and no settings, type
  /// `""` where the page does not tell.
  public let steps: [Step]
  /// For diagnostics of a plan.
  public let positions: PagePositions

  /// A compiled page.
  public init(
    name: String, file: SourceFile, digest: Digest, header: Header, steps: [Step],
    positions: PagePositions = PagePositions()
  ) {
    self.name = name
    self.file = file
    self.digest = digest
    self.header = header
    self.steps = steps
    self.positions = positions
  }
}
