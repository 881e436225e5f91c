import ArgumentParser
import Glibc
import RunbookModel

/// `runbook run`.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a runbook, or rehearse it with --dry-run.",
    discussion: """
      Shows what will happen to which target and asks before anything changes. Questions go to the terminal, never to
      standard input. Without a terminal it refuses to start where somebody would have to be asked: --yes answers for
      writes, --confirm ID for one destructive step; nothing answers for all destructive steps.

      A dry run really executes the reads, proves the writes as far as that changes nothing, and says which is which.

      EXAMPLES:
        runbook run postgres-unavailable --env demo --dry-run
        runbook run postgres-unavailable --env demo
        runbook run postgres-unavailable --env demo --yes < /dev/null
        runbook run login-lockouts --env demo -p username=alice --only locked-out
        runbook run deploy.json
      """)

  @OptionGroup var libraryOptions: LibraryOptions
  @OptionGroup var planOptions: PlanOptions
  @OptionGroup var formatOptions: FormatOptions
  @OptionGroup var lossOptions: LossOptions

  @Flag(name: .customLong("dry-run"), help: "Rehearse: run the reads, prove the writes, change nothing.")
  var isDryRun = false

  @Flag(help: "Answer yes for every step that is not destructive.")
  var yes = false

  @Option(
    parsing: .singleValue, help: ArgumentHelp("Answer yes for one step; may be repeated.", valueName: "id"))
  var confirm: [String] = []

  @Argument(
    help: ArgumentHelp(
      "Name or path of a runbook, or a plan written by 'runbook plan -o'.", valueName: "name"))
  var name: String

  func run() async throws {
    let planning = Planning(libraryOptions: libraryOptions, options: planOptions)
    let planned = try name.hasSuffix(".json") ? planning.planFromFile(name) : planning.plan(name)
    try validate(confirm, in: planned.plan)
    let missing = Planning.missingTools(of: planned.page)
    guard missing.isEmpty else {
      let names = missing.map { "'\($0)'" }.joined(separator: ", ")
      throw CommandFailure(
        "nothing was run: the page requires \(names), which \(missing.count == 1 ? "is" : "are") not on PATH",
        exitCode: 3)
    }
    let session = try RunSession(
      planned,
      options: RunSession.Options(
        isDryRun: isDryRun, yes: yes, confirmed: confirm.map { StepID($0) }, format: formatOptions.format,
        onLoss: lossOptions.policy))
    let code = await session.run()
    if code != 0 { throw CommandFailure(nil, exitCode: code) }
  }

  private func validate(_ confirm: [String], in plan: Plan) throws {
    for id in confirm {
      guard plan.step(named: StepID(id)) != nil else {
        throw CommandFailure("--confirm \(id): no step is named so", exitCode: 64)
      }
    }
  }
}
