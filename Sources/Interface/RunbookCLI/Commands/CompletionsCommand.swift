import ArgumentParser

/// `runbook completions`.
struct CompletionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completions", abstract: "Print a completion script for your shell.",
    discussion: """
      EXAMPLES:
        runbook completions bash > ~/.local/share/bash-completion/completions/runbook
        runbook completions zsh  > ~/.zfunc/_runbook
        runbook completions fish > ~/.config/fish/completions/runbook.fish
      """)

  /// The shells there are scripts for.
  enum Shell: String, ExpressibleByArgument, CaseIterable {
    case bash, zsh, fish
  }

  @Argument(help: "bash, zsh or fish.")
  var shell: Shell

  func run() throws {
    let completionShell: CompletionShell =
      switch shell {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    StandardStream.write(RunbookCommand.completionScript(for: completionShell))
  }
}
