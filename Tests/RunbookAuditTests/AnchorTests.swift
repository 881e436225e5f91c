import Glibc
import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `Anchors beside a log` {
  private let witness: SigningKey
  private var options = VerificationOptions()

  init() throws {
    witness = try SigningKey(name: Cosigner.name)
    options.witnesses = [try Cosigner.publicForm(witness)]
  }

  /// A log of 300 events whose first 250 a witness signed.
  private func store(_ scratch: Scratch) async throws -> String {
    try await StoreMaker.make(scratch.store, events: 250)
    _ = try LogAnchors.open(scratch.store).keep(
      Cosigner.sign(scratch.store, at: 1_763_712_000, by: witness))
    _ = try await AuditStore.forTest(scratch.store).append(StoreMaker.events(50, from: 1000))
    _ = try AuditStore.forTest(scratch.store)
    return scratch.store.path + "/anchors/250.cosigned"
  }

  @Test func `count by the keys that are brought, and not without`() async throws {
    let scratch = Scratch()
    let file = try await store(scratch)
    let (summary, mismatches, warnings) = try StoreMaker.verify(scratch.store, options)
    #expect(mismatches == [] && warnings == [])
    #expect(summary.anchoring == .witness && summary.anchored == 250)
    #expect(summary.anchoredAt?.description == "2025-11-21T08:00:00.000Z")

    let notJudged = "checkpoints signed by witnesses found, not judged: 1; give --witness-key"
    var others = VerificationOptions()
    others.witnesses = [try Cosigner.publicForm(SigningKey(name: "stranger"))]
    for given in [VerificationOptions(), others] {
      let (summary, mismatches, warnings) = try StoreMaker.verify(scratch.store, given)
      #expect(mismatches == [])
      #expect(warnings.first == notJudged && warnings.count == 2, "\(warnings)")
      #expect(summary.anchoring == .none && summary.anchored == 0 && summary.anchoredAt == nil)
    }

    // One that was kept elsewhere counts in the same way, and is a checkpoint without the key.
    unlink(file)
    let note = try Cosigner.sign(scratch.store, at: 1_763_800_000, by: witness)
    var elsewhere = options
    elsewhere.checkpoints = [note]
    let kept = try StoreMaker.verify(scratch.store, elsewhere)
    #expect(kept.mismatches == [] && kept.warnings == [])
    #expect(kept.summary.anchoring == .witness && kept.summary.anchored == 300)
    elsewhere.witnesses = []
    #expect(try StoreMaker.verify(scratch.store, elsewhere).summary.anchoring == .checkpoint)
  }

  @Test func `are copied into a bundle, as far as it goes`() async throws {
    let scratch = Scratch()
    _ = try await store(scratch)
    let anchors = try LogAnchors.open(scratch.store)
    try anchors.keep(Array("later".utf8), as: "301.cosigned")
    try anchors.keep(Array("other".utf8), as: "notes.txt")
    let bundle = StoreLocation(path: scratch.path + "/bundle")
    _ = try LogBundle.write(scratch.store, to: bundle.path)
    #expect(try Command.run(["ls", bundle.path + "/anchors"]).output == "250.cosigned\n")
    let (summary, mismatches, warnings) = try StoreMaker.verify(bundle, options)
    #expect(mismatches == [] && warnings == [])
    #expect(summary.anchoring == .witness)
  }

  @Test func `that were changed are mismatches, or count no more`() async throws {
    let scratch = Scratch()
    let file = try await store(scratch)
    let bytes = try scratch.read(file)
    for offset in stride(from: 0, to: bytes.count, by: 11) {
      var changed = bytes
      changed[offset] ^= 1
      try scratch.write(changed, to: file)
      let found = try StoreMaker.verify(scratch.store, options)
      #expect(
        !found.summary.isSound || (found.summary.anchoring == .none && found.warnings.count == 2),
        "byte \(offset)")
    }
    // In the witness's signature itself it cannot be taken for somebody else's.
    let last = bytes.count - 10
    var changed = bytes
    changed[last] = bytes[last] == 0x41 ? 0x42 : 0x41
    try scratch.write(changed, to: file)
    #expect(
      try StoreMaker.verify(scratch.store, options).mismatches == [
        "the signature of the witness witness.example/w1 in 'anchors/250.cosigned' does not hold"
      ])
  }

  @Test func `find a roll-back, a log written anew, and a foreign checkpoint`() async throws {
    let scratch = Scratch()
    let file = try await store(scratch)
    let other = StoreLocation(path: scratch.path + "/other")
    try await StoreMaker.make(other, events: 260)
    let folder = other.path + "/anchors"
    mkdir(folder, 0o700)
    func mismatches(_ name: String) throws -> [String] {
      _ = try Command.run(["cp", file, "\(folder)/\(name)"])
      defer { unlink("\(folder)/\(name)") }
      // Without any key: the log's own checkpoint is enough.
      return try StoreMaker.verify(other).mismatches
    }
    #expect(try mismatches("250.cosigned") == ["'anchors/250.cosigned' is not signed by a key of this log"])
    #expect(try mismatches("251.checkpoint") == ["'anchors/251.checkpoint' is no checkpoint over 251 events"])
    #expect(
      try mismatches("261.cosigned") == [
        "'anchors/261.cosigned' is over 261 events, and the journal has 260: it was rolled back"
      ])
    #expect(
      try mismatches("250.tsr") == ["'anchors/250.tsr' is a time stamp without a good checkpoint beside it"])

    // Written anew with the stolen key, and the anchor left where it is.
    let lines = try scratch.read(scratch.journal).dropLast().split(separator: 0x0a).map { Array($0) + [0x0a] }
    var changed = lines
    changed[40] = Array(
      String(decoding: changed[40], as: UTF8.self).replacing("\"eve\"", with: "\"bob\"").utf8)
    try scratch.write(Array(try StoreMaker.rechained(changed).joined()), to: scratch.journal)
    unlink(scratch.store.path + "/checkpoints.log")
    _ = try Command.run(["rm", "-rf", scratch.store.path + "/log"])
    _ = try AuditStore.forTest(scratch.store)
    #expect(
      try StoreMaker.verify(scratch.store).mismatches == [
        "'anchors/250.cosigned' has another root: the log was written anew, or is a fork"
      ])
  }

  @Test func `that are no files do not stop a verification`() async throws {
    let scratch = Scratch()
    let file = try await store(scratch)
    let folder = scratch.store.path + "/anchors/"
    symlink(file, folder + "10.cosigned")
    mkfifo(folder + "11.cosigned", 0o600)
    mkdir(folder + "12.checkpoint", 0o700)
    _ = try Command.run(["truncate", "-s", "1G", folder + "13.tsr"])
    try scratch.write([], to: folder + "14.checkpoint")
    for name in ["015.checkpoint", "x.checkpoint", "16.checkpoint.bak", "-1.tsr", "17.exe"] {
      try scratch.write(Array("x".utf8), to: folder + name)
    }
    let found = try StoreMaker.verify(scratch.store, options)
    #expect(found.mismatches.count == 5, "\(found.mismatches)")
    #expect(found.summary.anchoring == .witness)
  }
}
