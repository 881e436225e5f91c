import ArgumentParser

/// Where pages are looked for.
struct LibraryOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("Folder of runbooks, instead of the usual places.", valueName: "folder"))
  var dir: String?

  /// The library they name.
  func library() throws(CommandFailure) -> RunbookLibrary {
    do throws(RunbookLibrary.Failure) {
      return try RunbookLibrary(directory: dir)
    } catch {
      throw CommandFailure(error.message, exitCode: 64)
    }
  }

  /// The library they name; that there is none is an error.
  func existingLibrary() throws(CommandFailure) -> RunbookLibrary {
    let library = try library()
    do throws(RunbookLibrary.Failure) {
      try library.requireRoot()
    } catch {
      throw CommandFailure(error.message, exitCode: 3)
    }
    return library
  }

  /// The page of that name or at that path.
  func entry(named name: String) throws(CommandFailure) -> RunbookLibrary.Entry {
    let library = try library()
    do throws(RunbookLibrary.Failure) {
      return try library.entry(named: name)
    } catch {
      throw CommandFailure(error.message, exitCode: 3)
    }
  }
}

/// For people or for programs.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}

/// `--format`.
struct FormatOptions: ParsableArguments {
  @Option(name: .long, help: "'text' for people, 'json' for programs.")
  var format: OutputFormat = .text
}

/// `--on-loss`.
struct LossOptions: ParsableArguments {
  /// What becomes of the running step when this program is killed.
  enum Policy: String, ExpressibleByArgument, CaseIterable {
    case kill, finish
  }

  @Option(
    name: .customLong("on-loss"),
    help: ArgumentHelp(
      "When this program is killed: 'kill' the running step, or let it 'finish' unseen and note its exit code.",
      valueName: "policy"))
  var policy: Policy = .kill
}

/// `--env` and `-p`.
struct PlanOptions: ParsableArguments {
  @Option(
    name: [.customLong("env"), .customShort("e")],
    help: ArgumentHelp(
      "Environment; else RUNBOOK_ENV, else the only one there is, else asked at the terminal.",
      valueName: "environment"))
  var environment: String?

  @Option(
    name: [.customShort("p"), .customLong("parameter")], parsing: .singleValue,
    help: ArgumentHelp("A parameter; may be repeated.", valueName: "name=value"))
  var parameters: [String] = []

  @Option(
    help: ArgumentHelp("Start at this step; what comes before is left out and logged so.", valueName: "id"))
  var from: String?

  @Option(parsing: .singleValue, help: ArgumentHelp("Only this step; may be repeated.", valueName: "id"))
  var only: [String] = []
}
