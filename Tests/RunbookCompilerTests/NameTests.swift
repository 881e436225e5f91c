import RunbookDiagnostics
import RunbookModel
import Testing

@Suite struct NameTests {
  @Test func `names are unique over all kinds`() {
    let page = CompiledPage(
      """
      ---
      runbook: 1
      parameters:
        service: {type: string, default: db}
        environment: {type: string, default: x}
        target_port: {type: string, default: x}
        target_other: {type: string, default: x}
      ---
      ```bash {#service}
      #| outputs: [service, version]
      echo "${service}"
      ```

      ```ask {#version}
      question: Which?
      ```

      ```bash {#target-types}
      ls
      ```
      """)
    #expect(
      page.lines == [
        "5:3 error RB0208: 'environment' is the name of a built-in value",
        "5:3 warning RB0211: nothing uses the parameter 'environment'",
        "6:3 error RB0208: 'target_port' is the name of a built-in value",
        "6:3 warning RB0211: nothing uses the parameter 'target_port'",
        "7:3 error RB0208: 'target_other' is the name of what a target has: names beginning with 'target_'",
        "7:3 warning RB0211: nothing uses the parameter 'target_other'",
        "9:11 error RB0208: the step 'service' has the name of a parameter (filters could not tell which of the two '$service' is)",
        "10:14 error RB0208: 'service' is the name of a parameter",
        "14:10 error RB0208: 'version' is the name of an output",
        "18:11 error RB0208: the step 'target-types' has the name of a built-in value (filters could not tell which of the two '$target_types' is)",
      ])
  }

  @Test func `a name whose type is mistyped is a name all the same`() {
    let page = CompiledPage(
      """
      ---
      runbook: 1
      parameters:
        service: {type: strng, default: db}
        count: {type: integre}
      ---
      ```ask {#really}
      question: Really?
      type: boolaen
      ```

      ```bash {#a confirm="Stop ${service}?" if='$count == 1 and $really'}
      echo "${service}" "${count}" "${really}"
      ```
      """)
    #expect(
      page.lines == [
        "4:19 error RB0124: 'type' must be one of string, integer, number, boolean, choice, duration, secret, not 'strng' (did you mean 'string'?)",
        "5:17 error RB0124: 'type' must be one of string, integer, number, boolean, choice, duration, secret, not 'integre' (did you mean 'integer'?)",
        "9:7 error RB0430: 'type' must be one of string, integer, number, boolean, choice, duration, secret, not 'boolaen' (did you mean 'boolean'?)",
      ])
  }

  @Test func `undefined names are told with the nearest one, in bodies and attributes`() {
    let page = CompiledPage(
      """
      ---
      runbook: 1
      parameters:
        service: {type: string, default: db}
      ---
      ```bash {#a confirm="Stop ${servce} in ${environmnt}?"}
      #| produces: ['${run_idd}.txt']
      echo "${servise}" "${service}" "${HOME}" "${x:-y}"
      x=1; echo "${x}"
      ```

      ```sql {#b on=db}
      SELECT ${sevice}
      ```

      ```compose {#c}
      ps ${serrvice}
      ```
      """)
    #expect(
      page.lines == [
        "6:27 error RB0209: 'servce' is no parameter, output or answer of this page (did you mean '${service}'?)",
        "6:40 error RB0209: 'environmnt' is no parameter, output or answer of this page (did you mean '${environment}'?)",
        "7:15 error RB0209: 'run_idd' is no parameter, output or answer of this page (did you mean '${run_id}'?)",
        "8:7 error RB0209: 'servise' is no parameter, output or answer of this page (did you mean '${service}'?)",
        "13:8 error RB0209: 'sevice' is no parameter, output or answer of this page (did you mean '${service}'?)",
        "17:4 error RB0209: 'serrvice' is no parameter, output or answer of this page (did you mean '${service}'?)",
      ])
  }

  @Test func `an output exists from its step on, not before`() {
    let page = CompiledPage(
      body: """
        ```bash {#early}
        echo "${version}"
        ```

        ```bash {#build undo=unbuild}
        #| outputs: [version]
        echo "${version}"
        ```

        ```bash {#use}
        echo "${version}"
        ```

        ```bash {#unbuild .undo}
        #| outputs: [undone]
        echo "${version}" "${later}"
        ```

        ```bash {#last}
        #| outputs: [later]
        echo "${undone}"
        ```
        """)
    #expect(
      page.lines == [
        "5:7 error RB0210: '${version}' comes from 'build' on line 8, which runs later",
        "10:7 error RB0210: '${version}' is what this step itself gives",
        "19:20 error RB0210: '${later}' comes from 'last' on line 22, which runs later",
        "24:7 error RB0210: '${undone}' comes from 'unbuild', a .undo step that may never run",
      ])
  }

  @Test func `needs decide what is early`() {
    let page = CompiledPage(
      body: """
        ```bash {#use needs=give}
        echo "${version}"
        ```

        ```bash {#give needs=""}
        #| outputs: [version]
        ls
        ```
        """)
    #expect(page.lines == [])
    #expect(page.step("use")?.uses == ["version"])
  }

  @Test func `secrets go by env only, and no filter sees them`() {
    let page = CompiledPage(
      """
      ---
      runbook: 1
      parameters:
        token: {type: secret, from: 'env:TOKEN'}
      ---
      ```bash {#a}
      #| if: $token == "x"
      echo "${token}"
      ```

      ```bash {#b env=token}
      #| outputs: {key: {filter: .stdout, secret: true}}
      echo "${token}"
      ```

      ```bash {#c if="$key != null"}
      ls
      ```
      """)
    #expect(
      page.lines == [
        "7:8 error RB0402: a filter cannot see the secret 'token' (what filters see is stored with the run)",
        "8:7 error RB0402: the secret '${token}' is handed over by 'env' only (add 'env: [token]' to the step)",
        "16:17 error RB0402: a filter cannot see the secret 'key' (what filters see is stored with the run)",
      ])
  }

  @Test func `a parameter that nothing uses is a warning`() {
    let page = CompiledPage(
      """
      ---
      runbook: 1
      parameters:
        used: {type: string, default: a}
        unused: {type: string, default: a}
        filtered: {type: string, default: a}
      ---
      ```bash {#a if='$filtered == "a"'}
      echo "${used}"
      ```
      """)
    #expect(page.lines == ["5:3 warning RB0211: nothing uses the parameter 'unused'"])
  }
}
