import RunbookCompiler
import RunbookDiagnostics
import RunbookModel
import Testing

@Suite struct PlanTests {
  static let demo = """
    targets:
      stack: {type: compose, files: [compose.yaml], project: p}
      db: {type: postgres, host: localhost, port: 5432, user: app, dbname: app, password: 'env:PGPASSWORD'}
      api: {type: http, url: 'http://127.0.0.1:18090'}
    """

  /// A page, planned: the plan and one line for each diagnostic.
  private func plan(
    _ text: String, environment: String = demo, name: String = "demo", parameters: [String: String] = [:],
    from: String? = nil, only: [String] = []
  ) throws -> (plan: Plan?, lines: [String]) {
    let page = CompiledPage(text)
    #expect(page.lines == [])
    let read = ReadEnvironment(environment, name: name)
    #expect(read.output == "")
    let (plan, diagnostics, problems) = Compiler(adapters: registry).plan(
      try #require(page.runbook), in: try #require(read.environment), parameters: parameters,
      from: from.map { StepID($0) }, only: only.map { StepID($0) }, program: "1.0", path: "runbooks/page.md")
    #expect(plan == nil || problems.isEmpty)
    return (
      plan,
      problems.map { "\($0.place): \(([$0.message] + $0.notes).joined(separator: "; "))" }
        + diagnostics.map { diagnostic in
          let position = page.file.position(ofOffset: diagnostic.range.start)
          let note = diagnostic.notes.isEmpty ? "" : " (\(diagnostic.notes.joined(separator: "; ")))"
          return
            "\(position.line):\(position.column) \(diagnostic.code.rawValue): \(diagnostic.message)\(note)"
        }
    )
  }

