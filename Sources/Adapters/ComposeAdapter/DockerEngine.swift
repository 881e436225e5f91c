internal import Glibc
internal import HTTPTransport
internal import RunbookAdapter
internal import RunbookModel

/// The Docker Engine API, read only, by its socket: 2 ms where Compose's own program takes 350.
struct DockerEngine: Sendable {
  private let client: HTTPClient
  private let endpoint: EngineEndpoint
  private let address: String
  private let limits: TransferLimits
  /// The API's version in paths, `/v1.41`.
  private let prefix: String

  /// The newest API version whose answers are known to have the members used here.
  private static let newestVersion = (major: 1, minor: 51)

  /// Connects and agrees on a version.
  ///
  /// - Throws: `StepFailure` with reason `unreachable` where no engine answers.
  init(
    _ target: ComposeTarget, client: HTTPClient, limits: TransferLimits
  ) async throws(StepFailure) {
    switch target.endpoint {
    case .failure(let problem): throw StepFailure(.spawn, problem.message, effectIsPossible: false)
    case .success(let endpoint): self.endpoint = endpoint
    }
    self.client = client
    self.limits = limits
    address = target.dockerHost
    let ping: HTTPResponse
    do throws(TransferFailure) {
      ping = try await client.send(
        HTTPRequest(method: "GET", url: endpoint.url + "/_ping", route: endpoint.route), within: limits)
    } catch {
      throw Self.failure(error, address: target.dockerHost, socket: endpoint.route.socketPath)
    }
    guard ping.status == 200, let version = ping.field("api-version").flatMap(Self.version) else {
      throw StepFailure(
        .unreachable, "what answers at \(target.dockerHost) is no Docker engine", effectIsPossible: false)
    }
    let used = version > Self.newestVersion ? Self.newestVersion : version
    prefix = "/v\(used.major).\(used.minor)"
  }

  /// One request to prepare for `get`.
  func request(
    _ path: String, query: [(name: String, value: String)] = [], captureLimit: Int = 64 << 20,
    onBody: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil
  ) -> HTTPRequest {
    var url = endpoint.url + prefix + path
    for (index, item) in query.enumerated() {
      url += (index == 0 ? "?" : "&") + item.name + "=" + Self.encoded(item.value)
    }
    return HTTPRequest(
      method: "GET", url: url, version: .http1_1, route: endpoint.route, captureLimit: captureLimit,
      onBody: onBody)
  }

  /// Sends all requests at the same time; an answer of 404 is nil.
  func get(_ requests: [HTTPRequest]) async throws(StepFailure) -> [HTTPResponse?] {
    var responses: [HTTPResponse?] = []
    for result in await client.sendAll(requests, within: limits) {
      switch result {
      case .failure(let error):
        throw Self.failure(error, address: address, socket: endpoint.route.socketPath)
      case .success(let response) where response.status == 404: responses.append(nil)
      case .success(let response) where response.status >= 400:
        let message = (try? JSONValue(parsing: response.body))?["message"]?.string ?? response.statusLine
        throw StepFailure(.unreachable, "the Docker engine says: \(message)", effectIsPossible: false)
      case .success(let response): responses.append(response)
      }
    }
    return responses
  }

  /// The JSON at `path`; nil where there is no such thing.
  func json(
    _ path: String, query: [(name: String, value: String)] = []
  ) async throws(StepFailure) -> JSONValue? {
    try await json([request(path, query: query)])[0]
  }

  /// The JSON of several requests sent at the same time.
  func json(_ requests: [HTTPRequest]) async throws(StepFailure) -> [JSONValue?] {
    var values: [JSONValue?] = []
    for response in try await get(requests) {
      guard let response else {
        values.append(nil)
        continue
      }
      do throws(JSONParseError) {
        values.append(try JSONValue(parsing: response.body))
      } catch {
        throw StepFailure(
          .unreachable, "what the Docker engine sends is no JSON: \(error.message)", effectIsPossible: false)
      }
    }
    return values
  }

  /// Percent-encodes all but unreserved characters (RFC 3986).
  static func encoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        encoded += byte < 16 ? "%0" : "%"
        encoded += String(byte, radix: 16, uppercase: true)
      }
    }
    return encoded
  }

  /// The same with slashes kept, for an image's name in a path.
  static func encodedPath(_ text: String) -> String {
    text.split(separator: "/", omittingEmptySubsequences: false).map { encoded(String($0)) }.joined(
      separator: "/")
  }

  private static func version(_ text: String) -> (major: Int, minor: Int)? {
    let parts = text.split(separator: ".").map { Int($0) }
    guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
    return (major, minor)
  }

  private static func failure(
    _ failure: TransferFailure, address: String, socket: String?
  ) -> StepFailure {
    switch failure.kind {
    case .timeout:
      return StepFailure(.timeout, "the Docker engine: \(failure.message)", effectIsPossible: false)
    case .cancelled: return StepFailure(.cancelled, failure.message, effectIsPossible: false)
    case .tls:
      return StepFailure(.tls, "the Docker engine at \(address): \(failure.message)", effectIsPossible: false)
    case .internal: return StepFailure(.internal, failure.message, effectIsPossible: false)
    case .unreachable, .invalid:
      var reason = failure.message
      if let socket, access(socket, W_OK) != 0 {
        switch errno {
        case ENOENT, ENOTDIR: reason = "there is no such socket"
        case EACCES: reason = "no permission to use it; its users are usually in the group 'docker'"
        default: break
        }
      }
      return StepFailure(
        .unreachable, "no Docker engine answers at \(address): \(reason)", effectIsPossible: false)
    }
  }
}
