import CCrypto
import Synchronization

/// Certificates of authorities whose time stamps (RFC 3161) are believed.
public final class TimeStampAuthorities: Sendable {
  private struct Handle: @unchecked Sendable {
    // Used under the lock only.
    let pointer: OpaquePointer
  }

  private let handle: Mutex<Handle>

  /// Reads certificates in PEM.
  ///
  /// - Throws: `.unavailable` where the file holds none, or libcrypto is missing.
  public init(path: String) throws(AuditFailure) {
    var problem = [CChar](repeating: 0, count: 256)
    guard let pointer = rb_authorities_load(path, &problem, problem.count) else {
      throw .unavailable("no certificates could be read from '\(path)': \(Self.text(problem))")
    }
    handle = Mutex(Handle(pointer: pointer))
  }

  deinit { handle.withLock { rb_authorities_destroy($0.pointer) } }

  /// What became of a time stamp.
  enum Judgement: Equatable {
    /// One of the authorities saw the data then.
    case holds(Timestamp)
    /// Why it is not to be believed.
    case broken(String)
  }

  /// Judges the response of an authority over some data. Certificates count as of the stamp's own time; whether one
  /// was revoked is not asked.
  func judge(_ response: [UInt8], over data: [UInt8]) -> Judgement {
    var seconds: Int64 = 0
    var problem = [CChar](repeating: 0, count: 256)
    let result = handle.withLock { handle in
      rb_timestamp_verify(
        handle.pointer, response, response.count, data, data.count, &seconds, &problem, problem.count)
    }
    return result == 0 ? .holds(Timestamp(milliseconds: seconds * 1000)) : .broken(Self.text(problem))
  }

  private static func text(_ bytes: [CChar]) -> String {
    String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
