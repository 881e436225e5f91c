/// What came back.
public struct HTTPResponse: Sendable {
  /// When each phase was over, from the start of the request; zero where there was no such phase.
  public struct Timings: Sendable, Equatable {
    /// The host's name was resolved.
    public var nameResolved: Duration = .zero
    /// The peer accepted the connection.
    public var connected: Duration = .zero
    /// TLS was agreed on.
    public var handshaken: Duration = .zero
    /// The first byte of the response came.
    public var firstByte: Duration = .zero
    /// All was over.
    public var total: Duration = .zero
  }

  /// Three digits; 0 where nothing was asked, or no answer had come when it was cut off.
  public var status: Int
  /// `HTTP/1.1 503 Service Unavailable` as sent, without the line end; HTTP/2 has no reason phrase.
  public var statusLine: String
  /// `1.0`, `1.1`, `2`.
  public var version: String
  /// In order, names in lower case, values without surrounding space.
  public var fields: [(name: String, value: String)]
  /// The decoded body, or its head.
  public var body: [UInt8]
  /// Bytes of the decoded body, kept or not.
  public var byteCount: Int
  /// How long it took.
  public var timings: Timings
  /// The server's certificate; nil without TLS.
  public var certificate: Certificate?
  /// The peer's numeric address and port, or the socket's path.
  public var remoteAddress: String
  /// Whether `TransferLimits.duration` ended it before the server did.
  public var wasCutOff: Bool

  /// Whether the body is more than was kept.
  public var isTruncated: Bool { byteCount > body.count }

  /// The first field of that lower-case name.
  public func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// Why there is no response.
public struct TransferFailure: Error, Sendable, Equatable {
  /// The kinds that callers tell apart.
  public enum Kind: Sendable, Equatable {
    /// No connection, or it broke, or what came is not HTTP.
    case unreachable
    /// The handshake or a certificate.
    case tls
    /// `TransferLimits.deadline`.
    case timeout
    /// `TransferLimits.interrupt`.
    case cancelled
    /// The request cannot be sent as it is.
    case invalid
    /// libcurl is missing or broken.
    case `internal`
  }

  /// Which kind.
  public var kind: Kind
  /// For people: what libcurl says, with its code.
  public var message: String
  /// Whether at least one byte of the request was sent.
  public var wasSent: Bool
}
