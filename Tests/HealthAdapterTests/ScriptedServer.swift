import Dispatch
import Glibc
import Synchronization

/// Answers every connection with the same bytes, well-formed or not, and keeps what it was sent.
final class ScriptedServer: Sendable {
  let port: UInt16
  private let listener: Int32
  private let requests = Mutex<[String]>([])

  /// Listens on a free port of 127.0.0.1; `answer` is sent once the head of a request came, then the connection
  /// is closed, with a reset where `resets`.
  init(answer: [UInt8], resets: Bool = false) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && getsockname(listener, address, &length) == 0
      }
    }
    precondition(bound && listen(listener, 16) == 0, "no free port")
    port = UInt16(bigEndian: address.sin_port)
    self.listener = listener
    DispatchQueue(label: "scripted-server").async { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        self?.serve(connection, answer, resets)
        close(connection)
      }
    }
  }

  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  /// What came so far.
  var received: [String] { requests.withLock { $0 } }

  private func serve(_ connection: Int32, _ answer: [UInt8], _ resets: Bool) {
    var request: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while !String(decoding: request, as: UTF8.self).contains("\r\n\r\n") {
      let count = read(connection, &buffer, buffer.count)
      guard count > 0 else { return }
      request += buffer[..<count]
    }
    requests.withLock { $0.append(String(decoding: request, as: UTF8.self)) }
    var sent = 0
    while sent < answer.count {
      let count = send(connection, Array(answer[sent...]), answer.count - sent, Int32(MSG_NOSIGNAL))
      guard count > 0 else { return }
      sent += count
    }
    var linger = linger(l_onoff: resets ? 1 : 0, l_linger: 0)
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
  }
}
