import Glibc
import RunbookModel
import TestSupport
import Testing

/// What must hold whenever the power of a process ends, seen from outside.
@Suite(.serialized) struct CrashTests {
  private static let repository = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

  /// A process of another program, in the harness of this one.
  private func output(of command: [String]) async throws -> Ended {
    let scene = try Scene("nothing")
    return try await scene.start([], instead: command).ended(within: 300)
  }

  @Test func `15 kills at random moments: nothing twice, nothing lost, always to the end`() async throws {
    let ended = try await output(of: [
      "/usr/bin/python3", Self.repository + "/Tests/Soak/kills", Built.path("runbook"), "--count", "15",
      "--seed",
      "4711",
    ])
    #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
    #expect(ended.output.contains("nothing lost, nothing twice"), "\(ended.output)")
  }

  @Test func `as another user than root it is the same`() async throws {
    try #require(geteuid() == 0, "needs root to become somebody else")
    let ended = try await output(of: [
      "/usr/bin/python3", Self.repository + "/Tests/Soak/kills", Built.path("runbook"), "--count", "5",
      "--seed",
      "4712", "--user", "65534",
    ])
    #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
  }

  @Test func `every step's intent is on the disk before its program is executed`() async throws {
    let scene = try Scene(
      (1...4).map { "```bash {#s\($0) effect=\($0 % 2 == 0 ? "read" : "write")}\ntrue\n```" }
        .joined(separator: "\n\n"))
    let steps = (1...4).map { "s\($0)" }
    let trace = scene.path("trace")
    let run = try scene.start(
      ["run", "page", "--env", "test", "--yes"],
      under: [
        "/usr/bin/strace", "-f", "-v", "-s", "20000", "-o", trace, "-e",
        "trace=execve,execveat,write,pwrite64,writev,fdatasync,fsync",
      ])
    let ended = try await run.ended()
    #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
    var durable: Set<String> = []
    var written: [String: Set<String>] = [:]
    var executed: [String] = []
    for line in scene.text("trace").split(separator: "\n") {
      let thread = String(line.prefix { $0 != " " })
      for event in line.split(separator: #"{\"v\":1,"#) where event.contains(#"\"type\":\"step.intent\""#) {
        for step in steps where event.contains(#"\"step\":{\"id\":\"\#(step)\""#) {
          written[thread, default: []].insert(step)
        }
      }
      if line.contains("fdatasync"), line.hasSuffix("= 0") { durable.formUnion(written[thread] ?? []) }
      // The marker in the environment of what is executed: RUNBOOK_STEP=run/step/attempt.
      guard line.contains("execve"), let place = line.firstRange(of: "RUNBOOK_STEP=") else { continue }
      let parts = line[place.upperBound...].split(separator: "/")
      guard parts.count > 1, let step = steps.first(where: { parts[1] == $0 }) else { continue }
      #expect(durable.contains(step), "\(line.prefix(200))")
      executed.append(step)
    }
    #expect(Set(executed) == Set(steps))
  }
}
