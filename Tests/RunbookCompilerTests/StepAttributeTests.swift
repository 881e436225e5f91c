import RunbookDiagnostics
import RunbookModel
import Testing

@Suite struct StepAttributeTests {
  @Test func `every attribute reaches the step, inline and as option line`() throws {
    let page = CompiledPage(
      """
      ---
      runbook: 1
      parameters:
        service: {type: string, default: db}
      ---
      # Page

      ## Mend

      Look first:

      ```bash {#look effect=read within=10s every=500ms .idempotent}
      echo "${service}"
      ```

      2. Then mend **it**.

         ```bash {#mend on=db effect="destructive" timeout=5m needs="look" if='$look.exit == 0'}
         #| title: Mend the service
         #| expect: .exit == 0
         #| confirm: "Mend ${service} on ${target_name}?"
         #| idempotent: true
         #| verify: look
         #| undo: break-again
         #| on-failure: help
         #| mask: .stdout
         #| outputs:
         #|   version: .stdout
         #|   token: {filter: .stderr, secret: true}
         #|   written:
         #| produces: ['out/${run_id}.txt', log]
         #| env: {A: '${service}'}
         #| cwd: sub
         echo "${service}"
         ```

         ```bash {#break-again .undo}
         true
         ```

      ```bash {#help .rescue effect=read for=5s}
      true
      ```

      ```bash {#talk interactive effect=read needs=""}
      cat
      ```
      """)
    #expect(page.lines == [])
    let step = try #require(page.step("mend"))
    guard case .call(let call) = step.action else {
      Issue.record("no call")
      return
    }
    #expect(call.language == "bash")
    #expect(call.fields.map(\.name) == ["env", "cwd"])
    #expect(call.fields.map(\.value) == [["A": "${service}"], "sub"])
    #expect(call.body == "echo \"${service}\"\n")
    #expect(page.file.text(of: call.origin.range(0..<4)) == "echo")
    var expected = Step(
      id: StepID("mend"), title: "Mend the service", action: step.action, effect: .destructive,
      target: Target(name: "db", type: ""))
    expected.number = "2"
    expected.section = ["Mend"]
    expected.line = 18
    expected.effectSource = .declared
    expected.needs = [StepID("look")]
    expected.hasExplicitNeeds = true
    expected.conditions = [Filter("$look.exit == 0")]
    expected.expect = Filter(".exit == 0")
    expected.timeoutMilliseconds = 300_000
    expected.confirm = Template("Mend ${service} on ${target_name}?")
    expected.isIdempotent = true
    expected.verify = StepID("look")
    expected.undo = StepID("break-again")
    expected.onFailure = .rescue(StepID("help"))
    expected.mask = Filter(".stdout")
    expected.outputs = [
      .init(name: "version", filter: Filter(".stdout"), isSecret: false),
      .init(name: "token", filter: Filter(".stderr"), isSecret: true),
      .init(name: "written", filter: nil, isSecret: false),
    ]
    expected.produces = [Template("out/${run_id}.txt"), Template("log")]
    expected.uses = ["run_id", "service", "target_name"]
    #expect(step == expected)
    let look = try #require(page.step("look"))
    #expect(look.polling == .init(withinMilliseconds: 10_000, everyMilliseconds: 500))
    #expect(look.isIdempotent)
    #expect(look.title == "Look first:")
    #expect(look.effectSource == .declared)
    #expect(page.step("break-again")?.role == .undo)
    #expect(page.step("help")?.role == .rescue)
    #expect(page.step("help")?.durationMilliseconds == 5000)
    #expect(page.step("help")?.timeoutMilliseconds == 65_000)
    #expect(page.step("talk")?.isInteractive == true)
    #expect(page.step("talk")?.timeoutMilliseconds == 86_400_000)
    #expect(page.step("talk")?.needs == [])
  }

