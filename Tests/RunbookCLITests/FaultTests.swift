import Glibc
import RunbookModel
import TestSupport
import Testing

/// A sample of `Tests/Soak/faults`, which breaks the real program's system calls and disks and says what must hold.
@Suite(.serialized) struct FaultTests {
  private static let repository = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

  private func faults(_ arguments: String...) async throws -> Ended {
    let scene = try Scene("nothing")
    let script = Self.repository + "/Tests/Soak/faults"
    let ended = try await scene.start(
      [], instead: ["/usr/bin/python3", script, Built.path("runbook")] + arguments
    ).ended(within: 600)
    #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
    return ended
  }

  @Test(arguments: ["start", "running", "reopened"])
  func `EIO and SIGKILL at some of a run's file calls lose nothing and begin nothing`(
    group: String
  ) async throws {
    let ended = try await faults("--only", group, "--every", "29")
    #expect(ended.output.contains("error=EIO: ") && ended.output.contains("× 137"), "\(ended.output)")
    #expect(ended.output.contains(" 0 not as they must be"), "\(ended.output)")
  }

  @Test func `for want of descriptors nothing is lost and nothing begins unlogged`() async throws {
    let ended = try await faults("--only", "descriptors", "--every", "6")
    #expect(ended.output.contains("× 74"), "\(ended.output)")
  }

  @Test func `a disk that is too small, full or read-only, and files that may not grow, end the run with 74`()
    async throws
  {
    let ended = try await faults("--only", "space")
    for fault in ["none at the start", "used up", "read-only", "no journal may grow"] {
      #expect(ended.output.contains("space: \(fault): 1 × 74"), "\(ended.output)")
    }
  }

  @Test func `a second place that takes nothing ends the run with 74, and no step is left in doubt`()
    async throws
  {
    let ended = try await faults("--only", "sink")
    #expect(ended.output.contains("sink: 1 × 74"), "\(ended.output)")
  }
}
