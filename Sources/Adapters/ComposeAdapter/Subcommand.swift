internal import RunbookModel

/// One subcommand of Compose, as far as both generations of it (1.29 and 2) know it.
struct Subcommand: Sendable {
  /// What follows its options.
  enum Operands: Sendable {
    case none
    case services
    /// Exactly one service, then a program with its arguments, which are the program's own.
    case serviceAndProgram(isRequired: Bool)
    case serviceAndPort
    case sourceAndDestination
    /// `SERVICE=NUMBER` each.
    case scales
  }

  let name: String
  let effect: Effect
  let operands: Operands
  let options: [Option]
  /// Whether Compose 1 does not know it.
  let isNew: Bool

  /// One option.
  struct Option: Sendable {
    /// Short and long spelling; the last one is used.
    let names: [String]
    let takesValue: Bool
    /// What it raises the effect to.
    let effect: Effect
    /// Whether Compose 1 does not know it.
    let isNew: Bool

    var name: String { names[names.count - 1] }
  }

  /// The option of that spelling.
  func option(_ spelling: String) -> Option? { options.first { $0.names.contains(spelling) } }

  /// The subcommand of that name.
  static func named(_ name: String) -> Subcommand? { all.first { $0.name == name } }

  /// Options are written as help texts write them: `-t --timeout=` takes a value; a `!` in front: destructive, a
  /// `2`: unknown to Compose 1.
  private init(
    _ name: String, _ effect: Effect, _ operands: Operands = .services, _ options: [String] = [],
    isNew: Bool = false
  ) {
    self.name = name
    self.effect = effect
    self.operands = operands
    self.isNew = isNew
    self.options = options.map { text in
      let spelling = text.drop { $0 == "!" || $0 == "2" }
      let marks = text[..<spelling.startIndex]
      let takesValue = spelling.hasSuffix("=")
      return Option(
        names: (takesValue ? spelling.dropLast() : spelling).split(separator: " ").map(String.init),
        takesValue: takesValue, effect: marks.contains("!") ? .destructive : effect,
        isNew: marks.contains("2"))
    }
  }

  /// All of them, by name. `attach`, `watch`, `version`, `ls` and their like are no steps of a procedure.
  static let all: [Subcommand] = [
    Subcommand(
      "build", .write, .services,
      [
        "--build-arg=", "--compress", "--force-rm", "-m --memory=", "--no-cache", "--no-rm", "--parallel",
        "--progress=", "--pull", "-q --quiet", "2--ssh=", "2--with-dependencies", "2--push",
      ]),
    Subcommand(
      "config", .read, .services,
      [
        "--resolve-image-digests", "--no-interpolate", "-q --quiet", "--profiles", "--services", "--volumes",
        "--hash=", "2--images", "2--format=", "2--no-normalize", "2--no-path-resolution", "2--no-consistency",
        "2--environment", "2--variables", "2--networks",
      ]),
    Subcommand(
      "cp", .write, .sourceAndDestination, ["--index=", "-a --archive", "-L --follow-link", "--all"],
      isNew: true),
    Subcommand(
      "create", .write, .services,
      [
        "!--force-recreate", "--no-recreate", "--no-build", "--build", "2--pull=", "2--scale=",
        "!2--remove-orphans",
        "2--quiet-pull",
      ]),
    Subcommand(
      "down", .destructive, .none, ["--rmi=", "-v --volumes", "--remove-orphans", "-t --timeout="]),
    Subcommand("events", .read, .services, ["--json", "2--since=", "2--until="]),
    Subcommand(
      "exec", .write, .serviceAndProgram(isRequired: true),
      [
        "-d --detach", "--privileged", "-u --user=", "--no-TTY -T", "--index=", "-e --env=", "-w --workdir=",
      ]),
    Subcommand("images", .read, .services, ["-q --quiet"]),
    Subcommand("kill", .destructive, .services, ["--signal -s=", "2--remove-orphans"]),
    Subcommand(
      "logs", .read, .services,
      [
        "-f --follow", "-n --tail=", "--since=", "--until=", "-t --timestamps", "--no-color",
        "--no-log-prefix",
      ]),
    Subcommand("pause", .write),
    Subcommand("port", .read, .serviceAndPort, ["--protocol=", "--index="]),
    Subcommand("ps", .read, .services, ["-q --quiet", "-a --all", "--services", "--status="]),
    Subcommand(
      "pull", .write, .services,
      [
        "--ignore-pull-failures", "--parallel", "--no-parallel", "-q --quiet", "--include-deps", "2--policy=",
        "2--ignore-buildable",
      ]),
    Subcommand("push", .write, .services, ["--ignore-push-failures", "2-q --quiet", "2--include-deps"]),
    Subcommand("restart", .write, .services, ["-t --timeout=", "2--no-deps"]),
    Subcommand("rm", .destructive, .services, ["-f --force", "-s --stop", "-v"]),
    Subcommand(
      "run", .write, .serviceAndProgram(isRequired: false),
      [
        "-d --detach", "--name=", "--entrypoint=", "--env -e=", "-l --label=", "-u --user=", "--no-deps",
        "--rm",
        "-p --publish=", "--service-ports", "--use-aliases", "-v --volume=", "--no-TTY -T", "-w --workdir=",
        "2--build", "2--pull=", "2--quiet-pull", "!2--remove-orphans", "2--cap-add=", "2--cap-drop=",
        "2--env-from-file=",
      ]),
    Subcommand("scale", .write, .scales, ["-t --timeout=", "2--no-deps"]),
    Subcommand("start", .write, .services, ["2--wait", "2--wait-timeout="]),
    Subcommand("stop", .write, .services, ["-t --timeout="]),
    Subcommand("top", .read),
    Subcommand("unpause", .write),
    Subcommand(
      "up", .write, .services,
      [
        "-d --detach", "--no-color", "--quiet-pull", "--no-deps", "!--force-recreate",
        "!--always-recreate-deps",
        "--no-recreate", "--no-build", "--no-start", "--build", "--abort-on-container-exit",
        "2--abort-on-container-failure", "2--attach=", "--attach-dependencies", "-t --timeout=",
        "!-V --renew-anon-volumes", "!--remove-orphans", "--exit-code-from=", "--scale=", "--no-log-prefix",
        "2--wait", "2--wait-timeout=", "2--pull=", "2--timestamps", "2--no-attach=", "2-y --yes",
      ]),
  ]
}