  @Test func `wrong attributes are named with what was probably meant`() {
    let page = CompiledPage(
      body: """
        ```bash {#a timout=5s .unod effect=reed within=5 every=1s idempotent=yes}
        true
        ```

        ```bash {#b id=x undo interactive=true within=5s every=9s effect=read on-failure=resuce}
        true
        ```

        ```bash {#c .undo .rescue needs=a}
        true
        ```

        ```ask {#d confirm=x}
        question: What?
        ```

        ```wait {#e .undo evidence}
        5s
        ```

        ```sql {#f env=A}
        SELECT 1
        ```

        ```bash {#g timeout}
        #| outputs: {Bad: ., good: {jq: .}}
        #| confirm:
        true
        ```
        """)
    #expect(
      page.lines == [
        "4:13 error RB0307: no attribute is named 'timout' (did you mean 'timeout'?)",
        "4:24 error RB0307: a step cannot be '.unod' (did you mean '.undo'?)",
        "4:36 error RB0306: 'effect' must be one of read, write, destructive, not 'reed' (did you mean 'read'?)",
        "4:48 error RB0306: 'within' must be a duration, not '5' (durations are written as 500ms, 30s, 5m, 1h30m)",
        "4:70 error RB0306: 'idempotent' must be true or false, not 'yes'",
        "8:13 error RB0307: no attribute is named 'id' (an id is written '#name' in the braces)",
        "8:18 error RB0306: 'undo' has no value",
        "8:47 error RB0308: an interactive step is not repeated",
        "8:56 warning RB0308: 'every' is longer than 'within': there is one attempt",
        "8:82 error RB0203: no step is named 'resuce' ('on-failure' is ask, stop, continue, undo, or the id of a .rescue step)",
        "12:11 warning RB0205: no step names the .undo step 'c', so it never runs (name it with 'undo: c')",
        "12:20 error RB0308: a step is only one of .undo, .rescue and .verify",
        "12:27 error RB0308: 'needs' means nothing for a step outside of the order (a step that is .undo runs only when it is called for)",
        "16:12 error RB0308: an 'ask' step has no 'confirm'",
        "20:14 error RB0308: a 'wait' step cannot be .undo",
        "20:19 error RB0308: a 'wait' step has no 'evidence'",
        "24:12 error RB0307: no attribute is named 'env'",
        "28:13 error RB0306: 'timeout' has no value",
        "29:14 error RB0202: 'Bad' is no name of an output (did you mean 'bad'?; names are lower-case letters, digits and '_', beginning with a letter)",
        "29:29 error RB0122: an output has no key 'jq' (its keys are filter, secret)",
        "30:12 error RB0306: 'confirm' has no value",
      ])
  }

  @Test func `an effect may be raised, and lowered only where it is assumed`() {
    let page = CompiledPage(
      body: """
        ```bash {#a effect=read}
        ls
        ```

        ```sql {#b effect=destructive on=db}
        SELECT 1
        ```

        ```sql {#c effect=read on=db}
        DELETE FROM t WHERE a = 1
        ```

        ```sql {#d effect=read on=db}
        SELECT 1
        ```
        """)
    #expect(
      page.lines == [
        "12:19 error RB0309: this step is known to be write; 'effect=read' cannot lower that (an effect may only be lowered where it is assumed)"
      ])
    let sound = CompiledPage(
      body: """
        ```bash {#a effect=read}
        ls
        ```

        ```sql {#b effect=destructive on=db}
        SELECT 1
        ```

        ```sql {#d effect=read on=db}
        SELECT 1
        ```

        ```bash {#e}
        ls
        ```
        """)
    let effects = sound.runbook?.steps.map { "\($0.effect) \($0.effectSource)" }
    #expect(effects == ["read declared", "destructive declared", "read known", "write assumed"])
  }

  @Test func `repeating and ending want a read, or a word from the author`() {
    let page = CompiledPage(
      body: """
        ```bash {#a within=5s}
        touch x
        ```

        ```bash {#b within=5s idempotent}
        touch x
        ```

        ```bash {#c for=5s}
        tail -f x
        ```

        ```compose {#d}
        logs -f db
        ```

        ```compose {#e for=10s timeout=5s}
        logs -f db
        ```

        ```bash {#f every=5s effect=read}
        ls
        ```
        """)
    #expect(
      page.lines == [
        "4:20 error RB0310: 'within' repeats the step, which is taken for a write (declare 'effect=read' if it only reads, or 'idempotent=true' if repeating it does no harm)",
        "12:17 error RB0308: 'for' ends a step that only reads; this one is taken for a write (declare 'effect=read' if it only reads)",
        "16:14 error RB0311: this step does not end by itself ('for=30s' ends it then, successfully; 'interactive' gives it to the operator)",
        "20:32 error RB0308: 'timeout' ends the step before 'for' does",
        "24:19 error RB0306: 'every' without 'within' ('within' says how long to keep trying)",
      ])
  }
}
