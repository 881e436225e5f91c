import CCrypto
public import RunbookModel

/// A running SHA-256 (FIPS 180-4), computed by OpenSSL's libcrypto, which is loaded by the first one.
public struct SHA256: ~Copyable, Sendable {
  // Safe to move between threads, not to share: the struct cannot be copied.
  private nonisolated(unsafe) let context: OpaquePointer

  /// A hash of nothing yet.
  ///
  /// - Throws: `.unavailable` without libcrypto.so.3.
  public init() throws(AuditFailure) {
    guard let context = rb_sha256_create() else {
      let reason = String(cString: rb_crypto_error())
      throw .unavailable("SHA-256 is not available: \(reason.isEmpty ? "out of memory" : reason)")
    }
    self.context = context
  }

  deinit { rb_sha256_destroy(context) }

  /// Adds bytes.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    precondition(rb_sha256_update(context, bytes.baseAddress, bytes.count) == 0, "SHA-256 takes any bytes")
  }

  /// Adds bytes.
  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// The digest of all bytes since `init` or the last `finish`; the next byte begins a new hash.
  public mutating func finish() -> Hash {
    var hash = Hash()
    let status = withUnsafeMutableBytes(of: &hash.words) {
      rb_sha256_finish(context, $0.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    precondition(status == 0, "SHA-256 ends on any bytes")
    return hash
  }

  /// The 32 bytes of a SHA-256.
  public struct Hash: Hashable, Sendable {
    /// The bytes as they are in memory, first byte first.
    fileprivate(set) var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    fileprivate init() {}

    /// A hash from its 32 bytes.
    init?(_ bytes: some Collection<UInt8>) {
      guard bytes.count == 32 else { return nil }
      withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    }

    /// Its 32 bytes.
    var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// Calls `body` with its 32 bytes.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
      withUnsafeBytes(of: words, body)
    }

    public static func == (a: Self, b: Self) -> Bool { a.words == b.words }

    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    /// 64 lower-case hexadecimal digits.
    public var hexadecimal: String {
      String(unsafeUninitializedCapacity: 64) { digits in
        withUnsafeBytes(of: words) { Self.write($0, to: digits.baseAddress) }
        return 64
      }
    }

    /// Appends the 64 digits.
    func append(to text: inout [UInt8]) {
      let start = text.count
      text.append(contentsOf: repeatElement(0, count: 64))
      text.withUnsafeMutableBufferPointer { digits in
        withUnsafeBytes(of: words) { Self.write($0, to: digits.baseAddress.map { $0 + start }) }
      }
    }

    /// The digest with its algorithm in front.
    public var digest: Digest { Digest("sha256:" + hexadecimal) }

    private static func write(_ bytes: UnsafeRawBufferPointer, to digits: UnsafeMutablePointer<UInt8>?) {
      guard let digits else { return }
      for (index, byte) in bytes.enumerated() {
        digits[2 * index] = hexadecimalDigit(byte >> 4)
        digits[2 * index + 1] = hexadecimalDigit(byte & 15)
      }
    }
  }
}

/// The lower-case digit of a value below 16.
func hexadecimalDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

extension Digest {
  /// The SHA-256 of some bytes.
  ///
  /// - Throws: `.unavailable` without libcrypto.so.3.
  public static func sha256(_ bytes: UnsafeRawBufferPointer) throws(AuditFailure) -> Digest {
    var hash = try SHA256()
    hash.update(bytes)
    return hash.finish().digest
  }

  /// The SHA-256 of some bytes.
  public static func sha256(_ bytes: [UInt8]) throws(AuditFailure) -> Digest {
    var hash = try SHA256()
    hash.update(bytes)
    return hash.finish().digest
  }
}
