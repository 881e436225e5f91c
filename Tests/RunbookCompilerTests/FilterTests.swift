import RunbookDiagnostics
import RunbookModel
import Testing

@Suite struct FilterTests {
  @Test func `what cannot stand in a program of filters is told by place, without jq`() {
    let page = CompiledPage(
      body: """
        ```bash {#a if="1) | (halt"}
        #| expect: '[.exit == 0'
        #| mask: 'input | . # x'
        ls
        ```
        """)
    #expect(
      page.lines == [
        "4:18 error RB0501: ')' closes nothing",
        "4:22 error RB0501: '(' is never closed",
        "4:23 error RB0502: a filter cannot use 'halt'",
        "5:13 error RB0501: '[' is never closed",
        "6:11 error RB0502: a filter cannot use 'input'",
        "6:21 error RB0501: a filter holds no comment",
      ])
  }

  @Test func `jq's own errors are told for the filter they belong to`() {
    let page = CompiledPage(
      body: """
        ```bash {#a if="true"}
        #| expect: .exit = = 0
        #| outputs: {fine: .stdout, wrong: '.stdout | startwith("x")'}
        ls
        ```
        """, compilesFilters: true)
    #expect(page.lines.count == 2)
    #expect(page.lines.first == "5:20 error RB0503: jq refuses this filter: syntax error, unexpected '='")
    #expect(page.lines.last == "6:47 error RB0503: jq refuses this filter: startwith/1 is not defined")
  }

  @Test func `variables are parameters, outputs, answers, built-ins and earlier steps`() {
    let page = CompiledPage(
      """
      ---
      runbook: 1
      parameters:
        service: {type: string, default: db}
      ---
      ```ask {#really}
      question: Really?
      type: boolean
      ```

      ```bash {#first-step}
      #| if: '$really and $service == "db" and $environment != "x" and $target_types.stack == null'
      #| outputs: {count: '.stdout | length as $n | $n + 1'}
      ls
      ```

      ```bash {#second}
      #| if: $first_step.status == "ok" and $count > 0 and ($run_id | length) > 0
      #| expect: .exit == $first_step.exit
      ls
      ```
      """, compilesFilters: true)
    #expect(page.lines == [])
  }

  @Test func `variables that are unknown or come too late are told before jq is asked`() {
    let page = CompiledPage(
      body: """
        ```bash {#first}
        #| if: $second.status == "ok" and $frist == 1 and $ENV.HOME
        #| expect: $first.exit == 0
        ls
        ```

        ```bash {#second undo=back}
        ls
        ```

        ```bash {#back .undo if='$second.status == "ok" and $third.status == "ok"'}
        ls
        ```

        ```bash {#third if="$back.status"}
        ls
        ```
        """, compilesFilters: true)
    #expect(
      page.lines == [
        "5:8 error RB0210: '$second' comes from 'second' on line 10, which runs later",
        "5:35 error RB0209: '$frist' is no parameter, output, answer or step of this page (did you mean '$first'?)",
        "5:51 error RB0209: '$ENV' is no parameter, output, answer or step of this page",
        "5:51 error RB0502: a filter cannot use '$ENV'",
        "6:12 error RB0210: '$first' is what this step itself gives",
        "14:53 error RB0210: '$third' comes from 'third' on line 18, which runs later",
        "18:21 error RB0210: '$back' comes from 'back', a .undo step that may never run",
      ])
  }
}
