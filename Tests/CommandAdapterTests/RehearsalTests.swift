import CommandAdapter
import RunbookAdapter
import RunbookModel
import Testing

@Suite struct RehearsalTests {
  @Test(arguments: [
    (
      "bash", "touch started; echo x | sort",
      "bash parses it; on PATH: touch, sort; shellcheck finds no error"
    ),
    ("sh", "touch started", "sh parses it; on PATH: touch; shellcheck finds no error"),
    ("bash", "echo started > started", "bash parses it; shellcheck finds no error"),
    ("python", "open('started', 'w')", "python3 parses it"),
  ]) func `a script is proved without being run`(
    language: String, script: String, proof: String
  ) async throws {
    let bench = try CommandBench()
    let rehearsal = try await bench.rehearse(bench.options(script, language))
    #expect(rehearsal == .verified(proof))
    #expect(!bench.exists("started"))
  }

  @Test(arguments: [
    ("bash", "touch started; if true; then", "refuted: bash does not parse it: "),
    ("sh", "touch started; case x in", "refuted: sh does not parse it: "),
    ("python", "open('started', 'w'); def f(:", "refuted: python3 does not parse it: SyntaxError: "),
    ("bash", "set -x; no-such-program x; touch started", "not-found: 'no-such-program' is not on PATH"),
  ]) func `what would not get through is named, and nothing is run`(
    language: String, script: String, objection: String
  ) async throws {
    let bench = try CommandBench()
    let found = try await bench.objection(script, language)
    #expect(found.hasPrefix(objection), "\(found)")
    #expect(!bench.exists("started"))
  }

  @Test(arguments: [
    (
      "touch started; no-such-program x",
      "not found, as far as reading the script tells: 'no-such-program'"
    ),
    ("touch started; [ -n \"x\"; echo y", "shellcheck finds an error: "),
  ]) func `what only reading the script says is a doubt`(script: String, doubt: String) async throws {
    let bench = try CommandBench()
    guard case .unverifiable(let text) = try await bench.rehearse(bench.options(script, "bash")) else {
      Issue.record("no doubt")
      return
    }
    #expect(text.hasPrefix(doubt), "\(text)")
    #expect(!bench.exists("started"))
  }

  @Test func `a folder that is not there fails the rehearsal`() async throws {
    let bench = try CommandBench()
    #expect(
      try await bench.objection("true", cwd: "no/such/folder")
        == "not-found: the directory '\(bench.folder)/no/such/folder' cannot be entered")
  }
}
