/// Names that every shell script may use without the page defining them.
enum ShellNames {
  /// Handed to every command step as far as they are set.
  static let base: Set<String> = ["PATH", "HOME", "USER", "LANG", "TZ", "SSH_AUTH_SOCK"]

  /// Set by the shell itself (Bash Reference Manual, section 5) or by this program.
  static let provided: Set<String> = base.union([
    "_", "IFS", "PWD", "OLDPWD", "UID", "EUID", "PPID", "RANDOM", "SRANDOM", "SECONDS", "EPOCHSECONDS",
    "EPOCHREALTIME", "LINENO", "HOSTNAME", "HOSTTYPE", "MACHTYPE", "OSTYPE", "SHLVL", "SHELLOPTS", "BASHOPTS",
    "BASH",
    "BASHPID", "BASH_VERSION", "BASH_VERSINFO", "BASH_SOURCE", "BASH_LINENO", "BASH_COMMAND", "BASH_REMATCH",
    "BASH_SUBSHELL", "BASH_ARGC", "BASH_ARGV", "FUNCNAME", "GROUPS", "DIRSTACK", "PIPESTATUS", "REPLY",
    "OPTARG",
    "OPTIND", "OPTERR", "PS1", "PS2", "PS3", "PS4", "COLUMNS", "LINES", "MAPFILE", "COPROC", "TIMEFORMAT",
    "TMPDIR",
    "RUNBOOK_OUTPUT", "RUNBOOK_STEP", "RUNBOOK_RUN",
  ])

  /// Prefixes of what a target hands to its usual tools.
  static let targetPrefixes = ["PG", "COMPOSE_", "DOCKER_", "REDISCLI_", "REDIS_", "KUBE", "RUNBOOK_TARGET_"]

  /// Whether a script may use `name` without the page defining it.
  static func isProvided(_ name: String) -> Bool {
    provided.contains(name) || targetPrefixes.contains { name.hasPrefix($0) }
  }

  /// Builtins that run nothing else, change nothing of what a command's name means, and do not end a script well.
  static let plainBuiltins: Set<String> = [
    ":", "[", "[[", "cd", "declare", "dirs", "echo", "export", "false", "let", "local", "mapfile", "popd",
    "printf",
    "pushd", "pwd", "read", "readarray", "readonly", "shift", "test", "times", "true", "typeset", "ulimit",
    "umask",
    "unset",
  ]

  /// Builtins and keywords of bash: nothing to look for on PATH.
  static let builtins: Set<String> = [
    "!", "]]", "do", "done", "elif", "else", "esac", "fi", "if", "in", "then", "time", "until", "while", "{",
    "}",
    ".", ":", "[", "[[", "alias", "bg", "bind", "break", "builtin", "caller", "case", "cd", "command",
    "compgen",
    "complete", "compopt", "continue", "coproc", "declare", "dirs", "disown", "echo", "enable", "eval",
    "exec", "exit",
    "export", "false", "fc", "fg", "for", "function", "getopts", "hash", "help", "history", "jobs", "kill",
    "let",
    "local", "logout", "mapfile", "popd", "printf", "pushd", "pwd", "read", "readarray", "readonly", "return",
    "select",
    "set", "shift", "shopt", "source", "suspend", "test", "times", "trap", "true", "type", "typeset",
    "ulimit", "umask",
    "unalias", "unset", "wait",
  ]
}
