import Glibc
import RunbookAudit
import RunbookModel
import TestSupport
import Testing

/// A witness written from the specification alone, as a process on the loopback device.
final class WitnessProcess: Sendable {
  private let scene: Scene
  private let folder: String
  // Closed once, by deinit.
  private nonisolated(unsafe) let process: UnsafeMutablePointer<FILE>

  /// Starts one that knows the log of `scene`.
  ///
  /// - Parameters:
  ///   - folder: Its own, in the scene's; what it has seen is remembered there.
  ///   - lie: How it is not to be believed: see `Tests/Verifier/witness.py`.
  init(_ scene: Scene, _ folder: String = "witness", lie: String = "", key: String? = nil) async throws {
    self.scene = scene
    self.folder = folder
    mkdir(scene.path(folder), 0o700)
    for name in ["url", "end"] { unlink(scene.path("\(folder)/\(name)")) }
    let script = #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }
    let key = key ?? scene.store + "/keys/log.vkey"
    let line =
      "exec timeout 120 python3 '\(script)/Verifier/witness.py' '\(scene.path(folder))' '\(key)' '\(lie)' 2>&1"
    process = try #require(popen(line, "re"))
    for _ in 0..<600 where !scene.exists("\(folder)/url") { try await Task.sleep(for: .milliseconds(50)) }
    try #require(scene.exists("\(folder)/url"))
  }

  deinit {
    try? scene.write("", to: "\(folder)/end")
    pclose(process)
  }

  var key: String { String(scene.text("\(folder)/witness.vkey").dropLast()) }
  /// What it was asked and answered.
  var requests: [String] { scene.text("\(folder)/requests").split(separator: "\n").map(String.init) }

  /// `runbook audit anchor` with this witness.
  func anchor(store: String? = nil) async throws -> Ended {
    try await scene.runbook(
      "audit", "anchor", "--witness", scene.text("\(folder)/url"), "--witness-key", key, "--store",
      store ?? scene.store)
  }
}

@Suite struct `A witness` {
  /// A log of `size` events.
  private func scene(_ size: UInt64) async throws -> Scene {
    let scene = try Scene()
    try await grow(scene.store, to: size)
    return scene
  }

  private func grow(_ path: String, to size: UInt64, saying word: String = "history") async throws {
    let location = StoreLocation(path: path)
    let store = try AuditStore.open(location, version: "1")
    while try await store.append(.read(command: word, run: nil)).sequence + 1 < size {}
    _ = try AuditStore.open(location, version: "1")
    try #require(try LogHead.open(location).checkpoint.size == size)
  }

  private func files(_ scene: Scene) -> [String] {
    filesBelow(scene.store + "/anchors").compactMap { $0.split(separator: "/").last.map(String.init) }
      .sorted()
  }

  @Test func `signs a log as it grows, from whatever it has seen`() async throws {
    let scene = try await scene(9)
    let witness = try await WitnessProcess(scene)
    let first = try await witness.anchor()
    #expect(first.code == 0, "\(first.errors)")
    #expect(first.output.contains(": signed by the witness witness.example/w1 at 20"), "\(first.output)")
    #expect(first.output.hasSuffix(" in anchors/9.cosigned\n"), "\(first.output)")
    // The event that says so makes it one more each time.
    try await grow(scene.store, to: 255)
    for _ in 255...258 {
      let anchored = try await witness.anchor()
      #expect(anchored.code == 0, "\(anchored.errors)")
    }
    try await grow(scene.store, to: 300)
    _ = try await witness.anchor()
    #expect(
      witness.requests == [
        "old 0: 200", "old 9: 200", "old 255: 200", "old 256: 200", "old 257: 200", "old 258: 200",
      ])
    #expect(files(scene) == [255, 256, 257, 258, 300, 9].map { "\($0).cosigned" })
    let note = scene.text("store/anchors/300.cosigned")
    #expect(note.split(separator: "\n").count { $0.hasPrefix("\u{2014} ") } == 2, "\(note)")

    let verifier = #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Verifier"
    let second = system(
      "python3 '\(verifier)/verify_log.py' --cosigned '\(scene.store)/anchors/300.cosigned' '\(scene.store)/keys/log.vkey' '\(scene.path("witness/witness.vkey"))' >/dev/null"
    )
    #expect(second == 0, "a second verifier accepts what is kept")

