import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `The page for auditors` {
  /// The commands of `docs/audit.md` that need no `runbook`, as they stand there.
  private func commands() throws -> String {
    let page = try String(decoding: Scratch().read(repositoryFile("docs/audit.md")), as: UTF8.self)
    let blocks = page.split(separator: "```bash\n", omittingEmptySubsequences: false).dropFirst()
    return blocks.compactMap { $0.split(separator: "\n```", maxSplits: 1).first }.joined(separator: "\n")
  }

  private func bundle(_ scratch: Scratch) async throws -> String {
    try await StoreMaker.make(scratch.store, events: 300)
    let path = scratch.path + "/evidence"
    _ = try LogBundle.write(scratch.store, to: path)
    let proof = try LogHead.open(StoreLocation(path: path)).proof(of: 2)
    try scratch.write(Array(proof.text.utf8), to: path + "/2.tlog-proof")
    return path
  }

  private func run(_ path: String) throws -> (code: Int32, output: String) {
    try Command.run(["bash", "-c", "set -euo pipefail; cd \(path)\n" + commands()])
  }

  @Test func `shows commands that accept a sound log`() async throws {
    let scratch = Scratch()
    let path = try await bundle(scratch)
    let (code, output) = try run(path)
    #expect(code == 0, "\(output)")
    #expect(output.contains("Signature Verified Successfully"))
    #expect(output.contains("(ED25519)"))
    #expect(output.contains("\"type\": \"run.started\""))
  }

  @Test(arguments: ["journal/00000000000000000000.jsonl", "log/checkpoint", "keys/log.vkey", "2.tlog-proof"])
  func `shows commands that refuse a changed one`(file: String) async throws {
    let scratch = Scratch()
    let path = try await bundle(scratch)
    var bytes = try scratch.read("\(path)/\(file)")
    // In the third line of the journal, in the root or the key, and in the proof's first hash.
    let offset =
      switch file {
      case "log/checkpoint": bytes.count / 3
      case "keys/log.vkey": bytes.count - 10
      case "2.tlog-proof": 40
      default: bytes.split(separator: 0x0a)[2].startIndex + 300
      }
    bytes[offset] = bytes[offset] == 0x41 ? 0x42 : 0x41
    try scratch.write(bytes, to: "\(path)/\(file)")
    #expect(try run(path).code != 0)
  }
}
