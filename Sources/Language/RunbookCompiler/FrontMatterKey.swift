/// The keys of a runbook's front matter; `Schemas/runbook.schema.json` has the same, held together by a test.
enum FrontMatterKey: String, CaseIterable {
  case runbook, title, summary, severity, owners, tags, alerts, environments, parameters, requires, timeout,
    locks

  /// The version of the language that this program reads.
  static let version = "1"
}

/// The keys of `requires`.
enum RequirementKey: String, CaseIterable {
  case targets, tools
}

/// The keys of one parameter, and of an `ask` step's body beside `question`.
enum ParameterKey: String, CaseIterable {
  case type, `default`, pattern, minimum, maximum, choices, required, description, from
}

/// The keys of an `ask` step's body.
enum QuestionKey: String, CaseIterable {
  case question, type, `default`, pattern, minimum, maximum, choices
}

/// The keys of an environment file; `Schemas/environment.schema.json` has the same.
enum EnvironmentKey: String, CaseIterable {
  case targets, policy, protected
}

/// The keys of `policy`.
enum PolicyKey: String, CaseIterable {
  case confirm
}