  @Test func `a plan is the steps in order with their targets, and all that they need`() throws {
    let (planned, lines) = try plan(
      """
      ---
      runbook: 1
      title: Mend
      environments: [demo]
      parameters:
        service: {type: string, default: db}
        token: {type: secret, from: 'env:TOKEN'}
      requires: {targets: [db]}
      locks: [postgres]
      timeout: 1h
      ---
      ```bash {#last needs=first on=db undo=back env=token}
      echo "${service}"
      ```

      ```bash {#back .undo}
      true
      ```

      ```sql {#first needs=""}
      SELECT 1
      ```
      """, parameters: ["service": "cache; $(rm)"])
    #expect(lines == [])
    let plan = try #require(planned)
    #expect(plan.program == "1.0")
    #expect(
      plan.runbook
        == .init(name: "page", title: "Mend", path: "runbooks/page.md", digest: Digest("sha256:page")))
    #expect(
      plan.parameters == [
        "service": .text("cache; $(rm)"),
        "token": .secret(SecretReference(name: "token", source: .environment("TOKEN"))),
      ])
    #expect(plan.locks == ["postgres"])
    #expect(plan.timeoutMilliseconds == 3_600_000)
    #expect(plan.steps.map(\.id.rawValue) == ["first", "last", "back"])
    #expect(plan.steps.map(\.target.name) == ["db", "db", "db"])
    #expect(plan.steps.map(\.target.type) == ["postgres", "postgres", "postgres"])
    #expect(plan.step(named: StepID("last"))?.uses == ["service", "token"])
    #expect(plan.unselected == [])
    #expect(try Plan(json: JSONValue(parsing: plan.json.text)) == plan)
  }

  @Test func `secrets are meant from the file that names them`() throws {
    let page = """
      ---
      runbook: 1
      parameters:
        a: {type: secret, from: 'file:secrets/a'}
        b: {type: secret, from: 'dotenv:../demo/.env#B'}
        c: {type: secret, from: 'file:/etc/c'}
        d: {type: secret}
        e: {type: secret, from: 'file:../../outside'}
      ---
      ```bash {#w}
      #| env: [a, b, c, d, e]
      true
      ```
      """
    let planned = try plan(page, parameters: ["d": "file:./d"])
    let parameters = try #require(planned.plan).parameters.mapValues { value in
      if case .secret(let reference) = value { reference.text } else { "" }
    }
    #expect(
      parameters == [
        "a": "file:runbooks/secrets/a", "b": "dotenv:demo/.env#B", "c": "file:/etc/c", "d": "file:d",
        "e": "file:../outside",
      ])
    let given = try #require(SecretReference(name: "d", parsing: "file:../d")).relative(to: "/home/me")
    #expect(given.text == "file:/home/d")
  }

  @Test func `parameters are checked with their place in the page`() throws {
    let (plan, lines) = try plan(
      """
      ---
      runbook: 1
      parameters:
        service: {type: string, pattern: '[a-z]+'}
        count: {type: integer, default: 1, maximum: 5}
        token: {type: secret}
        host: {type: string}
      ---
      ```bash {#a env=token}
      echo "${service}" "${count}" "${host}"
      ```
      """, parameters: ["service": "DB", "count": "9", "token": "hunter2", "hots": "x"])
    #expect(plan == nil)
    #expect(
      lines == [
        "parameter(\"hots\"): the page has no parameter 'hots'; did you mean 'host'?",
        "4:3 RB0704: the value given for 'service' must match [a-z]+, not 'DB'",
        "5:3 RB0704: the value given for 'count' must be at most 5, not '9'",
        "6:3 RB0606: 'token' is a secret: give where it is kept, not the secret itself (references are env:NAME, file:PATH, dotenv:FILE#NAME and command:[\"program\", \"argument\"])",
        "7:3 RB0703: the parameter 'host' has no value (give it: -p host=…)",
      ])
    #expect(!lines.contains { $0.contains("hunter2") })
  }

  @Test func `the page says where it may run and what it needs there`() throws {
    let (plan, lines) = try plan(
      """
      ---
      runbook: 1
      environments: [staging]
      requires: {targets: [db, cahce]}
      ---
      ```redis {#a}
      PING
      ```

      ```sql {#b on=bd}
      SELECT 1
      ```

      ```sql {#c on=api}
      SELECT 1
      ```

      ```http {#d on=local}
      GET /x
      ```
      """, environment: Self.demo + "\n  cache: {type: http, url: 'http://127.0.0.1:1'}\n")
    #expect(plan == nil)
    #expect(
      lines == [
        "3:15 RB0701: the page does not allow 'demo', only staging",
        "4:26 RB0603: the environment 'demo' has no target 'cahce', which the page requires (did you mean 'cache'?)",
        "6:12 RB0603: the environment 'demo' has no target of type redis, which 'redis' acts on (a step that is for some environments only has a condition that looks at '$target_types' or '$environment')",
        "10:15 RB0603: the environment 'demo' has no target 'bd' (did you mean 'db'?)",
        "14:15 RB0605: 'api' is of type http; 'sql' acts on postgres",
        "18:16 RB0605: 'local' is this machine; 'http' acts on http",
      ])
  }

  @Test func `the only target that fits is taken, several are ambiguous`() throws {
    let page = """
      ---
      runbook: 1
      ---
      ```http {#a}
      GET /x
      ```
      """
    #expect(try plan(page).plan?.steps.map(\.target.name) == ["api"])
    #expect(
      try plan(page, environment: Self.demo + "\n  other: {type: http, url: 'http://127.0.0.1:1'}\n").lines
        == [
          "4:11 RB0604: 'http' could act on api or other (say which: 'on=api')"
        ])
  }

  @Test func `a missing target is fine where a condition tells environments apart`() throws {
    let (plan, lines) = try plan(
      """
      ---
      runbook: 1
      ---
      ## With Compose <!-- if="$target_types.stack == \\"compose\\"" -->

      ```compose {#up undo=down}
      up -d db
      ```

      ```compose {#down .undo}
      stop db
      ```

      ## Anywhere

      ```bash {#build on=builder if='$environment == "ci"'}
      make
      ```
      """, environment: "targets: {}\n", name: "local")
    #expect(lines == [])
    #expect(
      plan?.steps.map(\.target) == [
        .absent(named: "compose"), .absent(named: "builder"), .absent(named: "compose"),
      ])
    #expect(plan?.steps.allSatisfy(\.target.isAbsent) == true)
    if let plan { #expect(try Plan(json: plan.json) == plan) }
  }

  @Test func `left-out steps are named, and what they would have given must be passed`() throws {
    let page = """
      ---
      runbook: 1
      ---
      ```bash {#build}
      #| outputs: [version, size]
      make
      ```

      ```ask {#really}
      question: Really?
      type: boolean
      ```

      ```bash {#deploy}
      #| if: $really and $build.status == "ok"
      deploy "${version}"
      ```

      ```bash {#check}
      check
      ```
      """
    let missing = try plan(page, from: "deploy")
    #expect(
      missing.lines == [
        "14:11 RB0703: 'deploy' uses 'really', which 'really' would have given (pass it: -p really=…)",
        "14:11 RB0703: 'deploy' uses 'version', which 'build' would have given (pass it: -p version=…)",
      ])
    let passed = try plan(page, parameters: ["version": "1.2", "really": "true"], from: "deploy")
    #expect(passed.lines == [])
    #expect(passed.plan?.parameters == ["version": .text("1.2"), "really": .plain(true)])
    #expect(passed.plan?.unselected.map(\.rawValue) == ["build", "really"])
    let only = try plan(page, only: ["check"])
    #expect(only.plan?.unselected.map(\.rawValue) == ["build", "really", "deploy"])
    #expect(
      try plan(page, parameters: ["version": "1"]).lines == [
        "4:11 RB0702: 'version' is given by the step 'build', which runs (only what a step that is left out would have given can be passed with -p)"
      ])
    let typo = try plan(page, from: "chek", only: ["deploi", "zzz"])
    #expect(
      typo.lines == [
        "from(chek): no step is named 'chek'; did you mean 'check'?",
        "only(deploi): no step is named 'deploi'; did you mean 'deploy'?",
        "only(zzz): no step is named 'zzz'",
      ])
  }

  @Test func `what a target has can be used, but not its secrets`() throws {
    let page = """
      ---
      runbook: 1
      ---
      ```bash {#a on=db confirm="On ${target_host}:${target_port}?"}
      true
      ```

      ```bash {#b on=api confirm="On ${target_host}?"}
      true
      ```

      ```bash {#c on=cache confirm="On ${target_url}?"}
      true
      ```
      """
    let (_, lines) = try plan(page, environment: Self.demo + "\n  cache: {type: redis, url: 'env:REDIS'}\n")
    #expect(
      lines == [
        "8:16 RB0209: the target 'api' has no 'host' for '${target_host}'",
        "12:16 RB0402: 'url' of the target 'cache' is a secret and has no '${target_url}'",
      ])
  }
}
