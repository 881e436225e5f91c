import Glibc
import RunbookLocks
import RunbookModel
import TestSupport
import Testing

@Suite struct LockTests {
  private let temporary = TemporaryFolder()
  private var folder: String { temporary.path }

  private var path: String { folder + "/a.lock" }

  private static let holder = LockHolder(
    run: RunID("20261120T231500Z-k3xqd"), host: "web-1", user: "ada", pid: 4711,
    since: "2026-11-20T23:15:00.000Z",
    store: "/s")

  private func write(_ text: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let bytes = Array(text.utf8)
    _ = Glibc.write(file, bytes, bytes.count)
    close(file)
  }

  @Test func `a lock that is held names its holder, host and since when`() throws {
    let lock = try LockFile.take(path, mode: 0o600)
    #expect(throws: LockFailure.held(nil)) { try LockFile.take(path, mode: 0o600) }
    try lock.claim(Self.holder)
    #expect(throws: LockFailure.held(Self.holder)) { try LockFile.take(path, mode: 0o600) }
    #expect(
      Self.holder.text
        == "run 20261120T231500Z-k3xqd of ada on web-1 (process 4711) since 2026-11-20T23:15:00.000Z")
  }

  @Test func `a lock given back is free and names nobody, unless its name is to stay`() throws {
    let first = try LockFile.take(path, mode: 0o600)
    try first.claim(Self.holder)
    first.release(keepsName: false)
    let second = try LockFile.take(path, mode: 0o600)
    #expect(second.predecessor == nil)
    try second.claim(Self.holder)
    second.release(keepsName: true)
    #expect(try LockFile.take(path, mode: 0o600).predecessor == Self.holder)
  }

  @Test func `a holder that went away without giving back is the predecessor`() throws {
    do {
      let lock = try LockFile.take(path, mode: 0o600)
      try lock.claim(Self.holder)
    }
    #expect(try LockFile.take(path, mode: 0o600).predecessor == Self.holder)
  }

  @Test func `a shorter claim over a longer one leaves nothing of it`() throws {
    var long = Self.holder
    long.host = String(repeating: "h", count: 200)
    do { try LockFile.take(path, mode: 0o600).claim(long) }
    do { try LockFile.take(path, mode: 0o600).claim(Self.holder) }
    #expect(try LockFile.take(path, mode: 0o600).predecessor == Self.holder)
  }

  @Test(arguments: ["x", "{}", #"{"run":"a","host":"b"}"#, "\u{0}\u{0}"])
  func `a file that names nobody that can be made out gives no lock`(text: String) throws {
    write(text)
    #expect(throws: LockFailure.self) { try LockFile.take(path, mode: 0o600) }
    #expect(try LockFile.take(path, mode: 0o600, readsPredecessor: false).predecessor == nil)
  }

  @Test func `no lock on a link, a folder, or where there is no folder`() throws {
    symlink(folder + "/target", path)
    #expect(throws: LockFailure.self) { try LockFile.take(path, mode: 0o600) }
    unlink(path)
    mkdir(path, 0o700)
    #expect(throws: LockFailure.self) { try LockFile.take(path, mode: 0o600) }
    rmdir(path)
    #expect(throws: LockFailure.self) { try LockFile.take(folder + "/no/a.lock", mode: 0o600) }
  }

  @Test func `locks are in the shared folder where there is one that can be trusted, else in the store`()
    throws
  {
    let shared = folder + "/shared"
    #expect(try LockFolder(store: folder, shared: shared).path == folder + "/locks")
    symlink("/tmp", shared)
    #expect(try LockFolder(store: folder, shared: shared).path == folder + "/locks")
    unlink(shared)
    mkdir(shared, 0o700)
    chmod(shared, 0o777)
    #expect(throws: LockFailure.self) { try LockFolder(store: folder, shared: shared) }
    chmod(shared, 0o1777)
    let chosen = try LockFolder(store: folder, shared: shared)
    #expect(chosen.path == shared && chosen.mode == 0o660)
    #expect(chosen.file(of: "postgres") == shared + "/postgres.lock")
    #expect(throws: LockFailure.self) { try LockFolder(store: folder + "/no", shared: "/nowhere") }
  }
}
