/// One step with every name resolved: what the engine walks.
public struct Step: Hashable, Sendable {
  /// What the language itself can say; what adapters exist is a registry.
  public enum Action: Hashable, Sendable {
    /// A task item, done by a person.
    case manual(ManualTask)
    /// A question whose answer is `${id}`.
    case ask(Question)
    /// A pause.
    case wait(milliseconds: Int)
    /// A fence of an adapter's language.
    case call(AdapterCall)
  }

  /// Where in the walk a step has its place.
  public enum Role: String, Sendable {
    /// In document order.
    case main
    /// Only when its step is taken back.
    case undo
    /// Only when a step fails that names it.
    case rescue
    /// Only after a crash, for a step that names it; a main step may serve too.
    case verify
  }

  /// What happens after a failure.
  public enum OnFailure: Hashable, Sendable {
    case ask, stop, `continue`, undo
    case rescue(StepID)
  }

  /// One `outputs` entry.
  public struct Output: Hashable, Sendable {
    /// The name it defines, `[a-z][a-z0-9_]*`.
    public let name: String
    /// jq over the result; nil where the step writes it to `$RUNBOOK_OUTPUT`.
    public let filter: Filter?
    /// Never stored, masked everywhere.
    public let isSecret: Bool

    /// An output.
    public init(name: String, filter: Filter?, isSecret: Bool) {
      self.name = name
      self.filter = filter
      self.isSecret = isSecret
    }
  }

  /// `within` and `every`: keep trying until `expect` holds.
  public struct Polling: Hashable, Sendable {
    /// At most so long, from the first attempt's start.
    public let withinMilliseconds: Int
    /// From one attempt's end to the next one's start.
    public let everyMilliseconds: Int

    /// Both in milliseconds, at least 1.
    public init(withinMilliseconds: Int, everyMilliseconds: Int) {
      self.withinMilliseconds = withinMilliseconds
      self.everyMilliseconds = everyMilliseconds
    }
  }

  /// Its name.
  public var id: StepID
  /// What people read: `title`, else the item's or paragraph's text, else the id.
  public var title: String
  /// The number the page prints before it (`2`, `2.1`), where there is one.
  public var number: String?
  /// Titles of the headings it stands under, outermost first, without the page's title.
  public var section: [String]
  /// Its opening line in the page, 1-based.
  public var line: Int
  /// What it does.
  public var action: Action
  /// Its place in the walk.
  public var role: Role
  /// What it can do to its target.
  public var effect: Effect
  /// Who says so.
  public var effectSource: Effect.Source
  /// What it acts on.
  public var target: Target
  /// The steps it waits for: `needs`, or the step (or all sibling task items) before it.
  public var needs: [StepID]
  /// Whether `needs` was written: an explicit need is stricter about what counts as fulfilled.
  public var hasExplicitNeeds: Bool
  /// `if` of its sections, outermost first, then its own; all must be true.
  public var conditions: [Filter]
  /// jq that must be true of the result; nil: the adapter's own idea of success.
  public var expect: Filter?
  /// Keep trying.
  public var polling: Polling?
  /// `for`: ended after that long, successfully.
  public var durationMilliseconds: Int?
  /// Limit of one attempt.
  public var timeoutMilliseconds: Int
  /// The author's question before it starts.
  public var confirm: Template?
  /// May be repeated after a crash.
  public var isIdempotent: Bool
  /// The read that tells after a crash whether it took effect.
  public var verify: StepID?
  /// The step that takes it back.
  public var undo: StepID?
  /// nil: `ask` at a terminal, `stop` without one.
  public var onFailure: OnFailure?
  /// What it defines.
  public var outputs: [Output]
  /// jq over the result; the strings it yields are masked.
  public var mask: Filter?
  /// Paths that must exist and be non-empty afterwards.
  public var produces: [Template]
  /// Gets the terminal.
  public var isInteractive: Bool
  /// Names of values it mentions, sorted: parameters, outputs, answers, built-ins.
  public var uses: [String]

  /// A main step of a page with everything at its default; the compiler sets the rest.
  public init(id: StepID, title: String, action: Action, effect: Effect, target: Target) {
    self.id = id
    self.title = title
    self.action = action
    self.effect = effect
    self.target = target
    section = []
    line = 0
    role = .main
    effectSource = .known
    needs = []
    hasExplicitNeeds = false
    conditions = []
    timeoutMilliseconds = 60_000
    isIdempotent = false
    outputs = []
    produces = []
    isInteractive = false
    uses = []
  }
}

/// A GFM task item.
public struct ManualTask: Hashable, Sendable {
  /// The item's text without Markdown.
  public let text: String
  /// `evidence`: ended `done` only with a note that says what was seen.
  public let wantsEvidence: Bool

  /// A task.
  public init(text: String, wantsEvidence: Bool) {
    self.text = text
    self.wantsEvidence = wantsEvidence
  }
}

/// The body of an `ask` step.
public struct Question: Hashable, Sendable {
  /// What to ask; may mention `${name}`.
  public let text: Template
  /// What an answer must be.
  public let type: ParameterType
  /// Taken on an empty answer, and without a terminal under `--yes`.
  public let defaultValue: JSONValue?

  /// A question.
  public init(text: Template, type: ParameterType, defaultValue: JSONValue?) {
    self.text = text
    self.type = type
    self.defaultValue = defaultValue
  }
}

/// What a parameter or an answer must be.
public struct ParameterType: Hashable, Sendable {
  /// The words of the front matter.
  public enum Kind: String, Sendable, CaseIterable {
    case string, integer, number, boolean, choice, duration, secret
  }

  /// The kind.
  public var kind: Kind
  /// Must match the whole text; POSIX extended syntax, as `[[ =~ ]]` in bash.
  public var pattern: String?
  /// Least number, inclusive, as written.
  public var minimum: String?
  /// Greatest number, inclusive, as written.
  public var maximum: String?
  /// The allowed texts of a `choice`.
  public var choices: [String]

  /// A type without limits.
  public init(_ kind: Kind) {
    self.kind = kind
    choices = []
  }
}
