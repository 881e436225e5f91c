import Glibc
import RunbookModel
import Testing

@testable import RunbookAudit

@Suite struct `The store's folder` {
  @Test(arguments: [
    (["RUNBOOK_STORE": "/a", "XDG_STATE_HOME": "/b", "HOME": "/c"], "/a"),
    (["RUNBOOK_STORE": "", "XDG_STATE_HOME": "/b", "HOME": "/c"], "/b/runbook"),
    (["XDG_STATE_HOME": "relative", "HOME": "/c"], "/c/.local/state/runbook"),
    (["HOME": "/c"], "/c/.local/state/runbook"),
  ])
  func `is where the environment says`(variables: [String: String], path: String) throws {
    #expect(try StoreLocation { variables[$0] }.path == path)
  }

  @Test func `is not guessed without a home`() {
    #expect(throws: AuditFailure.self) { try StoreLocation { _ in nil } }
  }

  @Test func `is made for its owner alone, files included`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    let digest = try store.blobs.put(Array("x".utf8))
    _ = try store.folder(of: RunID("20261120T231500Z-k3xqd"))
    let listing = try Command.run(["find", scratch.store.path, "-printf", "%y %m %P\n"]).output
    let digits = String(digest.rawValue.dropFirst(7))
    #expect(
      listing.split(separator: "\n").sorted().joined(separator: "\n") == """
        d 700 
        d 700 blobs
        d 700 blobs/sha256
        d 700 blobs/sha256/\(digits.prefix(2))
        d 700 journal
        d 700 keys
        d 700 log
        d 700 log/tile
        d 700 log/tile/0
        d 700 log/tile/0/000.p
        d 700 log/tile/entries
        d 700 log/tile/entries/000.p
        d 700 runs
        d 700 runs/20261120T231500Z-k3xqd
        f 400 blobs/sha256/\(digits.prefix(2))/\(digits)
        f 600 checkpoints.log
        f 600 journal/00000000000000000000.jsonl
        f 600 keys/log.key
        f 600 log/checkpoint
        f 600 log/tile/0/000.p/1
        f 600 log/tile/entries/000.p/1
        f 600 reserve
        f 644 keys/log.vkey
        """)
  }

  @Test func `that others may enter is refused`() async throws {
    let scratch = Scratch()
    _ = try AuditStore.forTest(scratch.store)
    chmod(scratch.store.path, 0o750)
    #expect(
      throws: AuditFailure.unavailable(
        "'\(scratch.store.path)' is open to others: run chmod 700 '\(scratch.store.path)'")
    ) { try AuditStore.forTest(scratch.store) }
  }

  @Test func `that is a link is refused, wherever it leads`() async throws {
    let scratch = Scratch()
    _ = try AuditStore.forTest(scratch.store)
    symlink(scratch.store.path, scratch.path + "/link")
    #expect(throws: AuditFailure.unavailable("the store '\(scratch.path)/link' is a symbolic link")) {
      try AuditStore.forTest(StoreLocation(path: scratch.path + "/link"))
    }
  }

  @Test func `may lie behind a link of the user's own`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    _ = try await store.append([.sample(.signalReceived("SIGINT"))])
    symlink("state", scratch.path + "/link")
    let reader = try #require(try AuditReader.open(StoreLocation(path: scratch.path + "/link/store")))
    #expect(try reader.events(of: RunID("20261120T231500Z-k3xqd")).count == 1)
  }

  @Test(arguments: [
    "journal", "blobs", "runs", "blobs/sha256", "journal/00000000000000000000.jsonl", "reserve",
  ])
  func `holds no links`(name: String) async throws {
    let scratch = Scratch()
    _ = try AuditStore.forTest(scratch.store)
    rename("\(scratch.store.path)/\(name)", "\(scratch.path)/away")
    symlink("\(scratch.path)/away", "\(scratch.store.path)/\(name)")
    let failure = #expect(throws: AuditFailure.self) { try AuditStore.forTest(scratch.store) }
    #expect(failure?.reason.contains("symbolic link") == true)
  }

  @Test(arguments: ["keys/draft", "log/draft", "reserve", "checkpoints.log"])
  func `writes no file that has another name outside`(name: String) async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    let victim = scratch.path + "/victim"
    let bytes = Array("precious".utf8)
    try scratch.write(bytes, to: victim)
    unlink("\(scratch.store.path)/\(name)")
    link(victim, "\(scratch.store.path)/\(name)")
    let failure = #expect(throws: (any Error).self) {
      let store = try AuditStore.forTest(scratch.store)
      _ = try store.rotateKey()
    }
    #expect(
      "\(String(describing: failure))".contains("no plain file with one name"),
      "\(String(describing: failure))")
    #expect(try scratch.read(victim) == bytes)
  }

  @Test(arguments: [
    "log/checkpoint", "log/tile/0/000.p/20", "log/tile/entries/000.p/20", "blob", "journal",
  ])
  func `is verified and read in bounded memory, whatever the sizes of its files`(name: String) async throws {
    let scratch = Scratch()
    try await StoreMaker.make(scratch.store, events: 20)
    let blob = try Digest.sha256(Array("# A page\n".utf8))
    let digits = blob.rawValue.dropFirst(7)
    let path =
      switch name {
      case "blob": scratch.store.path + "/blobs/sha256/\(digits.prefix(2))/\(digits)"
      case "journal": scratch.journal
      default: "\(scratch.store.path)/\(name)"
      }
    // A hole: it takes no room on the disk, and no memory could hold it.
    chmod(path, 0o600)
    truncate(path, 1 << 43)
    #expect(try !StoreMaker.verify(scratch.store).summary.isSound)
    switch name {
    case "log/checkpoint": #expect(throws: AuditFailure.self) { try LogHead.open(scratch.store) }
    case "journal":
      let reader = try #require(try AuditReader.open(scratch.store))
      #expect(throws: AuditFailure.self) { try reader.history() }
      #expect(throws: AuditFailure.self) { try AuditStore.forTest(scratch.store) }
    case "blob":
      let reader = try #require(try AuditReader.open(scratch.store))
      #expect(throws: AuditFailure.self) { try reader.blob(blob) }
    case "log/tile/0/000.p/20":
      #expect(throws: AuditFailure.self) { try LogHead.open(scratch.store).proof(of: 3) }
    default: break
    }
    switch name {
    case "log/checkpoint": #expect(throws: AuditFailure.self) { try AuditStore.forTest(scratch.store) }
    case "journal": break
    // What is derived from the journal is made again.
    default: _ = try AuditStore.forTest(scratch.store)
    }
  }

  @Test func `is in folders that nobody else can rename it in`() async throws {
    let scratch = Scratch()
    let folder = scratch.path + "/shared"
    mkdir(folder, 0o700)
    let store = StoreLocation(path: folder + "/store")
    try await StoreMaker.make(store, events: 20)
    for mode: mode_t in [0o777, 0o770] {
      chmod(folder, mode)
      let failure = #expect(throws: AuditFailure.self) { try AuditStore.forTest(store) }
      #expect(failure?.reason.contains("'\(folder)' is a folder that others can write") == true)
    }
    // As in /tmp, nobody renames what is another's.
    chmod(folder, 0o1777)
    _ = try AuditStore.forTest(store)
    if geteuid() == 0 {
      chmod(folder, 0o755)
      chown(folder, 65534, 65534)
      #expect(throws: AuditFailure.self) { try AuditStore.forTest(store) }
    }
  }

  @Test func `holds a journal with one name only`() async throws {
    let scratch = Scratch()
    _ = try AuditStore.forTest(scratch.store)
    link(scratch.journal, scratch.path + "/second")
    let failure = #expect(throws: AuditFailure.self) { try AuditStore.forTest(scratch.store) }
    #expect(
      failure?.reason
        == "'00000000000000000000.jsonl' in the store is no plain file with one name, so what else it is would be written too"
    )
  }

  @Test func `takes no run name that leads out of it`() async throws {
    let scratch = Scratch()
    let store = try AuditStore.forTest(scratch.store)
    for name in ["..", ".", "a/b", "/etc", "", "a b"] {
      #expect(throws: AuditFailure.self, "\(name)") { try store.folder(of: RunID(name)) }
    }
  }

  @Test func `reading makes nothing`() throws {
    let scratch = Scratch()
    #expect(try AuditReader.open(scratch.store) == nil)
    #expect(access(scratch.store.path, F_OK) != 0)
  }
}

