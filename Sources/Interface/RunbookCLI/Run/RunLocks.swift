import Glibc
import RunbookAudit
import RunbookEngine
import RunbookLocks
import RunbookModel
import RunbookProcesses

/// The locks of one process of a run: one on the run itself, so that no two processes walk it, and the page's.
struct RunLocks {
  /// The page's locks, in the order they were taken.
  private(set) var claims: [LockClaim] = []

  private let holder: LockHolder
  private let life: LockFile
  private var files: [LockFile] = []

  /// Takes the lock on the run itself.
  ///
  /// - Parameter patience: How long a supervisor without executor may take to end what it has in hand.
  /// - Throws: `CommandFailure` with exit code 6 where the run is alive, naming its process.
  init(run: RunID, store: AuditStore, patience: Duration = .zero) throws(CommandFailure) {
    holder = LockHolder(
      run: run, host: Self.host, user: Actor.current().user, pid: getpid(),
      since: Timestamp(milliseconds: Int64(time(nil)) * 1000).description, store: Self.path(of: store))
    let path: String
    do throws(AuditFailure) {
      path = try store.folder(of: run) + "/holder"
    } catch {
      throw CommandFailure(
        "nothing was run, because the audit log cannot be written: \(error.reason)", exitCode: 74)
    }
    life = try Self.life(at: path, holder, patience)
    do throws(AuditFailure) {
      try store.tie(to: path, descriptor: life.descriptor)
    } catch {
      throw CommandFailure("nothing was run: \(error.reason)", exitCode: 74)
    }
  }

  private static func life(
    at path: String, _ holder: LockHolder, _ patience: Duration
  ) throws(CommandFailure) -> LockFile {
    let deadline = ContinuousClock.now + patience
    while true {
      do throws(LockFailure) {
        let life = try LockFile.take(path, mode: 0o600, readsPredecessor: false)
        try life.claim(holder)
        return life
      } catch {
        switch error {
        case .unusable(let reason): throw CommandFailure("nothing was run: \(reason)", exitCode: 6)
        case .held(let other):
          if ContinuousClock.now < deadline, other.map({ isDead($0) }) ?? true {
            usleep(10_000)
            continue
          }
          throw CommandFailure(
            "the run is alive and cannot be resumed: it is \(words(for: other))", exitCode: 6)
        }
      }
    }
  }

  /// Takes the page's locks, all or none.
  ///
  /// - Throws: `CommandFailure` with exit code 6, naming who has the lock, where and since when.
  mutating func take(_ names: [String], store: AuditStore) throws(CommandFailure) {
    guard !names.isEmpty else { return }
    do throws(CommandFailure) {
      let folder = try Self.translating("") { () throws(LockFailure) in
        try LockFolder(store: Self.path(of: store))
      }
      // In one order for all, so that no two runs take them crosswise.
      for name in names.sorted() {
        let file = try Self.translating(name) { () throws(LockFailure) in
          try Self.patiently { () throws(LockFailure) in
            try LockFile.take(folder.file(of: name), mode: folder.mode)
          }
        }
        var from: RunID?
        if let predecessor = file.predecessor, predecessor.run != holder.run {
          try Self.refuseDebt(of: predecessor, on: name, store: store)
          from = predecessor.run
        }
        try Self.translating(name) { () throws(LockFailure) in try file.claim(holder) }
        files.append(file)
        claims.append(LockClaim(name: name, from: from))
      }
    } catch {
      // What this run itself left open before is still open.
      for file in files { file.release(keepsName: file.predecessor?.run == holder.run) }
      files = []
      claims = []
      throw error
    }
  }

  /// Makes the supervisor of `processes` hold them too.
  func share(with processes: SupervisedProcesses) throws(StepFailure) {
    for file in [life] + files { try processes.hold(lock: file.descriptor) }
  }

  /// Gives all of them back; the names stay where the run left something open.
  func release(leavesDebt: Bool) {
    for file in files { file.release(keepsName: leavesDebt) }
    life.release(keepsName: false)
  }

  /// Nobody takes the place of a dead run that may have changed something and did not say whether it did.
  private static func refuseDebt(
    of predecessor: LockHolder, on name: String, store: AuditStore
  ) throws(CommandFailure) {
    let run = predecessor.run
    let lock = "the lock '\(name)' was last held by \(predecessor.text)"
    guard predecessor.store == path(of: store) else {
      throw CommandFailure(
        "\(lock), which is dead; whether it left anything open stands in the log in '\(predecessor.store)': "
          + "run 'runbook resume \(run)' there", exitCode: 6)
    }
    let events: [StoredEvent]
    do throws(AuditFailure) {
      events = try AuditReader.open(store.location)?.events(of: run) ?? []
    } catch {
      // Its first event was not written yet, so it began nothing.
      if case .notFound = error { return }
      throw CommandFailure("\(lock), which is dead, and the log cannot be read: \(error.reason)", exitCode: 6)
    }
    guard events.allSatisfy({ $0.kind != nil }) else {
      throw CommandFailure("\(lock), which is dead, and its events cannot be read", exitCode: 6)
    }
    guard let open = OpenWrite(in: events.compactMap(\.kind)) else { return }
    throw CommandFailure(
      "\(lock), which is dead; it began '\(open.step)', and nobody saw whether that took effect",
      listing: [
        "go on with it:  runbook resume \(run)",
        "or give it up:  runbook resume \(run) --give-up --note 'why'",
      ], exitCode: 6)
  }

  /// Waits for the supervisor of a dead executor, which is about to end.
  private static func patiently<R>(_ body: () throws(LockFailure) -> R) throws(LockFailure) -> R {
    let deadline = ContinuousClock.now + .seconds(12)
    while true {
      do throws(LockFailure) {
        return try body()
      } catch {
        guard case .held(let holder?) = error, isDead(holder), ContinuousClock.now < deadline else {
          throw error
        }
        usleep(10_000)
      }
    }
  }

  /// The process that goes on with a run, as far as this machine can tell; nil where there is none.
  ///
  /// - Parameter store: The directory of the log that tells of the run.
  static func livingHolder(of run: RunID, store: String) -> LockHolder? {
    guard case .held(let holder?) = LockFile.standing("\(store)/runs/\(run)/holder"), !isDead(holder) else {
      return nil
    }
    return holder
  }

  /// Whether the executor is gone, as far as this machine can tell.
  private static func isDead(_ holder: LockHolder) -> Bool {
    holder.host == host && kill(holder.pid, 0) != 0 && errno == ESRCH
  }

  private static func translating<R>(
    _ name: String, _ body: () throws(LockFailure) -> R
  ) throws(CommandFailure) -> R {
    do throws(LockFailure) {
      return try body()
    } catch {
      switch error {
      case .unusable(let reason): throw CommandFailure("nothing was run: \(reason)", exitCode: 6)
      case .held(let holder):
        throw CommandFailure("nothing was run: the lock '\(name)' is \(words(for: holder))", exitCode: 6)
      }
    }
  }

  private static func words(for holder: LockHolder?) -> String {
    guard let holder else { return "held by a process that did not write down who it is" }
    guard isDead(holder) else { return "held by \(holder.text)" }
    return
      "held by what \(holder.text) left: its process is dead, and the supervisor still ends its last step"
  }

  private static var host: String {
    var name = utsname()
    uname(&name)
    return withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// Absolute, so that it means the same to others.
  private static func path(of store: AuditStore) -> String {
    Files.realPath(store.location.path) ?? store.location.path
  }
}
