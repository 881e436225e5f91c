/// One request as it goes over the wire; nothing in it is looked at again.
public struct HTTPRequest: Sendable {
  /// One header line.
  public struct Field: Sendable {
    /// The name as sent.
    public let name: String
    /// The value's bytes, without CR, LF and NUL; may hold a secret.
    public let value: [UInt8]

    /// A line; the caller has refused control characters.
    public init(_ name: String, _ value: [UInt8]) {
      self.name = name
      self.value = value
    }

    /// A line whose value is text.
    public init(_ name: String, _ value: String) { self.init(name, Array(value.utf8)) }
  }

  /// The version of the protocol to ask for.
  public enum Version: Sendable, Equatable {
    /// HTTP/2 where TLS offers it (ALPN), else HTTP/1.1.
    case negotiated
    case http1_0, http1_1
    /// HTTP/2 by ALPN over TLS, by prior knowledge without.
    case http2
  }

  /// The method, upper case.
  public var method: String
  /// An absolute `http` or `https` URL, percent-encoded.
  public var url: String
  /// In order; a `Host`, `User-Agent` or `Accept` among them replaces the default one.
  public var fields: [Field]
  /// The body; nil: none, which is not the same as an empty one.
  public var body: [UInt8]?
  /// The version to ask for.
  public var version: Version
  /// How the peer is reached.
  public var route: Route
  /// Bytes of the decoded body that the response keeps; more is read, given to `onBody` and dropped.
  public var captureLimit: Int
  /// Gets the decoded body as it comes, on the client's own thread.
  public var onBody: (@Sendable (UnsafeRawBufferPointer) -> Void)?
  /// Connects, shakes hands and sends nothing.
  public var connectsOnly: Bool

  /// A request without fields and body.
  public init(
    method: String, url: String, fields: [Field] = [], body: [UInt8]? = nil, version: Version = .negotiated,
    route: Route = Route(), captureLimit: Int = 1 << 20,
    onBody: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil, connectsOnly: Bool = false
  ) {
    self.method = method
    self.url = url
    self.fields = fields
    self.body = body
    self.version = version
    self.route = route
    self.captureLimit = captureLimit
    self.onBody = onBody
    self.connectsOnly = connectsOnly
  }
}

/// How a peer is reached and why it is trusted.
public struct Route: Sendable, Hashable {
  /// A Unix socket instead of the URL's host and port.
  public var socketPath: String?
  /// Certificates to trust instead of the system's (PEM).
  public var authorityPath: String?
  /// Our own certificate (PEM) and its key.
  public var certificatePath: String?
  /// The key of our certificate (PEM).
  public var keyPath: String?
  /// Fixed addresses, `host:port:address` each, instead of name resolution.
  public var resolve: [String]
  /// A proxy's URL. The environment's `http_proxy` is never used.
  public var proxy: String?
  /// Limit for name resolution, connection and handshake together.
  public var connectTimeout: Duration

  /// The URL's own host, the system's certificates, no proxy.
  public init(
    socketPath: String? = nil, authorityPath: String? = nil, certificatePath: String? = nil,
    keyPath: String? = nil, resolve: [String] = [], proxy: String? = nil,
    connectTimeout: Duration = .seconds(10)
  ) {
    self.socketPath = socketPath
    self.authorityPath = authorityPath
    self.certificatePath = certificatePath
    self.keyPath = keyPath
    self.resolve = resolve
    self.proxy = proxy
    self.connectTimeout = connectTimeout
  }
}
