import Glibc
import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `A proof that nothing was changed` {
  /// The sizes around tiles and powers of two that a log of 1,300 events had.
  private static let sizes: [UInt64] = [
    0, 1, 2, 3, 4, 7, 8, 127, 128, 255, 256, 257, 258, 511, 512, 513, 1023, 1024, 1025, 1299, 1300,
  ]

  @Test func `holds to a verifier written from the RFCs alone, from every size to every one`() async throws {
    let scratch = Scratch()
    var proofs = 0
    for size in [1, 255, 256, 257, 1300] {
      let store = StoreLocation(path: "\(scratch.path)/\(size)")
      try await StoreMaker.make(store, events: size)
      let head = try LogHead.open(store)
      let folder = "\(scratch.path)/proofs-\(size)"
      mkdir(folder, 0o700)
      for old in Self.sizes where old <= size {
        let proof = try head.consistency(from: old)
        try scratch.write(Array(proof.text.utf8), to: "\(folder)/\(old).consistency")
        proofs += 1
      }
      let (code, output) = try Command.run([
        "python3", repositoryFile("Tests/Verifier/verify_log.py"), store.path, folder,
      ])
      #expect(code == 0, "\(output)")
      #expect(output.hasSuffix("\(Self.sizes.count { $0 <= size }) proofs\n"), "\(output)")
    }
    #expect(proofs > 50)
  }

  @Test func `is not made from a size that the log does not have, or over damaged tiles`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 600)
    let head = try LogHead.open(scratch.store)
    let beyond = #expect(throws: AuditFailure.self) { try head.consistency(from: 601) }
    #expect(beyond?.reason.contains("rolled back") == true)
    let tile = scratch.store.path + "/log/tile/0/001"
    var bytes = try scratch.read(tile)
    bytes[40] ^= 1
    try scratch.write(bytes, to: tile)
    #expect(
      throws: AuditFailure.tampered("the tiles do not lead to the root that was signed: verify the log")
    ) {
      try head.consistency(from: 300)
    }
  }

  @Test func `can be checked without the log, against a checkpoint that was kept`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 250)
    let kept = try LogHead.open(scratch.store)
    try scratch.write(Array(kept.note.description.utf8), to: scratch.path + "/kept")
    let fork = StoreLocation(path: scratch.path + "/fork")
    _ = try Command.run(["cp", "-a", scratch.store.path, fork.path])
    _ = try await AuditStore.forTest(scratch.store).append(StoreMaker.events(50, from: 1000))
    _ = try await AuditStore.forTest(fork).append(StoreMaker.events(7, from: 2000))
    func check(_ location: StoreLocation, since: String) throws -> (code: Int32, output: String) {
      let proof = try LogHead.open(location).consistency(from: kept.checkpoint.size)
      try scratch.write(Array(proof.text.utf8), to: scratch.path + "/proof")
      return try Command.run([
        "python3", repositoryFile("Tests/Verifier/verify_log.py"), "--consistency", scratch.path + "/proof",
        since, scratch.store.path + "/keys/log.vkey",
      ])
    }
    let (code, output) = try check(scratch.store, since: scratch.path + "/kept")
    #expect(code == 0, "\(output)")
    #expect(output == "300 events begin with the 250 of the older checkpoint\n")
    // A checkpoint of the other branch: signed by the same key, and not what the log began with.
    _ = try await AuditStore.forTest(fork).append(StoreMaker.events(43, from: 3000))
    let other = try LogHead.open(fork)
    try scratch.write(Array(other.note.description.utf8), to: scratch.path + "/other")
    #expect(other.checkpoint.size == 300)
    let refused = #expect(throws: AuditFailure.self) {
      try LogHead.open(scratch.store).consistency(from: other.checkpoint)
    }
    #expect(refused?.reason.contains("is a fork") == true)
    let proof = try LogHead.open(scratch.store).consistency(from: 300)
    try scratch.write(Array(proof.text.utf8), to: scratch.path + "/proof")
    let forged = try Command.run([
      "python3", repositoryFile("Tests/Verifier/verify_log.py"), "--consistency", scratch.path + "/proof",
      scratch.path + "/other", scratch.store.path + "/keys/log.vkey",
    ])
    #expect(forged.code == 1 && forged.output.contains("leads to another root"), "\(forged.output)")
  }
}
