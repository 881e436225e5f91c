import Glibc
import RunbookModel
import Testing

/// A Redis of a test's own, which it may stop and break; it ends with this value.
final class RedisProcess: Sendable {
  let port: Int
  private let process: pid_t

  /// Starts `redis-server` without persistence and waits until it answers.
  init(arguments: [String] = []) throws {
    port = try Self.freePort()
    let words = [
      "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
      "--daemonize", "no", "--logfile", "/dev/null", "--dir", "/tmp", "--dbfilename",
      "redis-test-\(port).rdb",
    ]
    let all = (words + arguments).map { strdup($0) } + [nil]
    defer { all.forEach { free($0) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, "redis-server", nil, nil, all, environ)
    self.process = process
    try #require(code == 0, "redis-server cannot be started; run Tests/Services/install")
    for _ in 0..<500 {
      if Self.isListening(port) { return }
      usleep(20_000)
    }
    Issue.record("redis-server does not answer on port \(port)")
  }

  deinit {
    kill(process, SIGKILL)
    waitpid(process, nil, 0)
  }

  /// A target that leads there; with a user its password is the secret `password`.
  func target(user: String? = nil) -> Target {
    var settings: [String: Target.Setting] = [
      "host": .value(.text("127.0.0.1")), "port": .value(.plain(.integer(port))),
    ]
    if let user {
      settings["user"] = .value(.text(user))
      settings["password"] = .value(
        .secret(SecretReference(name: "password", source: .environment("PASSWORD"))))
    }
    return Target(name: "cache", type: "redis", settings: settings)
  }

  private static func withSocket<R>(_ body: (Int32) -> R) -> R {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    return body(descriptor)
  }

  private static func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    return address
  }

  private static func freePort() throws -> Int {
    var address = address(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withSocket { descriptor in
      withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, size) + getsockname(descriptor, $0, &size)
        }
      }
    }
    try #require(code == 0)
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private static func isListening(_ port: Int) -> Bool {
    var address = address(port)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withSocket { descriptor in
      withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) == 0 }
      }
    }
  }
}
