import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `A witness's answer` {
  @Test func `counts for the very checkpoint that was sent, and by its key alone`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    let proof = try LogHead.open(scratch.store).consistency(from: 7)
    let key = try SigningKey(name: Cosigner.name)
    let witness = try Cosigner.publicForm(key)
    let text = proof.note.text
    func answer(_ body: String, status: Int = 200, _ type: String? = "text/plain") -> WitnessAnswer {
      WitnessAnswer(status: status, contentType: type, body: Array(body.utf8), to: proof, by: witness)
    }
    func isRefused(_ answer: WitnessAnswer, _ reason: String) -> Bool {
      guard case .refused(let text) = answer else { return false }
      return text.contains(reason)
    }
    let good = try Cosigner.line(of: text, at: 1_763_712_000, by: key)
    guard case .signed(let note, let time) = answer(good) else {
      Issue.record("\(answer(good))")
      return
    }
    #expect(time.description == "2025-11-21T08:00:00.000Z")
    #expect(note.description == proof.note.description + good)
    #expect(witness.judge(note) == .holds(time))

    // What nobody knows is left out, whatever it is.
    let stranger = try Cosigner.line(of: text, at: 1, by: SigningKey(name: "stranger"))
    guard case .signed(let alone, _) = answer(stranger + good) else {
      Issue.record("a stranger's signature beside it")
      return
    }
    #expect(alone.description == note.description)

    #expect(isRefused(answer(stranger), "is not signed by the key \(Cosigner.name)+"))
    let other = try Cosigner.line(of: text + "x\n", at: 1_763_712_000, by: key)
    #expect(isRefused(answer(other), "does not hold"))
    #expect(isRefused(answer(other + good), "does not hold"))
    let impostor = try Cosigner.line(of: text, at: 1, by: SigningKey(name: Cosigner.name))
    #expect(isRefused(answer(impostor), "is not signed by the key"))
    let asLog = try Cosigner.line(of: text, at: 1, by: key, as: NoteKeyText.ed25519)
    #expect(isRefused(answer(asLog), "is not signed by the key"))
    let late = try Cosigner.line(of: text, at: 1 << 62, by: key)
    #expect(isRefused(answer(late), "does not hold"))
    for body in ["", "\n", "signed", String(good.dropLast()), "\n" + good, "x" + good, good + "\n"] {
      #expect(isRefused(answer(body), "something that is no signature"), "\(body)")
    }
    #expect(isRefused(answer("", status: 403), "trusts no key"))
    #expect(isRefused(answer("", status: 404), "does not know the log"))
    #expect(isRefused(answer("", status: 422), "does not go on from the 7 events"))
    #expect(isRefused(answer("", status: 500), "it answered 500"))
    #expect(isRefused(answer(good, status: 201), "it answered 201"))
    let size = "text/x.tlog.size"
    guard case .has(12) = answer("12\n", status: 409, size + "; charset=utf-8") else {
      Issue.record("\(answer("12\n", status: 409, size))")
      return
    }
    #expect(
      isRefused(answer("21\n", status: 409, size), "it has seen 21 events, and the log has 20: the log was"))
    #expect(isRefused(answer("7\n", status: 409, size), "has seen another log of 7 events"))
    for body in ["012\n", "12", "-1\n", "x\n", "", "99999999999999999999\n"] {
      #expect(isRefused(answer(body, status: 409, size), "another log of 7 events"), "\(body)")
    }
    #expect(isRefused(answer("12\n", status: 409, "text/plain"), "another log of 7 events"))
  }

  @Test func `is kept with those of other witnesses over the same checkpoint`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    let note = try LogHead.open(scratch.store).note
    let anchors = try LogAnchors.open(scratch.store)
    let keys = try [SigningKey(name: Cosigner.name), SigningKey(name: "witness.example/w2")]
    for (time, key) in [(1_000, keys[0]), (2_000, keys[1]), (3_000, keys[0])] {
      let line = try Cosigner.line(of: note.text, at: UInt64(time), by: key)
      #expect(try anchors.keep(try #require(SignedNote(note.description + line))) == "20.cosigned")
    }
    let bytes = try scratch.read(scratch.store.path + "/anchors/20.cosigned")
    let kept = try #require(SignedNote(String(decoding: bytes, as: UTF8.self)))
    #expect(kept.signatures.count == 3)
    let witnesses = try keys.map { try Cosigner.publicForm($0) }
    #expect(witnesses[0].judge(kept) == .holds(Timestamp(milliseconds: 3_000_000)))
    #expect(witnesses[1].judge(kept) == .holds(Timestamp(milliseconds: 2_000_000)))
    #expect(try anchors.lastSize(signedBy: witnesses[0]) == 20)
    let stranger = try Cosigner.publicForm(SigningKey(name: "stranger"))
    #expect(stranger.judge(kept) == .missing)
    #expect(try anchors.lastSize(signedBy: stranger) == 0)
  }

  @Test func `is kept though other processes keep theirs at the same time`() async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    let store = scratch.store
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 1...16 {
        let note = try Cosigner.sign(store, at: 1_000, by: SigningKey(name: "witness.example/w\(number)"))
        group.addTask { _ = try LogAnchors.open(store).keep(note) }
      }
      try await group.waitForAll()
    }
    let bytes = try scratch.read(store.path + "/anchors/20.cosigned")
    let kept = try #require(SignedNote(String(decoding: bytes, as: UTF8.self)))
    #expect(kept.signatures.count == 17)
  }

  @Test func `is read with a key of its own kind only`() throws {
    let key = try SigningKey(name: Cosigner.name)
    #expect(WitnessKey(key.verifier.description) == nil, "a log's key is no witness's")
    let text = try Cosigner.publicForm(key).description
    #expect(WitnessKey(text)?.description == text)
    #expect(VerifierKey(text) == nil)
    #expect(WitnessKey(text.dropLast(8) + "AAAAAAA=") == nil, "its ID is another one")
  }
}
