internal import CCurl
internal import RunbookAdapter

/// Sends HTTP requests by libcurl, on a thread of its own.
///
/// No redirect is followed, no cookie kept, no `.netrc`, proxy variable or other ambient setting used, and no
/// request is sent twice.
public actor HTTPClient {
  private let executor: BlockingExecutor

  /// A client with no connections; libcurl is loaded by the first request.
  public init(label: String) { executor = BlockingExecutor(label: label) }

  /// The thread on which everything here happens.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Sends one request and reads its response to the end.
  public func send(
    _ request: HTTPRequest, within limits: TransferLimits
  ) throws(TransferFailure) -> HTTPResponse {
    switch sendAll([request], within: limits).first {
    case .success(let response)?: return response
    case .failure(let failure)?: throw failure
    case nil: preconditionFailure("every request has a result")
    }
  }

  /// Sends all requests at the same time; the results stand in the order of the requests.
  public func sendAll(
    _ requests: [HTTPRequest], within limits: TransferLimits
  ) -> [Result<HTTPResponse, TransferFailure>] {
    do throws(TransferFailure) {
      let session = try CurlSession()
      for request in requests { try session.add(request) }
      return session.run(within: limits)
    } catch {
      return requests.map { _ in .failure(error) }
    }
  }

  /// What the server's certificate says, whether or not it is to be trusted: for messages about one that is
  /// not. Nothing is sent but a handshake.
  public func untrustedCertificate(
    of request: HTTPRequest, within limits: TransferLimits
  ) -> Certificate? {
    var request = request
    request.connectsOnly = true
    guard let session = try? CurlSession() else { return nil }
    guard (try? session.add(request, verifiesPeer: false)) != nil else { return nil }
    return try? session.run(within: limits).first?.get().certificate
  }
}
