import RunbookSyntax
import Testing

/// What a reader takes for a step or a task, and Markdown does not.
@Suite struct HiddenStepTests {
  @Test func `a fence that is none in Markdown is an error`() {
    let page = runbook(
      """
      <details>
      ```sh {#in-html}
      ls
      ```
      </details>

      - a

            ```sh {#too-deep}
            ls
            ```

      - [ ] ```sh {#on-the-line-of-a-task}

      ```sh {#with-a-backtick confirm="run `ls`?"}
      """)
    #expect(
      diagnostics(of: page) == """
        test.md:5:1: error: this is no step: it stands in HTML [RB0410]
         5 | ```sh {#in-html}
           | ^^^^^^^^^^^^^^^^
           = note: a blank line before it ends the HTML
        test.md:12:7: error: this is no step: it is indented so far that it is shown as code [RB0410]
         12 |       ```sh {#too-deep}
            |       ^^^^^^^^^^^^^^^^^
            = note: indent it as the text of the list item it belongs to
        test.md:16:7: error: this is no step: in Markdown no fence can begin here [RB0410]
         16 | - [ ] ```sh {#on-the-line-of-a-task}
            |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            = note: give it a line of its own, with a blank line before it
        test.md:18:38: error: a backtick in a fence line [RB0302]
         18 | ```sh {#with-a-backtick confirm="run `ls`?"}
            |                                      ^
            = note: Markdown takes no such line for a fence; write the attribute as an option line of the body
        """)
  }

  @Test func `a step inside of another fence is an error, unless that one is longer`() {
    #expect(
      diagnostics(of: runbook("> ```sh {#a}\n> ls\n>\n> ```http {#b}\n> GET /\n> ```\n")) == """
        test.md:7:3: error: a step begins inside the fence of line 4 [RB0411]
         7 | > ```http {#b}
           |   ^^^^^^^^^^^^
           = note: close that one before; a longer fence, ````, can hold others as text
        """)
    #expect(
      diagnostics(of: runbook("````markdown\n```sh {#a}\nls\n```\n````\n\n~~~\n```sh {#a}\n~~~\n")) == "")
    #expect(diagnostics(of: runbook("```sh {#a}\necho '```js'\n```\n")) == "")
  }

  @Test func `a checkbox that is none in Markdown is an error`() {
    let message = "RB0414 this is no task item in GitHub's Markdown"
    #expect(
      mistakes(of: runbook("> - [ ] in a quote\n\n- - [x] on the line of a list\n\n- [ ]\n")) == """
        4:5 [ ] in a quote| \(message)
        6:5 [x] on the line of a list| \(message)
        8:3 [ ]| \(message)
        """)
    #expect(diagnostics(of: runbook("- [ ]nothing\n- [link] a\n- [y] b\n\n[ ] c\n")) == "")
  }
}
