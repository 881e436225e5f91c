import RunbookModel

/// One `bash`, `sh` or `python` step, decoded.
public struct CommandOptions: Sendable, Equatable {
  /// A variable of the step's environment.
  struct Variable: Sendable, Equatable {
    let name: String
    /// What it holds; a lone `${secret}` hands over the secret's bytes.
    let value: Template
  }

  let language: CommandLanguage
  let script: String
  /// From `env`, in order.
  let variables: [Variable]
  /// Names the body mentions; each becomes a variable of the same name.
  let mentioned: [String]
  /// From `cwd`; nil: the repository root.
  let directory: Template?
}