    // Whoever lost what it signed asks it.
    for name in files(scene) { unlink("\(scene.store)/anchors/\(name)") }
    let asked = try await witness.anchor()
    #expect(asked.code == 0, "\(asked.errors)")
    #expect(witness.requests.suffix(2) == ["old 0: 409", "old 300: 200"])
    let export = try await scene.runbook("audit", "export")
    #expect(export.output.split(separator: "\n").count { $0.contains("\"audit.anchored\"") } == 7)
    let verified = try await scene.runbook("audit", "verify", "--witness-key", witness.key)
    #expect(verified.code == 0, "\(verified.output)")
    #expect(verified.output.contains("\nanchoring  L4 over 301 events, 20"), "\(verified.output)")
    #expect(export.output.contains("\"place\":\"signed by the witness witness.example/w1 at 20"))
  }

  @Test func `signs no log that was rolled back, written anew or forked`() async throws {
    let scene = try await scene(20)
    let witness = try await WitnessProcess(scene)
    _ = try await witness.anchor()
    let old = scene.folder + "/old"
    #expect(system("cp -a '\(scene.store)' '\(old)'") == 0)
    try await grow(scene.store, to: 300)
    _ = try await witness.anchor()
    #expect(witness.requests == ["old 0: 200", "old 20: 200"])

    let back = try await witness.anchor(store: old)
    #expect(back.code == 1)
    #expect(
      back.errors.contains("it has seen 300 events, and the log has 21: the log was rolled back"),
      "\(back.errors)")
    try await grow(old, to: 300, saying: "log")
    let equal = try await witness.anchor(store: old)
    #expect(equal.code == 1)
    #expect(equal.errors.contains("it has seen another log of 300 events"), "\(equal.errors)")
    try await grow(old, to: 310, saying: "log")
    let longer = try await witness.anchor(store: old)
    #expect(longer.code == 1)
    #expect(longer.errors.contains("does not go on from the 300 events it has seen"), "\(longer.errors)")
    #expect(witness.requests.last == "old 300: 422")
    #expect(access(old + "/anchors/310.cosigned", F_OK) != 0)
    // Of a log that says nothing of it nothing was signed.
    let again = try await witness.anchor()
    #expect(again.code == 0, "\(again.errors)")
  }

  @Test(arguments: [
    ("other-key", "its signature does not hold"),
    ("other-name", "is not signed by the key witness.example/w1+"),
    ("other-text", "its signature does not hold"), ("garbage", "something that is no signature"),
    ("moving", "somebody else shows it the log, too"),
  ])
  func `that lies is not believed`(lie: String, reason: String) async throws {
    let scene = try await scene(30)
    let witness = try await WitnessProcess(scene, lie: lie)
    let anchored = try await witness.anchor()
    #expect(anchored.code == 1)
    #expect(anchored.errors.contains(reason), "\(anchored.errors)")
    #expect(files(scene).isEmpty)
    let export = try await scene.runbook("audit", "export")
    #expect(!export.output.contains("audit.anchored"))
  }

  @Test func `says that it does not know the log, or its key, or is not there`() async throws {
    let scene = try await scene(5)
    try await grow(scene.folder + "/other", to: 5)
    let stranger = try await WitnessProcess(scene, key: scene.folder + "/other/keys/log.vkey")
    let unknown = try await stranger.anchor()
    #expect(unknown.code == 1)
    #expect(
      unknown.errors.contains("does not know the log (404): tell it the log's key"), "\(unknown.errors)")

    // The log changed its key, and nobody told the witness.
    let witness = try await WitnessProcess(scene, "second")
    let rotated = try await scene.runbook("audit", "key", "--rotate")
    #expect(rotated.code == 0)
    // The checkpoint over the change has both signatures.
    #expect(try await witness.anchor().code == 0)
    let later = try await witness.anchor()
    #expect(later.code == 1)
    #expect(later.errors.contains("trusts no key that the log signs with (403)"), "\(later.errors)")

    let key = witness.key
    let gone = try await scene.runbook(
      "audit", "anchor", "--witness", "http://127.0.0.1:1/x", "--witness-key", key)
    #expect(gone.code == 1)
    #expect(gone.errors.contains("the witness witness.example/w1: "), "\(gone.errors)")
    let wrong = try await scene.runbook(
      "audit", "anchor", "--witness", "http://127.0.0.1:1/x", "--witness-key",
      scene.text("store/keys/log.vkey"))
    #expect(wrong.code == 64)
    #expect(try await scene.runbook("audit", "anchor", "--witness", "http://127.0.0.1:1/x").code == 64)
  }

  @Test func `and anybody else gets a proof that the log goes on from what was kept`() async throws {
    let scene = try await scene(20)
    try scene.write(try await scene.runbook("audit", "head").output, to: "kept.txt")
    try await grow(scene.store, to: 40)
    let bySize = try await scene.runbook("audit", "prove", "--since", "20")
    let proof = try await scene.runbook("audit", "prove", "--since", "kept.txt", "-o", "since.proof")
    #expect(proof.code == 0, "\(proof.errors)")
    #expect(scene.text("since.proof") == bySize.output)
    #expect(bySize.output.hasPrefix("old 20\n"))
    #expect(bySize.output.hasSuffix("\n\n" + scene.text("store/log/checkpoint")))
    #expect(try await scene.runbook("audit", "prove", "--since", "41").code == 1)
    #expect(try await scene.runbook("audit", "prove", "--since", "20", "7").code == 64)
    #expect(try await scene.runbook("audit", "prove").code == 64)
    try scene.write(
      scene.text("kept.txt").replacing("\n20\n", with: "\n19\n"), to: "other.txt")
    let fork = try await scene.runbook("audit", "prove", "--since", "other.txt")
    #expect(fork.code == 74)
    #expect(fork.errors.contains("the log was written anew, or is a fork"), "\(fork.errors)")
  }
}
