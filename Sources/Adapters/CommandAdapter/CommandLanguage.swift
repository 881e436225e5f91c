/// The interpreters of command steps.
enum CommandLanguage: String, CaseIterable, Sendable {
  case bash, sh, python

  /// The program looked up on PATH.
  var interpreter: String { self == .python ? "python3" : rawValue }

  /// Arguments that make it run the body, which it gets as descriptor 3.
  var arguments: [String] {
    switch self {
    case .bash: ["--noprofile", "--norc", "-euo", "pipefail", "/dev/fd/3"]
    case .sh: ["-eu", "/dev/fd/3"]
    case .python: ["-u", "/dev/fd/3"]
    }
  }

  /// Arguments that make it parse the body and run nothing.
  var parseArguments: [String] {
    switch self {
    case .bash: ["--noprofile", "--norc", "-n", "/dev/fd/3"]
    case .sh: ["-n", "/dev/fd/3"]
    // Isolated and without 'site': Python runs code of its search path before the first line otherwise.
    case .python: ["-I", "-S", "-c", "compile(open('/dev/fd/3', 'rb').read(), 'step', 'exec')"]
    }
  }

  /// How a prompt names it.
  var displayName: String {
    switch self {
    case .bash: "bash -euo pipefail"
    case .sh: "sh -eu"
    case .python: "python3"
    }
  }
}
