import Glibc
import RunbookModel
import Testing

@Suite(.serialized) struct TerminalRunTests {
  private static let two = """
    ```bash {#one undo=un-one}
    #| confirm: Really make one?
    touch one
    ```

    ```bash {#un-one .undo}
    rm one; touch un-one
    ```

    ```bash {#two}
    #| confirm: And two?
    touch two
    ```
    """

  @Test func `asks with number, target, program, effect and way back, and y runs it`() async throws {
    let scene = try Scene(Self.two)
    let session = try scene.runAtTerminal()
    try await session.sees("▸ [1/2] one #one")
    try await session.sees("write · this machine")
    try await session.sees("$ touch one")
    try await session.sees("undo: ")
    #expect(!scene.exists("one"))
    try await session.answer("? Really make one?", key: "y")
    try await session.sees("✓ ok in ")
    try await session.sees("undo: none")
    try await session.answer("? And two?", key: "y")
    try await session.sees("completed")
    #expect(try await session.ended().code == 0)
    #expect(session.terminal.isRestored)
    #expect(scene.exists("one") && scene.exists("two"))
    let events = try await scene.events()
    #expect(events.values("source", of: "confirm.answered") == ["person", "person"])
    #expect(events.values("answer", of: "confirm.answered") == ["run", "run"])
  }

  @Test func `s skips, e shows everything, b shows the plan, another key does nothing`() async throws {
    let scene = try Scene(Self.two)
    let session = try scene.runAtTerminal()
    try await session.answer("? Really make one?", key: "x")
    try await session.sees("\u{07}")
    session.terminal.type("e")
    try await session.sees("timeout: 1 min 0 s")
    try await session.answer("? Really make one?", key: "b")
    try await session.sees("asks from 'write' on")
    try await session.answer("? Really make one?", key: "s")
    try await session.answer("? And two?", key: "y")
    #expect(try await session.ended().code == 0)
    #expect(!scene.exists("one") && scene.exists("two"))
    #expect(session.terminal.isRestored)
    #expect(try await scene.events().values("answer", of: "confirm.answered") == ["skip", "run"])
  }

  @Test func `what is pasted answers nothing`() async throws {
    let scene = try Scene(Self.two)
    let session = try scene.runAtTerminal()
    try await session.answer("? Really make one?", key: "yesterday I said no\r")
    for pasted in ["kubectl apply -f -\r", "yy", "\u{1b}[200~y\u{1b}[201~"] {
      try await session.sees("\u{07}")
      session.terminal.type(pasted)
    }
    try await Task.sleep(for: .milliseconds(500))
    #expect(!scene.exists("one"))
    session.terminal.type("s")
    // A line end behind the key is the habit of many.
    try await session.answer("? And two?", key: "y\r")
    #expect(try await session.ended().code == 0, "\(session.terminal.screen)")
    #expect(!scene.exists("one") && scene.exists("two") && session.terminal.isRestored)
    #expect(try await scene.events().values("answer", of: "confirm.answered") == ["skip", "run"])
  }

