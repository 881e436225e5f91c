import RunbookModel
import TestSupport
import Testing

@Suite(.serialized) struct ValueTests {
  /// Programs that fail unless `$text` is exactly the content of the file `value`.
  private static let comparing = """
    ```bash {#in-bash effect=read}
    printf %s "$text" | cmp - value
    ```

    ```sh {#in-sh effect=read}
    printf %s "${text}" | cmp - value
    ```

    ```python {#in-python effect=read}
    #| env: {VALUE: '${text}'}
    import os, sys
    sys.exit(os.environb[b"VALUE"] != open("value", "rb").read())
    ```

    ```bash {#as-option-value effect=read}
    #| env: {VALUE: '${text}'}
    test "$VALUE" = "$text" && printf %s "$VALUE" | sha256sum > digest
    ```
    """

  @Test(arguments: HostileText.all) func `a parameter arrives byte by byte and is never executed`(
    value: HostileText
  ) async throws {
    let scene = try Scene(Self.comparing, front: "parameters: {text: {type: string}}\n")
    try scene.write(value.text, to: "value")
    let run = try await scene.run("-p", "text=\(value.text)")
    #expect(run.code == 0, "\(run.output.suffix(2000))\(run.errors)")
    #expect(!scene.exists("pwned") && scene.exists("digest"))
    #expect(!run.output.contains("\u{1b}"))
    let dry = try await scene.run("-p", "text=\(value.text)", "--dry-run")
    #expect(dry.code == 0 && !scene.exists("pwned"))
  }

  @Test func `a value that no kernel passes on is refused clearly`() async throws {
    let scene = try Scene(
      """
      ```bash {#make effect=read}
      #| outputs: {text: .stdout}
      head -c 200000 /dev/zero | tr '\\0' x
      ```

      ```bash {#take effect=read}
      printf %s "$text" > taken
      ```
      """)
    let run = try await scene.run()
    #expect(run.code != 0 && run.code < 64, "\(run.output.suffix(1000))\(run.errors)")
    #expect(!scene.exists("taken"))
  }

  @Test func `outputs reach later steps, by filter and by file`() async throws {
    let scene = try Scene(
      """
      ```bash {#make effect=read}
      #| outputs: {count: '.stdout | tonumber', words: }
      echo 42; echo "words=a  b 'c' \\$(touch pwned)" >> "$RUNBOOK_OUTPUT"
      ```

      ```bash {#use effect=read}
      #| if: $count == 42
      printf '%s|%s' "$count" "$words" > used
      ```
      """)
    let run = try await scene.run()
    #expect(run.code == 0, "\(run.output)\(run.errors)")
    #expect(scene.text("used") == "42|a  b 'c' $(touch pwned)")
    #expect(!scene.exists("pwned"))
    #expect(run.output.contains("  = count: 42\n"))
  }

  @Test func `an undeclared output fails the step that wrote it`() async throws {
    let scene = try Scene(
      "```bash {#make effect=read}\n#| outputs: {known: }\necho known=1 > \"$RUNBOOK_OUTPUT\"; echo other=1 >> \"$RUNBOOK_OUTPUT\"\n```"
    )
    let run = try await scene.run()
    #expect(run.code == 1)
    #expect(run.output.contains("'other' was written to $RUNBOOK_OUTPUT, but is no declared output"))
  }

  @Test func `a secret is on no screen and in no file of the log`() async throws {
    let secret = "s3cr3t-\(Int.random(in: 100_000_000...999_999_999))"
    let scene = try Scene(
      """
      ```bash {#leak effect=read on-failure=continue}
      #| env: {TOKEN: '${token}'}
      printf '%s' "$TOKEN" | cmp - expected
      echo "the token is $TOKEN"; echo "$TOKEN" >&2
      printf 'user:%s' "$TOKEN" | base64; printf '%s' "$TOKEN" | od -An -v -tx1 | tr -d ' \\n'; exit 3
      ```

      ```bash {#split effect=read}
      #| env: {TOKEN: '${token}'}
      #| outputs: {copy: .stdout}
      printf '%s' "${TOKEN:0:4}"; sleep 0.2; printf '%s\\n' "${TOKEN:4}"
      ```
      """, front: "parameters: {token: {type: secret, from: 'env:SECRET_TOKEN'}}\n",
      variables: ["SECRET_TOKEN=\(secret)"])
    try scene.write(secret, to: "expected")
    for arguments in [[], ["--dry-run"], ["--format", "json"]] {
      let run = try await scene.start(["run", "page", "--env", "test"] + arguments).ended()
      #expect(!run.output.contains(secret) && !run.errors.contains(secret))
      #expect(run.output.contains("the token is ") || arguments.last == "json", "\(run.output)")
      #expect(run.output.contains("exit status 3"), "\(run.output)\(run.errors)")
    }
    #expect(!scene.storeHolds(secret))
    let hexadecimal = secret.utf8.map { String($0, radix: 16) }.joined()
    #expect(!scene.storeHolds(hexadecimal))
    // The bytes are counted as they were written, not as they are masked.
    let split = try #require(try await scene.events().of("step.finished", "split").last)
    #expect(split.text.contains("\"bytes\":\(secret.utf8.count + 1),\"lines\":1"), "\(split.text)")
    #expect(scene.storeHolds("env:SECRET_TOKEN"))
    let run = try await scene.newestRun()
    for arguments in [["log", run, "--output"], ["report", run], ["log", run, "--format", "json"]] {
      #expect(!(try await scene.start(arguments).ended().output.contains(secret)))
    }
  }

  @Test func `what a step promises to produce must be there, and is logged by digest`() async throws {
    let scene = try Scene([
      "page": page("```bash {#dump}\n#| produces: [dump.sql]\numask\nprintf abc > dump.sql\n```"),
      "empty": page("```bash {#dump}\n#| produces: [empty.sql]\ntouch empty.sql\n```"),
    ])
    let run = try await scene.run("--yes")
    #expect(run.code == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("  │ 0077\n"), "it must be nobody else's")
    let artifact = try #require(try await scene.events().of("step.artifact", "dump").first)
    #expect(
      artifact.text.contains("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
    let empty = try await scene.runbook("run", "empty", "--env", "test", "--yes")
    #expect(empty.code != 0 && empty.output.contains("empty.sql"), "\(empty.output)")
  }
}
