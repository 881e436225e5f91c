/// What a step is to its attributes.
enum StepKind: String, CaseIterable {
  /// A fence of an adapter's language.
  case call
  case task, ask, wait

  /// How messages name it.
  var words: String {
    switch self {
    case .call: "a step"
    case .task: "a task item"
    case .ask: "an 'ask' step"
    case .wait: "a 'wait' step"
    }
  }
}

/// The attributes of the language itself; adapters have some of their own.
///
/// `Schemas/step.schema.json` has the same, held together by a test.
enum StepAttribute: String, CaseIterable {
  case title, on, needs
  case condition = "if"
  case effect, expect, within, every
  case duration = "for"
  case timeout, confirm, idempotent, verify, undo
  case onFailure = "on-failure"
  case outputs, mask, produces, interactive, evidence

  /// The kinds of steps that can have it.
  var kinds: Set<StepKind> {
    switch self {
    case .title, .needs, .condition: [.call, .task, .ask, .wait]
    case .onFailure: [.call, .task]
    case .evidence: [.task]
    case .on, .effect, .expect, .within, .every, .duration, .timeout, .confirm, .idempotent, .verify, .undo,
      .outputs, .mask, .produces, .interactive:
      [.call]
    }
  }

  /// Whether `.name` and a bare `name` set it.
  var isFlag: Bool {
    switch self {
    case .idempotent, .interactive, .evidence: true
    case .title, .on, .needs, .condition, .effect, .expect, .within, .every, .duration, .timeout, .confirm,
      .verify, .undo, .onFailure, .outputs, .mask, .produces:
      false
    }
  }

  /// Whether a step outside of document order can have it.
  var fitsDetour: Bool {
    switch self {
    case .needs, .undo, .verify, .onFailure: false
    case .title, .on, .condition, .effect, .expect, .within, .every, .duration, .timeout, .confirm,
      .idempotent, .outputs, .mask, .produces, .interactive, .evidence:
      true
    }
  }
}

/// The classes that take a step out of document order.
enum StepFlag: String, CaseIterable {
  case undo, rescue, verify
}

/// Languages that are no adapter's.
enum StepLanguage {
  /// A question; its answer is a value.
  static let ask = "ask"
  /// A pause.
  static let wait = "wait"
  /// Words of later versions.
  static let reserved = ["runbook"]

  /// Words people write for a language that has another name here.
  static let aliases = [
    "shell": "bash", "zsh": "bash", "console": "bash", "shell-session": "bash", "ksh": "sh", "py": "python",
    "python3": "python", "psql": "sql", "postgres": "sql", "postgresql": "sql", "docker": "compose",
    "docker-compose": "compose", "rest": "http", "curl": "http", "redis-cli": "redis", "sleep": "wait",
    "prompt": "ask", "input": "ask",
  ]
}