  @Test func `q declines with 4, and the log says who and where`() async throws {
    let scene = try Scene(Self.two)
    let session = try scene.runAtTerminal()
    try await session.answer("? Really make one?", key: "y")
    try await session.answer("? And two?", key: "q")
    #expect(try await session.ended().code == 4)
    #expect(session.terminal.isRestored)
    #expect(scene.exists("one") && !scene.exists("two"))
    #expect(try await scene.newest()["status"]?.string == "declined")
    let log = try await scene.runbook("log", try await scene.newestRun())
    #expect(
      log.output.contains("? [2/2] two: And two?") && log.output.contains("  › stop\n"), "\(log.output)")
  }

  @Test func `u takes back what was done so far`() async throws {
    let scene = try Scene(Self.two)
    let session = try scene.runAtTerminal("--yes", "--only", "one", "--only", "two", "--confirm", "un-one")
    let ended = try await session.ended()
    #expect(ended.code == 0)
    let asking = try Scene(Self.two)
    let second = try asking.runAtTerminal()
    try await second.answer("? Really make one?", key: "y")
    try await second.answer("? And two?", key: "u")
    try await second.answer("un-one", key: "y")
    #expect(try await second.ended().code == 4, "\(second.terminal.screen)")
    #expect(!asking.exists("one") && asking.exists("un-one") && !asking.exists("two"))
    #expect(second.terminal.isRestored)
  }

  @Test func `a destructive step wants its target's name, letter by letter`() async throws {
    let scene = try Scene("```bash {#drop effect=destructive}\ntouch dropped\n```")
    let session = try scene.runAtTerminal()
    try await session.answer("type 'local' to run, or", line: "y")
    #expect(!scene.exists("dropped"))
    try await session.answer("type 'local' to run, or", line: "locale")
    try await session.answer("type 'local' to run, or", line: "local")
    #expect(try await session.ended().code == 0, "\(session.terminal.screen)")
    #expect(scene.exists("dropped") && session.terminal.isRestored)
    let protected = try Scene(
      "```bash {#drop effect=destructive}\ntouch dropped\n```", environment: "protected: true\n")
    let second = try protected.runAtTerminal()
    try await second.answer("type 'test/local' to run, or", line: "local")
    try await second.answer("type 'test/local' to run, or", line: "q")
    #expect(try await second.ended().code == 4)
    #expect(!protected.exists("dropped"))
  }

  @Test func `manual steps want their note, questions a valid answer`() async throws {
    let scene = try Scene(
      """
      - [ ] The dashboard is green. <!-- #dashboard evidence -->

      ```ask {#amount}
      question: How many?
      type: integer
      ```

      ```bash {#use effect=read}
      printf '%s' "$amount" > amount
      ```

      - [ ] Tell the team. <!-- #tell -->
      """)
    let session = try scene.runAtTerminal()
    try await session.answer("[d] done", key: "d")
    try await session.answer("what did you see?", line: "   ")
    try await session.answer("what did you see?", line: "all green; <b>twice</b>")
    try await session.answer("How many?", line: "many")
    try await session.answer("How many?", line: "12")
    try await session.answer("[d] done", key: "s")
    try await session.answer("why is it skipped?", line: "nobody is there")
    #expect(try await session.ended().code == 0, "\(session.terminal.screen)")
    #expect(scene.text("amount") == "12" && session.terminal.isRestored)
    let run = try await scene.newestRun()
    let log = try await scene.runbook("log", run)
    #expect(log.output.contains("› done: all green; <b>twice</b>"), "\(log.output)")
    #expect(log.output.contains("› 12") && log.output.contains("› skipped: nobody is there"))
    let report = try await scene.runbook("report", run)
    #expect(report.output.contains("all green; &lt;b&gt;twice&lt;/b&gt;"))
  }

  @Test func `after a failure r tries again, d needs a note, s goes on`() async throws {
    let scene = try Scene(
      """
      ```bash {#first effect=read}
      echo x >> tries; test "$(wc -l < tries)" -gt 1
      ```

      ```bash {#second effect=read}
      exit 7
      ```

      ```bash {#third effect=read}
      exit 8
      ```

      ```bash {#fourth effect=read needs=second}
      touch reached
      ```
      """)
    let session = try scene.runAtTerminal()
    try await session.answer("? 'first' failed. What now?", key: "r")
    try await session.answer("? 'second' failed. What now?", key: "d")
    try await session.answer("how do you know?", line: "")
    try await session.answer("how do you know?", line: "saw it myself")
    try await session.answer("? 'third' failed. What now?", key: "s")
    #expect(try await session.ended().code == 0, "\(session.terminal.screen)")
    #expect(scene.exists("reached") && scene.text("tries") == "x\nx\n")
    #expect(session.terminal.isRestored)
    let events = try await scene.events()
    #expect(events.values("answer", of: "failure.answered") == ["retry", "done", "skip"])
    #expect(events.values("note", of: "failure.answered").contains("saw it myself"))
    #expect(events.of("step.intent", "first").count == 2)
  }

  @Test func `after a failure u takes back to the start and q stops`() async throws {
    let page = """
      ```bash {#make undo=remove}
      touch made
      ```

      ```bash {#remove .undo}
      rm made
      ```

      ```bash {#fail effect=read}
      exit 7
      ```
      """
    let scene = try Scene(page)
    let undo = try scene.runAtTerminal("--yes")
    try await undo.answer("? 'fail' failed. What now?", key: "u")
    #expect(try await undo.ended().code == 2, "\(undo.terminal.screen)")
    #expect(!scene.exists("made") && undo.terminal.isRestored)
    let stop = try scene.runAtTerminal("--yes")
    try await stop.answer("? 'fail' failed. What now?", key: "q")
    let ended = try await stop.ended()
    #expect(ended.code == 1 || ended.code == 4, "\(ended.code) \(stop.terminal.screen)")
    #expect(scene.exists("made"))
  }

  @Test func `an interactive step has the terminal, and gives it back`() async throws {
    let scene = try Scene(
      """
      ```bash {#talk effect=read}
      #| interactive: true
      test -t 0 && test -t 1 && read -r -p 'your name: ' name && printf '%s' "$name" > name
      ```
      """)
    let session = try scene.runAtTerminal()
    try await session.sees("your name: ")
    session.terminal.type("Ada\r")
    #expect(try await session.ended().code == 0, "\(session.terminal.screen)")
    #expect(scene.text("name") == "Ada" && session.terminal.isRestored)
    let unattended = try await scene.run()
    #expect(unattended.code == 4 && unattended.errors.contains("talk"))
  }

  @Test func `an interactive step shows what it likes, and the log gets it masked`() async throws {
    let scene = try Scene(
      """
      ```bash {#talk effect=read}
      #| {interactive: true, env: {T: '${token}'}}
      printf 'raw %s \\033[1mbold\\n' "$T"; read -r answer
      ```
      """, front: "parameters: {token: {type: secret, from: 'env:TOKEN'}}\n",
      variables: ["TOKEN=zebra-4711-zulu"])
    let session = try scene.runAtTerminal()
    try await session.sees("raw zebra-4711-zulu \u{1b}[1mbold")
    session.terminal.type("\r")
    #expect(try await session.ended().code == 0, "\(session.terminal.screen)")
    #expect(!scene.storeHolds("zebra-4711-zulu") && scene.storeHolds("raw *** "))
  }

  @Test func `NO_COLOR leaves no colour, and a step's escape sequences are inert`() async throws {
    let body = "```bash {#one effect=read}\nprintf '\\033[31mred\\033]0;title\\007\\n'\n```"
    let colored = try Scene(body)
    let session = try colored.runAtTerminal()
    #expect(try await session.ended().code == 0)
    #expect(session.terminal.screen.contains("\u{1b}[1m▸ [1/1] one"), "\(session.terminal.screen)")
    #expect(session.terminal.screen.contains("<U+001B>[31mred<U+001B>]0;title<U+0007>"))
    #expect(!session.terminal.screen.contains("\u{1b}]0;"))
    let plain = try Scene(body, variables: ["NO_COLOR=1"])
    let second = try plain.runAtTerminal()
    #expect(try await second.ended().code == 0)
    #expect(second.terminal.screen.contains("▸ [1/1] one") && !second.terminal.screen.contains("m▸"))
    #expect(!second.terminal.screen.contains("\u{1b}[31") && !second.terminal.screen.contains("\u{1b}[32m"))
  }
}
