import Glibc
import RunbookModel
import TestSupport
import Testing

/// A time stamping authority of `openssl ts` behind HTTP, as a process on the loopback device.
final class TimeStampingProcess: Sendable {
  private let scene: Scene
  private let folder: String
  // Closed once, by deinit.
  private nonisolated(unsafe) let process: UnsafeMutablePointer<FILE>

  /// Starts one with certificates of its own.
  init(_ scene: Scene, _ folder: String = "authority") async throws {
    self.scene = scene
    self.folder = folder
    mkdir(scene.path(folder), 0o700)
    let script = #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }
    process = try #require(
      popen(
        "exec timeout 60 python3 '\(script)/Verifier/time_stamping.py' '\(scene.path(folder))' 2>&1", "re"))
    for _ in 0..<400 where !scene.exists("\(folder)/url") { try await Task.sleep(for: .milliseconds(50)) }
    try #require(scene.exists("\(folder)/url"))
  }

  deinit {
    try? scene.write("", to: "\(folder)/end")
    pclose(process)
  }

  var url: String { scene.text("\(folder)/url") }
}

@Suite struct `A time stamp` {
  /// A scene whose log was stamped once, and the number of events under the stamp.
  private func stamped() async throws -> (scene: Scene, authority: TimeStampingProcess, size: String) {
    let scene = try Scene("```bash {#look effect=read}\necho here\n```\n")
    let run = try await scene.run("--format", "json")
    try #require(run.code == 0, "\(run.errors)")
    let authority = try await TimeStampingProcess(scene)
    let anchored = try await scene.runbook(
      "audit", "anchor", "--tsa", authority.url, "--tsa-ca", "authority/ca.pem")
    try #require(anchored.code == 0, "\(anchored.errors)")
    let name = try #require(filesBelow(scene.store + "/anchors").first { $0.hasSuffix(".tsr") })
    let file = try #require(name.split(separator: "/").last)
    return (scene, authority, String(try #require(file.split(separator: ".").first)))
  }

  @Test func `of an authority is one that openssl accepts, and another authority's is not kept`() async throws
  {
    let (scene, authority, size) = try await stamped()
    let anchor = scene.store + "/anchors/" + size
    let code = system(
      "openssl ts -verify -data '\(anchor).checkpoint' -in '\(anchor).tsr' -CAfile '\(scene.path("authority/ca.pem"))' >/dev/null 2>&1"
    )
    #expect(code == 0)
    let untrusted = try await scene.runbook(
      "audit", "anchor", "--tsa", authority.url, "--tsa-ca", "authority/signer.pem")
    #expect(untrusted.code == 1)
    #expect(filesBelow(scene.store + "/anchors").count { $0.hasSuffix(".tsr") } == 1)
  }

  @Test func `counts for a log by the authority's certificates, and not without`() async throws {
    let (scene, _, size) = try await stamped()
    let bundle = try await scene.runbook("audit", "export", "--format", "bundle", "-o", "evidence")
    #expect(bundle.code == 0, "\(bundle.errors)")
    for folder in ["store", "evidence"] {
      let believed = try await scene.runbook("audit", "verify", folder, "--tsa-ca", "authority/ca.pem")
      #expect(believed.code == 0, "\(believed.output)\(believed.errors)")
      #expect(believed.output.contains("\nanchoring  L3 over \(size) events, 20"), "\(believed.output)")
      let unknown = try await scene.runbook("audit", "verify", folder)
      #expect(unknown.code == 0)
      #expect(
        unknown.output.contains("! time stamps found, not judged: 1; give --tsa-ca\n"), "\(unknown.output)")
      #expect(unknown.output.contains("\nanchoring  L0\n"))
    }
    let json = try await scene.runbook(
      "audit", "verify", "evidence", "--tsa-ca", "authority/ca.pem", "--format", "json")
    let summary = try JSONValue(parsing: Array(json.output.utf8))
    #expect(summary["anchoring"]?.string == "L3")
    #expect(summary["anchored"]?.integer.map(String.init) == size)
    #expect(summary["anchored_at"]?.string?.hasPrefix("20") == true)
  }

  @Test func `is a mismatch where it is another authority's, over something else, or damaged`() async throws {
    let (scene, _, size) = try await stamped()
    let file = "store/anchors/\(size).tsr"
    let whole = fileBytes(scene.path(file))
    func verify(_ certificates: String = "authority/ca.pem") async throws -> Ended {
      try await scene.runbook("audit", "verify", "--tsa-ca", certificates)
    }
    func put(_ bytes: [UInt8]) throws {
      let descriptor = open(scene.path(file), O_WRONLY | O_TRUNC)
      defer { close(descriptor) }
      try #require(write(descriptor, bytes, bytes.count) == bytes.count)
    }
    let other = try await TimeStampingProcess(scene, "other")
    let foreign = try await verify("other/ca.pem")
    #expect(foreign.code == 1)
    #expect(
      foreign.output.contains(
        "✗ the time stamp 'anchors/\(size).tsr' does not hold: certificate verify error"),
      "\(foreign.output)")
    // A stamp over another checkpoint of the same log.
    _ = try await scene.runbook("audit", "anchor", "--tsa", other.url, "--tsa-ca", "other/ca.pem")
    let later = try #require(
      filesBelow(scene.store + "/anchors").first { $0.hasSuffix(".tsr") && !$0.hasSuffix("/\(size).tsr") })
    rename(later, scene.path(file))
    let swapped = try await verify("other/ca.pem")
    #expect(swapped.code == 1)
    #expect(swapped.output.contains("does not hold: message imprint mismatch"), "\(swapped.output)")
    for (name, bytes) in [
      ("empty", []), ("cut", Array(whole.dropLast(20))), ("longer", whole + [0]),
      ("changed", whole.indices.map { $0 == whole.count - 30 ? whole[$0] ^ 1 : whole[$0] }),
    ] {
      try put(bytes)
      let damaged = try await verify()
      #expect(damaged.code == 1, "\(name)")
      #expect(damaged.output.contains("✗ the time stamp"), "\(name): \(damaged.output)")
    }
    try put(whole)
    #expect(try await verify().code == 0)
    unlink(scene.path("store/anchors/\(size).checkpoint"))
    let alone = try await verify()
    #expect(alone.output.contains("is a time stamp without a good checkpoint beside it"), "\(alone.output)")
    let none = try await verify("page.md")
    #expect(none.code == 64)
    #expect(none.errors.contains("no certificates could be read from 'page.md'"), "\(none.errors)")
  }
}
