internal import HTTPTransport
public import RunbookAdapter
public import RunbookModel

/// Sends one HTTP request and judges its answer.
///
/// A status below 400 is a success where the step does not say what it expects. No redirect is followed: where a
/// service sends its callers is part of its health.
public struct HealthAdapter: Adapter {
  private let client = HTTPClient(label: "runbook.http")

  /// libcurl is loaded by the first request.
  public init() {}

  public var languages: [String] { ["http"] }
  public var targetTypes: [any TargetType] { [HTTPTargetType()] }
  public var acceptedTargets: [String]? { ["http"] }

  public func options(from fields: inout FieldReader) -> HTTPStep? { RequestParser.step(from: &fields) }

  /// Safe methods are reads by their definition; of the others only the service knows.
  public func effect(of step: HTTPStep) -> Effect.Claim {
    step.isSafe ? Effect.Claim(.read, isKnown: true) : Effect.Claim(.write, isKnown: false)
  }

  public func summary(of step: HTTPStep) -> String { "send \(step.method) \(step.resourceText)" }

  public func problems(of step: HTTPStep, on target: Target) -> [String] {
    guard case .absolute(let origin) = step.location, case .success(let base) = HTTPTarget.base(of: target),
      base.origin != origin
    else { return [] }
    return ["\(origin.text) is not target '\(target.name)' (\(base.origin.text)); write the path only"]
  }

  public func invocation(of step: HTTPStep, on target: Target, values: [String: Value]) -> String {
    do throws(StepFailure) {
      let request = try RenderedRequest(
        step, on: try HTTPTarget(target),
        value: { name throws(StepFailure) in
          switch values[name] {
          case .plain(let value)?: .plain(value)
          case .secret?: .secret(Array("***".utf8))
          case nil: .plain(.string("${\(name)}"))
          }
        }, open: { value throws(StepFailure) in Array(value.displayText.utf8) })
      return request.text
    } catch {
      return "\(step.method) \(step.resourceText)\n# \(error.detail)"
    }
  }

  @concurrent public func rehearse(
    _ step: HTTPStep, in context: StepContext
  ) async throws(StepFailure) -> Rehearsal {
    var request = try request(step, in: context)
    request.connectsOnly = true
    let response = try await send(request, in: context, isRehearsal: true)
    var proof = "\(response.remoteAddress) accepts connections"
    if let certificate = response.certificate { proof += "; \(certificate.text(now: .now))" }
    return .verified("\(proof); \(step.method) was not sent")
  }

  @concurrent public func perform(
    _ step: HTTPStep, in context: StepContext
  ) async throws(StepFailure) -> RawResult {
    let response = try await send(try request(step, in: context), in: context, isRehearsal: false)
    guard response.status > 0 else {
      throw StepFailure(
        .timeout, "no response while the step lasted", effectIsPossible: context.effect > .read)
    }
    context.output.write(response.display, to: .standardOutput)
    var result = RawResult(response.members)
    if response.status >= 400 {
      result.failure = StepFailure(
        .expectation, "status \(response.status), below 400 is expected",
        effectIsPossible: context.effect > .read && response.status >= 500)
    }
    return result
  }

  private func request(_ step: HTTPStep, in context: StepContext) throws(StepFailure) -> HTTPRequest {
    let target = try HTTPTarget(context.target)
    let request = try RenderedRequest(
      step, on: target, value: { name throws(StepFailure) in try context.filled(name) },
      open: { value throws(StepFailure) in try context.bytes(of: value) })
    return HTTPRequest(
      method: request.method, url: request.url, fields: request.fields, body: request.body,
      version: step.requestVersion, route: target.route, captureLimit: context.captureLimit)
  }

  private func send(
    _ request: HTTPRequest, in context: StepContext, isRehearsal: Bool
  ) async throws(StepFailure) -> HTTPResponse {
    do throws(TransferFailure) {
      return try await client.send(request, within: TransferLimits(context))
    } catch {
      var detail = error.message
      if error.kind == .tls, context.interrupt.level == .none {
        let limits = TransferLimits(
          deadline: min(context.deadline, .now + .seconds(5)), interrupt: context.interrupt)
        if let certificate = await client.untrustedCertificate(of: request, within: limits) {
          detail += "; \(certificate.text(now: .now))"
        }
      }
      throw StepFailure(
        StepFailure.Reason(error.kind), detail,
        effectIsPossible: error.wasSent && context.effect > .read && !isRehearsal)
    }
  }
}

extension HTTPStep {
  fileprivate var requestVersion: HTTPRequest.Version {
    switch version {
    case "1.0": .http1_0
    case "1.1": .http1_1
    case "2": .http2
    default: .negotiated
    }
  }
}

extension StepFailure.Reason {
  fileprivate init(_ kind: TransferFailure.Kind) {
    self =
      switch kind {
      case .unreachable: .unreachable
      case .tls: .tls
      case .timeout: .timeout
      case .cancelled: .cancelled
      case .invalid: .spawn
      case .internal: .internal
      }
  }
}

extension RenderedRequest {
  /// As the REST clients would write it.
  fileprivate var text: String {
    var lines = ["\(method) \(url)"]
    for field in fields { lines.append("\(field.name): \(String(decoding: field.value, as: UTF8.self))") }
    if let body { lines += ["", String(decoding: body, as: UTF8.self)] }
    return lines.joined(separator: "\n")
  }
}
