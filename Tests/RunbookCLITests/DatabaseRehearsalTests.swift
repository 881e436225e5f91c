import Glibc
import TestSupport
import Testing

/// What a dry run does to a real database: nothing, not even by way of a query.
@Suite(.serialized) struct DatabaseRehearsalTests {
  private static func page(_ attributes: String) -> String {
    """
    ```sql {#there on=db}
    --| expect: .row_count == 1
    SELECT pid FROM pg_stat_activity WHERE application_name = ${victim} AND state = 'active'
    ```

    ```sql {#end on=db\(attributes)}
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ${victim}
    ```
    """
  }

  @Test func `it ends no session, and no declaration makes it`() async throws {
    let url = try TestService.required("RUNBOOK_TEST_POSTGRES")
    let name = "victim-\(UInt32.random(in: 0 ... .max))"
    let scene = try Scene(
      Self.page(""), front: "parameters: {victim: {type: string, default: \(name)}}\n",
      environment: "targets: {db: {type: postgres, url: 'env:DATABASE_URL'}}\n",
      variables: ["DATABASE_URL=\(url)"])
    let victim = try scene.start(
      [], variables: ["PGAPPNAME=\(name)"],
      instead: ["/usr/bin/psql", url, "-XAtc", "SELECT pg_sleep(600)"])
    var rehearsal = try await scene.run("--dry-run")
    for _ in 0..<50 where rehearsal.code != 0 {
      try await Task.sleep(for: .milliseconds(200))
      rehearsal = try await scene.run("--dry-run")
    }
    #expect(rehearsal.code == 0, "\(rehearsal.output)\(rehearsal.errors)")
    #expect(rehearsal.output.contains("2 steps: 1 executed, 1 verified"), "\(rehearsal.output)")

    try scene.write(
      RunbookCLITests.page(
        Self.page(" effect=read"), front: "parameters: {victim: {type: string, default: \(name)}}\n"),
      to: "runbooks/declared.md")
    let check = try await scene.runbook("check", "declared")
    #expect(check.code == 3)
    #expect(
      check.output.contains("'pg_terminate_backend' changes something outside its statement"),
      "\(check.output)")
    #expect(try await scene.runbook("run", "declared", "--env", "test", "--dry-run").code == 3)
    // It is still there, and the statement is one that would have ended it.
    #expect(try await scene.run("--dry-run").code == 0)
    #expect(try await scene.run("--yes").code == 0)
    #expect(try await victim.ended().errors.contains("terminating connection"))
  }
}
