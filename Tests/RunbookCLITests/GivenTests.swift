import Testing

/// What is wrong on the command line is told without a place in the page.
@Suite(.serialized) struct GivenTests {
  @Test func `a parameter and steps that are not there`() async throws {
    let scene = try Scene(
      """
      ```bash {#first undo=back}
      echo "${service}"
      ```

      ```bash {#back .undo}
      true
      ```
      """, front: "parameters: {service: {type: string, default: db}}\n")
    let ended = try await scene.run(
      "-p", "servise=hunter2", "-p", "zz=1", "--from", "fist", "--only", "zzz", "--only", "back")
    #expect(ended.code == 3)
    #expect(ended.output == "")
    #expect(
      ended.errors == """
        runbook: --from fist: no step is named 'fist'; did you mean 'first'?
        runbook: --only zzz: no step is named 'zzz'
        runbook: --only back: 'back' is .undo and runs only when it is called for
        runbook: -p servise: the page has no parameter 'servise'; did you mean 'service'?
        runbook: -p zz: the page has no parameter 'zz'; its parameters are service

        """)
    let both = try await scene.run("--only", "fist", "-p", "service=a\nb")
    #expect(both.code == 3 && both.errors.hasPrefix("runbook: --only fist: "), "\(both.errors)")
  }
}
