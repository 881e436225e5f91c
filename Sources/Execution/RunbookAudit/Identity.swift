import Glibc
import RunbookModel

/// Who is running the program, as far as the kernel and the environment tell.
public struct Actor: Sendable, Hashable {
  /// What kind of actor it is.
  public enum Kind: String, Sendable, CaseIterable {
    /// A process with a controlling terminal.
    case human
    /// A job of a build server: `CI` is set in the environment (and neither empty, `0` nor `false`).
    case ci
    /// Anything else without a terminal: cron, a timer, a script over ssh, another program; also what calls
    /// itself so with `RUNBOOK_ACTOR=agent`.
    case agent
  }

  public var kind: Kind
  /// The name of `uid`.
  public var user: String
  /// The effective user.
  public var uid: UInt32
  /// Who logged in, even behind `sudo`; nil where no login is known (`/proc/self/loginuid`).
  public var loginUID: UInt32?
  /// The terminal of descriptors 0, 1 or 2, for example `/dev/pts/3`.
  public var tty: String?
  /// The client's address as `SSH_CONNECTION` tells it; a claim, not a proof.
  public var remote: String?

  /// An actor.
  public init(kind: Kind, user: String, uid: UInt32) {
    self.kind = kind
    self.user = user
    self.uid = uid
  }

  /// Who runs this process.
  ///
  /// - Parameter variable: The value of an environment variable, nil where it is not set.
  public static func current(environment variable: (String) -> String?) -> Actor {
    let uid = geteuid()
    var actor = Actor(
      kind: kind(variable, hasTerminal: hasControllingTerminal()), user: name(of: uid), uid: uid)
    if let text = ProcFile.text("/proc/self/loginuid"), let login = UInt32(text), login != .max {
      actor.loginUID = login
    }
    actor.tty = (0...2).lazy.compactMap { terminalName(Int32($0)) }.first
    actor.remote = variable("SSH_CONNECTION")?.split(separator: " ").first.map { clipped(String($0)) }
    return actor
  }

  /// Who runs this process, by its own environment.
  public static func current() -> Actor { current { getenv($0).map { String(cString: $0) } } }

  /// The rules of `Kind`. `RUNBOOK_ACTOR` can say `ci` or `agent`; nobody becomes human by saying so.
  static func kind(_ variable: (String) -> String?, hasTerminal: Bool) -> Kind {
    switch variable("RUNBOOK_ACTOR").flatMap({ Kind(rawValue: $0) }) {
    case .ci?: return .ci
    case .agent?: return .agent
    case .human?, nil: break
    }
    if let ci = variable("CI"), !["", "0", "false"].contains(ci) { return .ci }
    return hasTerminal ? .human : .agent
  }

  /// Field 7 of `/proc/self/stat`, counted behind the command's closing parenthesis (proc_pid_stat(5)).
  private static func hasControllingTerminal() -> Bool {
    guard let text = ProcFile.text("/proc/self/stat"), let end = text.lastIndex(of: ")") else { return false }
    let fields = text[text.index(after: end)...].split(separator: " ")
    return fields.count > 4 && fields[4] != "0"
  }

  private static func name(of uid: uid_t) -> String {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name
    else { return String(uid) }
    return clipped(String(cString: name))
  }

  private static func terminalName(_ descriptor: Int32) -> String? {
    var buffer = [CChar](repeating: 0, count: 256)
    guard ttyname_r(descriptor, &buffer, buffer.count) == 0 else { return nil }
    return buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
  }

  /// At most 256 bytes: what a stranger can choose must not fill an event.
  private static func clipped(_ text: String) -> String {
    text.utf8.count <= 256 ? text : String(decoding: text.utf8.prefix(256), as: UTF8.self)
  }

  /// Its members in the order of the log.
  var encoded: JSONValue {
    var members: [JSONValue.Member] = [
      .init("kind", .string(kind.rawValue)), .init("user", .string(user)), .init("uid", .integer(uid)),
    ]
    if let loginUID { members.append(.init("login_uid", .integer(loginUID))) }
    if let tty { members.append(.init("tty", .string(tty))) }
    if let remote { members.append(.init("remote", .string(remote))) }
    return .object(members)
  }
}

/// The machine and its boot.
struct Machine: Sendable, Hashable {
  /// The kernel's random name for this boot; tells whether `mono_ns` of two events can be compared.
  var boot: String
  /// The host's name.
  var host: String

  /// This machine.
  static func current() -> Machine {
    var name = utsname()
    uname(&name)
    let host = withUnsafeBytes(of: &name.nodename) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return Machine(boot: ProcFile.text("/proc/sys/kernel/random/boot_id") ?? "unknown", host: host)
  }
}

/// Small files of `/proc`.
enum ProcFile {
  /// The file's text without white space at its end; nil where it cannot be read. At most 4 KiB.
  static func text(_ path: String) -> String? {
    let raw = open(path, O_RDONLY | O_CLOEXEC)
    guard raw >= 0 else { return nil }
    let file = Descriptor(owning: raw)
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = Descriptor.retrying { read(file.rawValue, &buffer, 4096) }
    guard count > 0 else { return nil }
    var text = buffer[..<count]
    while let last = text.last, last == 0x0a || last == 0x20 { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }
}
