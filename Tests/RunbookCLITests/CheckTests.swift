import RunbookModel
import Testing

@Suite(.serialized) struct CheckTests {
  /// Ten mistakes, none of which hides another.
  private static let mistakes = """
    1. A typo in an attribute.

       ```bash {#one timeot=5s}
       true
       ```

    2. In a language.

       ```bsah {#two}
       true
       ```

    3. In an id.

       ```bash {#three needs=oen}
       true
       ```

    4. A cycle.

       ```bash {#four needs=five}
       true
       ```

       ```bash {#five needs=four}
       true
       ```

    5. An output before it exists.

       ```bash {#six needs=""}
       echo "${later}"
       ```

       ```bash {#seven}
       #| outputs: {later: .stdout}
       echo x
       ```

    6. jq.

       ```bash {#eight}
       #| expect: .exit ==
       true
       ```

    7. A name that nobody declared.

       ```bash {#nine}
       echo "${nobody}"
       ```

    8. A placeholder.

       ```bash {#ten}
       ping <backend-host>
       ```

    9. Never closed.

       ```bash {#eleven}
       true
    """

  private static let places = [
    "9:18 RB0307", "15:7 RB0405", "21:26 RB0203", "27:25 RB0204", "38:10 RB0210", "49:22 RB0503",
    "56:10 RB0209", "62:9 RB0404", "67:4 RB0104",
  ]

  @Test func `one check names every mistake with its place, its reason and the remedy`() async throws {
    let scene = try Scene(Self.mistakes)
    let check = try await scene.runbook("check", "page")
    #expect(check.code == 3)
    let errors = check.output.split(separator: "\n").filter { $0.contains(": error: ") }
    let places = errors.compactMap { line -> String? in
      let parts = line.split(separator: ":")
      guard let code = line.split(separator: "[").last?.dropLast() else { return nil }
      return parts[0].hasSuffix("runbooks/page.md") ? "\(parts[1]):\(parts[2]) \(code)" : nil
    }
    #expect(places == Self.places, "\(check.output)")
    let shown = """
       9 |    ```bash {#one timeot=5s}
         |                  ^^^^^^
         = note: did you mean 'timeout'?
      """
    #expect(check.output.contains(shown), "\(check.output)")
    for words in [
      "did you mean 'bash'?", "did you mean 'one'?", "'four' needs 'five' needs 'four'", "runs later",
      "jq refuses this filter", "'nobody' is no parameter", "'<backend-host>' is a placeholder",
      "the fence is never closed",
    ] {
      #expect(check.output.contains(words), "\(words) is not in: \(check.output)")
    }
  }

  @Test func `the same as one JSON document`() async throws {
    let scene = try Scene(Self.mistakes)
    let check = try await scene.runbook("check", "page", "--format", "json")
    #expect(check.code == 3)
    let document = try JSONValue(parsing: Array(check.output.utf8))
    #expect(document["errors"] == .integer(9))
    guard case .array(let diagnostics)? = document["diagnostics"] else {
      throw Unexpected(text: check.output)
    }
    let places = diagnostics.map {
      "\($0["line"]?.text ?? ""):\($0["column"]?.text ?? "") \($0["code"]?.string ?? "")"
    }
    #expect(places == Self.places)
  }

  @Test func `an invalid page does not run, and says why as check does`() async throws {
    let scene = try Scene(Self.mistakes)
    let run = try await scene.run("--yes")
    #expect(run.code == 3)
    #expect(run.output == "")
    #expect(run.errors.contains("page.md:9:18: error: no attribute is named 'timeot' [RB0307]"))
    #expect(!scene.exists("store/journal"))
  }

