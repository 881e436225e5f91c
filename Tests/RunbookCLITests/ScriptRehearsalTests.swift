import Testing

/// What a dry run says of scripts: never that one fails which runs.
@Suite(.serialized) struct ScriptRehearsalTests {
  @Test(arguments: [
    "function foo { echo hi; }\nfoo\nfunction bar() { :; }\nbar",
    "x=a\nif [[ $x =~ ^(a|bq)$ ]]; then echo ok; fi",
    "[[ ( -f /etc/passwd || -d zzz ) && ! ( -e qq ) ]] && echo ok",
    "for ((i=0;i<3;i++)); do echo $i; done",
    "2>/dev/null ls /nowhere || true\n{ echo a; echo b; } >/dev/null 2>&1\nexec 3</dev/null",
    "shopt -s extglob\nx=aab\ncase $x in +(a)b) echo ext;; esac\n[[ $x == @(aab|c) ]] && echo y",
  ])
  func `a script that runs is verified`(script: String) async throws {
    let scene = try Scene("```bash {#act}\n\(script)\n```")
    let rehearsal = try await scene.run("--dry-run")
    #expect(rehearsal.code == 0, "\(rehearsal.output)")
    #expect(rehearsal.output.contains("✓ verified: bash parses it"), "\(rehearsal.output)")
    #expect(try await scene.run("--yes").code == 0)
  }

  @Test(arguments: [
    ("source ./lib.sh\nlib_do", "not found, as far as reading the script tells: 'lib_do'"),
    ("if test -e /nowhere; then frobnicate; fi", "'frobnicate'"),
    ("frobnicate || true", "'frobnicate'"),
    ("printf 'echo made\\n' > tool; chmod +x tool; PATH=$PATH:. tool; ./other || true", "'tool', './other'"),
    ("set -- a b\necho $@", "shellcheck finds an error"),
  ])
  func `what cannot be told of a script is no failure`(script: String, doubt: String) async throws {
    let scene = try Scene("```bash {#act}\n\(script)\n```")
    try scene.write("lib_do() { :; }\n", to: "lib.sh")
    let rehearsal = try await scene.run("--dry-run")
    #expect(rehearsal.code == 5, "\(rehearsal.output)")
    #expect(rehearsal.output.contains("? unverifiable: "), "\(rehearsal.output)")
    #expect(rehearsal.output.contains(doubt), "\(rehearsal.output)")
    #expect(try await scene.run("--yes").code == 0)
  }

  @Test(arguments: [
    ("frobnicate now", "'frobnicate' is not on PATH"), ("if true; then", "bash does not parse it"),
    ("case x in +(a)b) :;; esac", "bash does not parse it"),
  ])
  func `what surely keeps a script from running is one`(script: String, reason: String) async throws {
    let scene = try Scene("```bash {#act}\n\(script)\n```")
    let rehearsal = try await scene.run("--dry-run")
    #expect(rehearsal.code == 1, "\(rehearsal.output)")
    #expect(rehearsal.output.contains(reason), "\(rehearsal.output)")
    #expect(try await scene.run("--yes").code == 1)
  }

  @Test func `parsing a script runs nothing that its variables name`() async throws {
    let scene = try Scene(
      """
      ```python {#snake}
      #| env: {PYTHONPATH: hooks, PYTHONSTARTUP: hooks/sitecustomize.py}
      print("hi")
      ```

      ```bash {#shell}
      #| env: {BASH_ENV: hooks/env.sh, SHELLCHECK_OPTS: --nonsense}
      true
      ```
      """)
    let pages = scene.text("runbooks/page.md").replacing("hooks", with: scene.folder)
    try scene.write(pages, to: "runbooks/page.md")
    try scene.write("open('\(scene.path("ran"))', 'w')\n", to: "sitecustomize.py")
    try scene.write("touch '\(scene.path("ran"))'\n", to: "env.sh")
    let rehearsal = try await scene.run("--dry-run")
    #expect(rehearsal.code == 0, "\(rehearsal.output)")
    #expect(!scene.exists("ran"))
  }
}
