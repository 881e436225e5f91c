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

  private func bundle(_ scratch: Scratch, kept: Int = 200) async throws -> String {
    try await StoreMaker.make(scratch.store, events: kept)
    let old = try LogHead.open(scratch.store).note.description
    let witness = try SigningKey(name: Cosigner.name)
    _ = try LogAnchors.open(scratch.store).keep(
      Cosigner.sign(scratch.store, at: 1_763_712_000, by: witness))
    _ = try await AuditStore.forTest(scratch.store).append(StoreMaker.events(300 - kept, from: 1000))
    _ = try AuditStore.forTest(scratch.store)
    let path = scratch.path + "/evidence"
    _ = try LogBundle.write(scratch.store, to: path)
    let proof = try LogHead.open(StoreLocation(path: path)).proof(of: 2)
    try scratch.write(Array(proof.text.utf8), to: path + "/2.tlog-proof")
    let since = try LogHead.open(StoreLocation(path: path)).consistency(from: UInt64(kept))
    try scratch.write(Array(since.text.utf8), to: path + "/since-kept.proof")
    try scratch.write(Array(old.utf8), to: path + "/kept.txt")
    try scratch.write(Array("\(Cosigner.publicForm(witness))\n".utf8), to: path + "/witness.vkey")
    return path
  }

  private func run(_ path: String) throws -> (code: Int32, output: String) {
    try Command.run(["bash", "-c", "set -euo pipefail; cd \(path)\n" + commands()])
  }

  @Test(arguments: [200, 100, 128, 255, 256, 257])
  func `shows commands that accept a sound log`(kept: Int) async throws {
    let scratch = Scratch()
    let path = try await bundle(scratch, kept: kept)
    let (code, output) = try run(path)
    #expect(code == 0, "\(output)")
    #expect(output.contains("Signature Verified Successfully"))
    #expect(output.contains("(ED25519)"))
    #expect(output.contains("2025-11-21T08:00:00Z"), "the time that the witness speaks for: \(output)")
    #expect(output.contains("\"type\": \"run.started\""))
  }

  @Test(arguments: [
    "journal/00000000000000000000.jsonl", "log/checkpoint", "keys/log.vkey", "2.tlog-proof", "kept.txt",
    "since-kept.proof", "anchors/200.cosigned", "witness.vkey",
  ])
  func `shows commands that refuse a changed one`(file: String) async throws {
    let scratch = Scratch()
    let path = try await bundle(scratch)
    var bytes = try scratch.read("\(path)/\(file)")
    // In the third line of the journal, in the root or the key, and in a proof's first hash.
    let offset =
      switch file {
      case "log/checkpoint", "kept.txt": bytes.count / 3
      case "anchors/200.cosigned": bytes.count / 6
      case "keys/log.vkey", "witness.vkey": bytes.count - 10
      case "2.tlog-proof": 40
      case "since-kept.proof": 20
      default: bytes.split(separator: 0x0a)[2].startIndex + 300
      }
    bytes[offset] = bytes[offset] == 0x41 ? 0x42 : 0x41
    try scratch.write(bytes, to: "\(path)/\(file)")
    #expect(try run(path).code != 0)
  }
}