@Suite struct `Blobs` {
  @Test func `come back as they were, and twice the same is one`() async throws {
    let scratch = Scratch()
    let blobs = try AuditStore.forTest(scratch.store).blobs
    for bytes in [[], [0], Array("text\n".utf8), [UInt8](repeating: 7, count: 300_000)] {
      let digest = try blobs.put(bytes)
      #expect(try blobs.put(bytes) == digest)
      #expect(try blobs.bytes(of: digest) == bytes)
    }
    let files = try Command.run(["find", scratch.store.path + "/blobs", "-type", "f"]).output
    #expect(files.split(separator: "\n").count == 4)
    #expect(try Command.run(["find", scratch.store.path + "/runs", "-name", "blob-*"]).output == "")
  }

  @Test func `agree with sha256sum`() async throws {
    let scratch = Scratch()
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try scratch.write(bytes, to: scratch.path + "/file")
    let expected = try Command.run(["sha256sum", scratch.path + "/file"]).output.prefix(64)
    #expect(try Digest.sha256(bytes).rawValue == "sha256:\(expected)")
    #expect(
      try Digest.sha256([]).rawValue
        == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test func `whose bytes were changed are refused`() async throws {
    let scratch = Scratch()
    let blobs = try AuditStore.forTest(scratch.store).blobs
    let digest = try blobs.put(Array("true".utf8))
    let digits = String(digest.rawValue.dropFirst(7))
    let path = "\(scratch.store.path)/blobs/sha256/\(digits.prefix(2))/\(digits)"
    chmod(path, 0o600)
    try scratch.write(Array("fake".utf8), to: path)
    #expect(throws: AuditFailure.tampered("the blob \(digest) holds other bytes than were stored")) {
      try blobs.bytes(of: digest)
    }
  }

  @Test(arguments: [
    "sha256:", "sha256:../../../../etc/passwd", "md5:00", "",
    "sha256:ZZ" + String(repeating: "0", count: 62), "sha256:" + String(repeating: "0", count: 64),
  ])
  func `that are not there are not found`(digest: String) async throws {
    let scratch = Scratch()
    let blobs = try AuditStore.forTest(scratch.store).blobs
    let failure = #expect(throws: AuditFailure.self) { try blobs.bytes(of: Digest(digest)) }
    guard case .notFound? = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
  }
}
