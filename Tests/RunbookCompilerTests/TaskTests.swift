import RunbookDiagnostics
import RunbookModel
import Testing

@Suite struct TaskTests {
  @Test func `tasks become manual steps with an id from their text`() throws {
    let page = CompiledPage(
      body: """
        # Page

        ## Before

        1. [ ] Tell *everybody* that it's down – on [Slack](https://x.example). <!-- evidence title="Tell all" -->
        2. [ ] Größe prüfen

        - [ ] Über <!-- #over if="$environment == \\"demo\\"" on-failure=continue -->
        """)
    #expect(page.lines == [])
    let steps = try #require(page.runbook).steps
    #expect(steps.map(\.id.rawValue) == ["tell-everybody-that-its-down-on-slack", "grosse-prufen", "over"])
    #expect(steps.map(\.title) == ["Tell all", "Größe prüfen", "Über"])
    #expect(steps.map(\.number) == ["1", "2", nil])
    #expect(
      steps[0].action
        == .manual(ManualTask(text: "Tell everybody that it's down – on Slack.", wantsEvidence: true)))
    #expect(steps[2].conditions == [Filter("$environment == \"demo\"")])
    #expect(steps[2].onFailure == .continue)
    #expect(steps.map(\.effect) == [.read, .read, .read])
  }

  @Test func `slugs that repeat get their heading in front`() throws {
    let page = CompiledPage(
      body: """
        ## Before
        - [ ] Check it
        ## After
        - [ ] Check it
        - [ ] Something else that has a very long text indeed, longer than ids are
        """)
    #expect(page.lines == [])
    #expect(
      page.runbook?.steps.map(\.id.rawValue) == [
        "before-check-it", "after-check-it", "something-else-that-has-a-very-long-text-indeed",
      ])
  }

  @Test func `checked tasks, texts without letters and repeated ids are errors`() {
    let page = CompiledPage(
      body: """
        - [x] Done already
        - [ ] 確認する
        - [ ] Twice
        - [ ] Twice
        - [ ] Own <!-- #Own_ID -->
        - [ ] Timed <!-- timeout=5s -->
        """)
    #expect(
      page.lines == [
        "4:1 error RB0408: the task is checked already (a runbook's tasks are '- [ ]': each run checks them anew)",
        "5:7 error RB0207: the task's text gives no id (end it with an id of its own: <!-- #name -->)",
        "7:7 error RB0201: the id 'twice' is taken by the step of line 6 (end the task with an id of its own: <!-- #name -->)",
        "8:17 error RB0202: 'Own_ID' is no id (did you mean 'own-id'?; ids are lower-case letters, digits and '-', beginning with a letter or digit)",
        "9:18 error RB0308: a task item has no 'timeout'",
      ])
  }

  @Test func `tasks of one list do not wait for each other, and the next step waits for all`() throws {
    let page = CompiledPage(
      body: """
        ```wait {#start}
        1s
        ```

        - [ ] A
        - [ ] B

          ```wait {#b1}
          1s
          ```

          - [ ] C
          - [ ] D

        - [ ] E

        ```wait {#end}
        1s
        ```

        1. ```wait {#n1}
           1s
           ```

        2. ```wait {#n2}
           1s
           ```
        """)
    #expect(page.lines == [])
    let needs = try #require(page.runbook).steps.map {
      "\($0.id): \($0.needs.map(\.rawValue).joined(separator: " "))"
    }
    #expect(
      needs == [
        "start: ", "a: start", "b: start", "b1: b", "c: b1", "d: b1", "e: start", "end: a c d e", "n1: end",
        "n2: n1",
      ])
  }

  @Test func `what is said of a step is not the title of those that belong to it`() {
    let page = CompiledPage(
      body: """
        1. Start it.

           ```bash {#start undo=stop on-failure=save verify=look}
           true
           ```

           ```bash {#stop .undo}
           true
           ```

           ```bash {#save .rescue title="Save what is there"}
           true
           ```

           ```bash {#look .verify effect=read}
           true
           ```

           ```bash {#second undo=back}
           true
           ```

           The way back:

           ```bash {#back .undo}
           true
           ```
        """)
    #expect(page.lines == [])
    #expect(
      page.runbook?.steps.map { "\($0.id): \($0.title)" } == [
        "start: Start it.", "stop: stop", "save: Save what is there", "look: look", "second: Start it.",
        "back: The way back:",
      ])
  }

  @Test func `a heading's condition holds for all below it`() throws {
    let page = CompiledPage(
      body: """
        # Page

        ## One <!-- if="$environment == \\"a\\"" -->
        - [ ] A
        ### Inner <!-- if=true -->
        - [ ] B <!-- if=false -->
        ## Two
        - [ ] C
        """)
    #expect(page.lines == [])
    #expect(
      page.runbook?.steps.map { $0.conditions.map(\.source) } == [
        ["$environment == \"a\""], ["$environment == \"a\"", "true", "false"], [],
      ])
    #expect(page.runbook?.steps.map(\.section) == [["One"], ["One", "Inner"], ["Two"]])
    let wrong = CompiledPage(
      body: """
        ## One <!-- #one if="$nobody" title=x -->
        - [ ] A
        - [ ] B
        """)
    #expect(
      wrong.lines == [
        "4:14 error RB0308: a heading has no id and no flags (a heading may end in <!-- if=\"…\" -->)",
        "4:22 error RB0209: '$nobody' is no parameter, output, answer or step of this page",
        "4:31 error RB0308: a heading has no 'title' (a heading has 'if' only)",
      ])
  }
}
