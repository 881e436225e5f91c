import RunbookDiagnostics
public import RunbookModel

extension Plan {
  /// A plan that uses every member at least once.
  public static let everything: Plan = {
    let database = Target(
      name: "db", type: "postgres",
      settings: [
        "host": .value(.text("localhost")), "port": .value(.plain(5432)),
        "password": .value(.secret(SecretReference(name: "db.password", source: .environment("PGPASSWORD")))),
        "files": .list([.text("/a"), .secret(SecretReference(name: "f", source: .file("/b")))]),
        "headers": .named([
          .init("X-Key", .secret(SecretReference(name: "k", source: .command(["pass", "k"]))))
        ]),
        "odd": .value(.plain(["named": 1])),
      ])
    var restart = Step(
      id: StepID("restart"), title: "Restart »it«",
      action: .call(
        AdapterCall(
          language: "bash", fields: [.init(name: "env", value: ["A": "${token}"], range: .init(at: 7))],
          body: "echo \"$service\"\n")),
      effect: .write, target: .local)
    restart.number = "2"
    restart.section = ["Mend", "Now"]
    restart.line = 12
    restart.effectSource = .declared
    restart.needs = [StepID("look")]
    restart.hasExplicitNeeds = true
    restart.conditions = [Filter("$look.status == \"ok\""), Filter(".")]
    restart.expect = Filter(".exit == 0")
    restart.polling = .init(withinMilliseconds: 1000, everyMilliseconds: 10)
    restart.durationMilliseconds = 5
    restart.timeoutMilliseconds = 7
    restart.confirm = Template("Really ${service} on $${x} $$ ${no-name}?")
    restart.isIdempotent = true
    restart.verify = StepID("look")
    restart.undo = StepID("back")
    restart.onFailure = .rescue(StepID("help"))
    restart.outputs = [
      .init(name: "version", filter: Filter(".stdout"), isSecret: false),
      .init(name: "key", filter: nil, isSecret: true),
    ]
    restart.mask = Filter(".stdout")
    restart.produces = [Template("out/${run_id}.txt")]
    restart.isInteractive = true
    restart.uses = ["run_id", "service"]
    var type = ParameterType(.integer)
    type.minimum = "1"
    type.maximum = "3"
    var choice = ParameterType(.choice)
    choice.choices = ["a", "b"]
    var pattern = ParameterType(.string)
    pattern.pattern = "^[a-z]+$"
    func ask(_ id: String, _ type: ParameterType, _ value: JSONValue?) -> Step {
      let question = Question(text: Template("How many?"), type: type, defaultValue: value)
      return Step(id: StepID(id), title: id, action: .ask(question), effect: .read, target: .local)
    }
    var steps = [
      restart, ask("count", type, 2), ask("letter", choice, nil), ask("word", pattern, "x"),
      Step(id: StepID("pause"), title: "p", action: .wait(milliseconds: 3), effect: .read, target: database),
      Step(
        id: StepID("look"), title: "l", action: .manual(ManualTask(text: "Look", wantsEvidence: true)),
        effect: .read, target: .absent(named: "stack")),
    ]
    for (role, onFailure) in zip(
      [Step.Role.undo, .rescue, .verify, .verify], [Step.OnFailure.stop, .continue, .ask, .undo])
    {
      var step = restart
      step.id = StepID("\(role)-\(onFailure)")
      step.role = role
      step.onFailure = onFailure
      steps.append(step)
    }
    return Plan(
      program: "0.1.0",
      runbook: .init(
        name: "a/b", title: "T", path: "runbooks/a/b.md",
        digest: Digest("sha256:" + String(repeating: "0", count: 64))),
      environment: Environment(
        name: "demo", digest: Digest("sha256:" + String(repeating: "1", count: 64)), isProtected: true,
        confirm: .always, targets: [database]),
      parameters: [
        "service": .text("db; $(rm)"),
        "token": .secret(SecretReference(name: "token", source: .environment("TOKEN"))),
      ],
      steps: steps, locks: ["postgres"], timeoutMilliseconds: 60_000, unselected: [StepID("count")])
  }()
}
