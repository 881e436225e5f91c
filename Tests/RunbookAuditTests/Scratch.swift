import Glibc
import RunbookModel
import TestSupport

@testable import RunbookAudit

/// A folder of a test's own, removed with it.
final class Scratch: Sendable {
  private let temporary = TemporaryFolder()
  var path: String { temporary.path }

  var store: StoreLocation { StoreLocation(path: path + "/state/store") }
  var journal: String { store.path + "/journal/" + Journal.name }

  func read(_ path: String) throws -> [UInt8] {
    let raw = open(path, O_RDONLY | O_CLOEXEC)
    guard raw >= 0 else { throw AuditFailure.system(errno, "open \(path)") }
    let file = Descriptor(owning: raw)
    return try file.bytes(0..<Int(try file.status().st_size))
  }

  func write(_ bytes: [UInt8], to path: String) throws {
    let raw = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard raw >= 0 else { throw AuditFailure.system(errno, "open \(path)") }
    let file = Descriptor(owning: raw)
    try bytes.withBytes { (buffer) throws(AuditFailure) in try file.write(buffer) }
  }
}

/// A program that a test asks for a second opinion.
enum Command {
  /// Runs a program to its end.
  ///
  /// - Returns: Its exit code, and what it wrote to standard output and error.
  static func run(_ words: [String]) throws -> (code: Int32, output: String) {
    var pipes: [Int32] = [0, 0]
    guard pipe(&pipes) == 0 else { throw AuditFailure.system(errno, "make a pipe") }
    for end in pipes { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let output = Descriptor(owning: pipes[0])
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 2)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { $0.withCString { strdup($0) } } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process: pid_t = 0
    let error = posix_spawnp(&process, words[0], &actions, nil, &arguments, environ)
    close(pipes[1])
    guard error == 0 else { throw AuditFailure.system(error, "start \(words[0])") }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = Descriptor.retrying({ read(output.rawValue, &buffer, buffer.count) }), count > 0 {
      bytes += buffer[..<count]
    }
    var status: Int32 = 0
    _ = Descriptor.retrying { waitpid(process, &status, 0) }
    return (status & 0x7f == 0 ? status >> 8 : -(status & 0x7f), String(decoding: bytes, as: UTF8.self))
  }

  /// Checks a journal's lines, numbers and hashes with nothing of ours.
  static func checkJournal(_ path: String) throws -> (code: Int32, output: String) {
    try run(["python3", "-c", journalCheck, path])
  }

  private static let journalCheck = """
    import hashlib, json, sys
    data = open(sys.argv[1], 'rb').read()
    assert data.endswith(b'\\n'), 'no line feed at the end'
    previous, last, ids = None, {}, set()
    for number, line in enumerate(data[:-1].split(b'\\n')):
        event = json.loads(line)
        assert event['seq'] == number, f'seq {event["seq"]} in line {number}'
        assert event.get('prev') == previous, f'prev of {number}'
        assert len(line) < 16384, f'{number} is too long'
        assert event['id'] not in ids, f'id of {number}'
        ids.add(event['id'])
        if 'run' in event:
            run = event['run']
            assert run.get('prev') == last.get(run['id']), f'run.prev of {number}'
            last[run['id']] = number
        previous = hashlib.sha256(b'\\0' + line).hexdigest()
    print(number + 1, 'events')
    """
}

extension AuditStore {
  /// A store for a test: an actor of its own, more patience than a loaded machine needs, and what else is to be
  /// replaced.
  static func forTest(
    _ location: StoreLocation, clock: AuditClock = .system, device: JournalDevice = .system,
    limitMilliseconds: Int64 = 60_000, sinks: [SinkPlace] = []
  ) throws(AuditFailure) -> AuditStore {
    try AuditStore(
      location, actor: Actor(kind: .human, user: "eve", uid: 1000), clock: clock, device: device,
      limitMilliseconds: limitMilliseconds, sinks: sinks,
      program: { _ in ProgramIdentity(version: "1.2.3", digest: EventSamples.sha) })
  }
}

extension RunEvent {
  static func sample(_ kind: Kind, run: String = "20261120T231500Z-k3xqd") -> RunEvent {
    RunEvent(run: RunID(run), mode: .run, kind: kind)
  }
}
