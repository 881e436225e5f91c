import Dispatch
import Glibc
import Synchronization

/// Looks up a host's addresses without being stuck in the resolver: `getaddrinfo` knows no deadline, and a
/// dead name server costs it 10 s and more.
public struct HostLookup: Sendable {
  /// One address of a host.
  public struct Address: Sendable, Hashable {
    /// `AF_INET` or `AF_INET6`.
    public let family: Int32
    /// The `sockaddr`, port included.
    public let bytes: [UInt8]

    /// The address as digits, for example `127.0.0.1`; nil where the C library cannot write it.
    public var text: String? {
      var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let code = bytes.withUnsafeBytes { bytes in
        bytes.baseAddress.map {
          getnameinfo(
            $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count), &name, socklen_t(name.count),
            nil,
            0, NI_NUMERICHOST)
        }
      }
      guard code == 0 else { return nil }
      return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    }
  }

  /// How a lookup ended.
  public enum Outcome: Sendable, Equatable {
    /// At least one, in the order of preference of the system.
    case found([Address])
    /// The resolver's words.
    case unknown(String)
    case deadline
    case interrupted
  }

  /// Finds the TCP addresses of `host`; call it on a `BlockingExecutor` only.
  ///
  /// After a deadline or an interruption a thread may still wait for the resolver; it ends when that does.
  public static func addresses(
    of host: String, port: Int, in context: StepContext, until limit: ContinuousClock.Instant
  ) -> Outcome {
    guard let answer = Answer() else { return .unknown("no descriptor is left for the lookup") }
    DispatchQueue.global().async { answer.fill(resolve(host, port)) }
    switch context.wait(for: answer.descriptor, events: POLLIN, until: limit) {
    case .ready: return answer.outcome
    case .deadline: return .deadline
    case .interrupted: return .interrupted
    }
  }

  private static func resolve(_ host: String, _ port: Int) -> Outcome {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &list)
    defer { if list != nil { freeaddrinfo(list) } }
    guard code == 0 else { return .unknown(gai_strerror(code).map { String(cString: $0) } ?? "no address") }
    var addresses: [Address] = []
    var next = list
    while let entry = next?.pointee {
      if let address = entry.ai_addr {
        let bytes = Array(UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen)))
        addresses.append(Address(family: entry.ai_family, bytes: bytes))
      }
      next = entry.ai_next
    }
    return addresses.isEmpty ? .unknown("no address") : .found(addresses)
  }

  /// What the resolver's thread leaves for the one that waits; it lives as long as either needs it.
  private final class Answer: Sendable {
    /// Readable once the answer is there.
    let descriptor: Int32
    private let writeEnd: Int32
    private let state = Mutex(Outcome.unknown("no answer"))

    init?() {
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else { return nil }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      descriptor = ends[0]
      writeEnd = ends[1]
    }

    deinit {
      close(descriptor)
      close(writeEnd)
    }

    var outcome: Outcome { state.withLock { $0 } }

    func fill(_ outcome: Outcome) {
      state.withLock { $0 = outcome }
      var byte: UInt8 = 1
      _ = write(writeEnd, &byte, 1)
    }
  }
}
