import RunbookDiagnostics
import RunbookModel
import Testing

@Suite struct LanguageTests {
  @Test func `languages are named, kept for later, or noted as documentation`() {
    let page = CompiledPage(
      body: """
        ```bahs {#a}
        ```

        ```shell {#b}
        ```

        ```runbook {#c}
        ```

        ```fortran {#d}
        ```

        ```pyhton {timeout=5s}
        ```

        ```js {1,3}
        ```

        ```bash {timeout=5s}
        ```

        ```bash
        ls
        ```

        ```bash {linenos=true}
        ls
        ```

        ```yaml
        ```

        ``` {#e}
        ```

        ``` {.bash}
        ls
        ```

        ```sh { "id": "01H" }
        ls
        ```
        """)
    #expect(
      page.lines == [
        "4:4 error RB0405: no step has the language 'bahs' (did you mean 'bash'?)",
        "7:4 error RB0405: no step has the language 'shell' (did you mean 'bash'?)",
        "10:4 error RB0406: steps of language 'runbook' are kept for a later version",
        "13:4 error RB0405: no step has the language 'fortran' (languages are bash, compose, http, python, redis, sh, sql, ask, wait)",
        "16:4 error RB0405: no step has the language 'pyhton' (did you mean 'python'?)",
        "22:9 error RB0207: a step needs an id (begin the list with '#name')",
        "25:4 note RB0407: this fence is documentation: it has no id (bash {#name} would make it a step)",
        "29:4 note RB0407: this fence is documentation: it has no id (bash {#name} would make it a step)",
        "36:1 error RB0405: a step's fence begins with its language (languages are bash, compose, http, python, redis, sh, sql, ask, wait)",
        "39:5 error RB0303: attributes in Pandoc's form (write 'bash {#name}')",
        "43:7 error RB0303: attributes in runme's form (write 'sh {#01h}')",
      ])
  }

  @Test func `another tool's fence is told how to be a step`() {
    let page = CompiledPage(
      body: """
        ```sh { "id": "01HF7B0KJ", "name": "List all files" }
        ls
        ```

        ``` {.python #list timeout=5s}
        print(1)
        ```
        """)
    #expect(
      page.lines == [
        "4:7 error RB0303: attributes in runme's form (write 'sh {#list-all-files}')",
        "8:5 error RB0303: attributes in Pandoc's form (write 'python {#list timeout=5s}')",
      ])
  }

  @Test func `strict makes errors of forgotten ids and of warnings`() {
    let body = """
      ```bash
      ls
      ```

      ```bash {#x .undo}
      ls
      ```
      """
    #expect(CompiledPage(body: body).diagnostics.map(\.severity) == [.note, .warning])
    #expect(CompiledPage(body: body, isStrict: true).diagnostics.map(\.severity) == [.error, .error])
    #expect(CompiledPage(body: body).runbook != nil)
    #expect(CompiledPage(body: body, isStrict: true).runbook == nil)
  }

  @Test func `questions are read with their type, pauses with their length`() throws {
    let page = CompiledPage(
      body: """
        ```ask {#which-host}
        question: Which host, after ${run_id}?
        choices: [web-1, web-2]
        default: web-2
        ```

        ```ask {#count}
        question: How many?
        type: integer
        minimum: 1
        ```

        ```wait {#pause if="$count > 1"}
        1m30s
        ```

        ```bash {#use}
        echo "${which_host}" "${count}"
        ```
        """)
    #expect(page.lines == [])
    var host = ParameterType(.choice)
    host.choices = ["web-1", "web-2"]
    var count = ParameterType(.integer)
    count.minimum = "1"
    #expect(
      page.step("which-host")?.action
        == .ask(
          Question(text: Template("Which host, after ${run_id}?"), type: host, defaultValue: "web-2")))
    #expect(
      page.step("count")?.action
        == .ask(Question(text: Template("How many?"), type: count, defaultValue: nil)))
    #expect(page.step("pause")?.action == .wait(milliseconds: 90_000))
    #expect(page.step("use")?.uses == ["count", "which_host"])
  }

  @Test func `wrong questions and pauses are named`() {
    let page = CompiledPage(
      body: """
        ```ask {#a}
        ```

        ```ask {#b}
        qestion: x
        ```

        ```ask {#c}
        question: ${nobody}?
        choices: [x]
        default: y
        ```

        ```ask {#1st}
        question: x
        ```

        ```wait {#d}
        ```

        ```wait {#e}
        soon
        ```

        ```wait {#f}
        ${grace}
        ```
        """)
    #expect(
      page.lines == [
        "4:10 error RB0401: the step asks nothing (its body is YAML: 'question: …')",
        "8:1 error RB0122: a question has no key 'qestion' (did you mean 'question'?)",
        "8:1 error RB0123: the step asks nothing (add 'question: …')",
        "12:11 error RB0209: 'nobody' is no parameter, output or answer of this page",
        "14:10 error RB0430: the default of 'the answer' must be one of 'x'",
        "17:10 error RB0202: the answer would be '${1st}', which is no name (names are lower-case letters, digits and '_', beginning with a letter)",
        "21:11 error RB0401: a 'wait' holds one duration (durations are written as 500ms, 30s, 5m, 1h30m)",
        "25:1 error RB0430: a 'wait' holds one duration, not 'soon' (durations are written as 500ms, 30s, 5m, 1h30m)",
        "29:1 error RB0430: a 'wait' holds one duration, not '${grace}' (durations are written as 500ms, 30s, 5m, 1h30m)",
      ])
  }

  @Test func `placeholders in commands are errors, redirections and documents are not`() {
    let page = CompiledPage(
      body: """
        ```bash {#a}
        curl http://<backend-host>/x
        cat <input.txt >output.txt
        sort < in > out
        diff <(ls a) <(ls b)
        cat <<EOF
        <html-page>
        EOF
        [[ a < b && c > d ]] # <none-of-this>
        echo "<b>bold</b>" "<your-token>"
        ```

        ```http {#b on=api}
        POST /users/<user-id>
        Content-Type: text/html

        <html-page></html-page>
        ```
        """)
    #expect(
      page.lines.filter { $0.contains("RB0404") } == [
        "5:13 error RB0404: '<backend-host>' is a placeholder that nobody filled in (make it a parameter and write '${backend_host}'; a shell reads this as a redirection; if one is meant, put a blank behind '<')",
        "13:21 warning RB0404: '<your-token>' is a placeholder that nobody filled in (make it a parameter and write '${your_token}')",
        "17:13 error RB0404: '<user-id>' is a placeholder that nobody filled in (make it a parameter and write '${user_id}')",
      ])
  }
}