  @Test func `lists, finds and shows pages`() async throws {
    let scene = try Scene([
      "page": page("```bash {#one effect=read}\ntrue\n```", front: "alerts: [PostgresDown]\n"),
      "other": page("```bash {#one effect=read}\ntrue\n```"),
      "broken": page("```bash {#one effect=read}\ntrue\n```", front: "severty: SEV1\n"),
    ])
    let list = try await scene.runbook("list")
    #expect(list.code == 0)
    #expect(
      list.output == """
        broken  (invalid: runbook check broken)
        other   Under test
        page    Under test

        """)
    let found = try await scene.runbook("find", "--alert", "PostgresDown")
    #expect(found.code == 0)
    #expect(found.output.hasPrefix("page ") && !found.output.contains("other"), "\(found.output)")
    #expect(try await scene.runbook("find", "--alert", "Nothing").code == 1)
    let shown = try await scene.runbook("show", "page")
    #expect(shown.code == 0 && shown.output == scene.text("runbooks/page.md"))
    let unknown = try await scene.runbook("show", "pgae")
    #expect(unknown.code == 3 && unknown.errors.contains("no runbook is named 'pgae'"))
  }

  @Test func `a name never leaves its folder`() async throws {
    let scene = try Scene("```bash {#one effect=read}\ntrue\n```")
    try scene.write(page("```bash {#one effect=read}\ntrue\n```"), to: "outside.md")
    #expect(try await scene.runbook("run", "../outside", "--dir", "runbooks", "--env", "test").code == 3)
    #expect(!scene.exists("store/journal"))
  }

  @Test func `draws the graph as Mermaid and as DOT`() async throws {
    let scene = try Scene(
      """
      ```bash {#look effect=read}
      true
      ```

      ```bash {#act undo=back}
      true
      ```

      ```bash {#back .undo}
      true
      ```
      """)
    let mermaid = try await scene.runbook("graph", "page", "--env", "test")
    #expect(mermaid.code == 0)
    #expect(
      mermaid.output == """
        flowchart TD
          s_look["look<br/>read on local"]
          s_act(["act<br/>write on local"])
          s_back(["back<br/>write on local"])
          s_look --> s_act
          s_act -. undo .-> s_back

        """, "\(mermaid.output)")
    let dot = try await scene.runbook("graph", "page", "--env", "test", "--as", "dot")
    #expect(dot.code == 0 && dot.output.hasPrefix("digraph"), "\(dot.output)\(dot.errors)")
  }

  @Test func `a plan is run as it was made, or not at all`() async throws {
    let scene = try Scene("```bash {#act}\ntouch made\n```")
    let planned = try await scene.runbook("plan", "page", "--env", "test", "-o", "plan.json")
    #expect(planned.code == 0, "\(planned.errors)")
    #expect(!scene.exists("made"))
    let run = try await scene.runbook("run", "plan.json", "--yes")
    #expect(run.code == 0, "\(run.errors)")
    #expect(scene.exists("made"))
    try scene.write(scene.text("runbooks/page.md") + "\nOne more word.\n", to: "runbooks/page.md")
    let changed = try await scene.runbook("run", "plan.json", "--yes")
    #expect(changed.code == 6)
    #expect(changed.errors.contains("the page") && changed.errors.contains("changed; plan again"))
  }

  private static let approved = """
    ```bash {#look effect=read}
    true
    ```

    ```bash {#act effect=destructive}
    echo "$who" > made
    ```

    ```bash {#after}
    touch after
    ```
    """

  @Test(arguments: [
    ("\"effect\":\"destructive\"", "\"effect\":\"read\"", "'effect' of the step 'act'"),
    ("made\\n", "other\\n", "'action' of the step 'act'"),
    ("\"protected\":true", "\"protected\":false", "'protected' of the environment"),
    ("\"confirm\":\"always\"", "\"confirm\":\"never\"", "'confirm' of the environment"),
    (
      "\"targets\":[]", "\"targets\":[{\"name\":\"x\",\"type\":\"http\",\"settings\":{}}]",
      "'targets' of the environment"
    ),
    ("\"title\":\"Under test\"", "\"title\":\"Harmless\"", "'title' of the runbook"),
    ("\"id\":\"look\"", "\"id\":\"see\"", "the list of steps"),
    ("\"needs\":[]", "\"needs\":[\"after\"]", "'needs' of the step 'look'"),
    ("\"timeout_ms\":60000", "\"timeout_ms\":-5", "'timeout_ms' of the step 'look'"),
  ])
  func `a plan file cannot loosen what its page and its environment say`(
    found: String, put: String, place: String
  ) async throws {
    let scene = try Scene(
      Self.approved, front: "parameters: {who: {type: string, default: me}}\n",
      environment: "protected: true\npolicy: {confirm: always}\n")
    let planned = try await scene.runbook("plan", "page", "--env", "test", "-p", "who=you", "-o", "plan.json")
    #expect(planned.code == 0, "\(planned.errors)")
    let text = try JSONValue(parsing: Array(scene.text("plan.json").utf8)).text
    let parts = text.split(separator: found, maxSplits: 1, omittingEmptySubsequences: false)
    try #require(parts.count == 2, "\(found) is not in \(text)")
    try scene.write(parts.joined(separator: put), to: "plan.json")
    let run = try await scene.runbook("run", "plan.json", "--yes", "--confirm", "act")
    #expect(
      run.errors == """
        runbook: the plan is not run, because it is not what its page and environment make: \(place); plan again

        """)
    #expect(run.code == 6 && run.output == "")
    #expect(!scene.exists("made") && !scene.exists("other") && !scene.exists("store/journal"))
  }

  @Test func `a plan file brings its parameters and its selection, and no environment from elsewhere`()
    async throws
  {
    let scene = try Scene(Self.approved, front: "parameters: {who: {type: string, default: me}}\n")
    let planned = try await scene.runbook(
      "plan", "page", "--env", "test", "-p", "who=you", "--only", "act", "-o", "plan.json")
    #expect(planned.code == 0, "\(planned.errors)")
    let run = try await scene.runbook("run", "plan.json", "--confirm", "act")
    #expect(run.code == 0, "\(run.errors)")
    #expect(scene.text("made") == "you\n" && !scene.exists("after"))
    try scene.write(scene.text("runbooks/environments/test.yaml"), to: "loose.yaml")
    let text = try JSONValue(parsing: Array(scene.text("plan.json").utf8)).text
    let parts = text.split(separator: "\"name\":\"test\"", omittingEmptySubsequences: false)
    try #require(parts.count == 2)
    try scene.write(parts.joined(separator: "\"name\":\"../../loose\""), to: "plan.json")
    let elsewhere = try await scene.runbook("run", "plan.json", "--confirm", "act")
    #expect(elsewhere.code == 3, "\(elsewhere.errors)")
    #expect(elsewhere.errors.contains("no environment is named '../../loose'"))
  }

  @Test(arguments: [
    ("---\nrunbook: 1\ntitle: x\n```bash {#a effect=read}\ntrue\n```\n", "the front matter is never closed"),
    ("intro\n\n---\nrunbook: 1\ntitle: x\n---\n", nil),
    ("\n---\nrunbook: 1\ntitle: x\n---\n", "front matter has to begin in the first line"),
    ("--- runbook: 1 title: x --- ```bash {#a effect=read} true ``` ", "the whole file is one line"),
  ])
  func `a page whose form keeps it from being a runbook is an error, not left out`(
    text: String, message: String?
  ) async throws {
    let scene = try Scene(["broken": text, "good": page("```bash {#a effect=read}\ntrue\n```")])
    for names in [[], ["broken"]] {
      let check = try await scene.start(["check"] + names).ended()
      #expect(check.code == (message == nil && names.isEmpty ? 0 : 3), "\(check.output)")
      #expect(message.map { check.output.contains($0) } ?? true, "\(check.output)\(check.errors)")
    }
    let list = try await scene.runbook("list")
    #expect(list.output.contains("broken  (invalid: runbook check broken)") == (message != nil))
    let plan = try await scene.runbook("plan", "broken", "--env", "test")
    #expect(plan.code == 3 && plan.errors.contains(message ?? "is a page, no runbook"), "\(plan.errors)")
  }

  @Test func `usage errors end with 64, help and completions with 0`() async throws {
    let scene = try Scene("```bash {#act}\ntouch made\n```")
    for arguments in [
      ["runn"], ["run"], ["run", "page", "--env", "test", "--bogus"],
      ["run", "page", "--env", "test", "-p", "x"],
      ["run", "page", "--env", "test", "--confirm", "nobody"], ["check", "--format", "xml"],
    ] {
      let ended = try await scene.start(arguments).ended()
      #expect(ended.code == 64, "\(arguments): \(ended.errors)")
      #expect(ended.output == "" && !ended.errors.isEmpty)
    }
    let typo = try await scene.runbook("lsit")
    #expect(typo.errors == "runbook: no command is named 'lsit'; did you mean 'list'?\n")
    let unknown = try await scene.runbook("frobnicate", "--help")
    #expect(unknown.code == 64 && unknown.output == "")
    #expect(try await scene.runbook("help", "run").code == 0)
    let help = try await scene.runbook("--help")
    #expect(help.code == 0)
    for command in [
      "list", "find", "show", "check", "plan", "graph", "run", "history", "log", "report", "doctor",
      "completions",
    ] {
      #expect(help.output.contains("  \(command) "), "\(command) is not in the help")
      let own = try await scene.runbook(command, "--help")
      #expect(own.code == 0 && own.output.contains("EXAMPLES:"), "\(command) --help: \(own.output)")
    }
    for shell in ["bash", "zsh", "fish"] {
      let script = try await scene.runbook("completions", shell)
      #expect(script.code == 0 && script.output.contains("runbook") && script.output.contains("history"))
    }
    #expect(!scene.exists("store/journal"))
  }

  @Test func `wrong parameters and environments are refused before anything runs`() async throws {
    let scene = try Scene(
      "```bash {#act}\necho \"$size\" > made\n```", front: "parameters: {size: {type: integer, maximum: 9}}\n"
    )
    #expect(try await scene.run("--yes").code == 3)
    #expect(try await scene.run("--yes", "-p", "size=ten").code == 3)
    #expect(try await scene.run("--yes", "-p", "size=10").code == 3)
    #expect(try await scene.run("--yes", "-p", "size=1", "-p", "seize=1").code == 3)
    #expect(try await scene.runbook("run", "page", "--env", "nowhere", "-p", "size=1").code == 3)
    #expect(!scene.exists("made"))
    #expect(try await scene.run("--yes", "-p", "size=7").code == 0)
    #expect(scene.text("made") == "7\n")
  }
}
