import HTTPTransport
import RunbookAudit
import RunbookDiagnostics

/// Has a witness sign the log's newest checkpoint (C2SP tlog-witness).
struct WitnessAnchor {
  /// What `/add-checkpoint` follows.
  let url: String
  /// Whose signature counts.
  let key: WitnessKey

  private static let patience = Duration.seconds(30)
  /// A hundred signatures of the longest kind that is known.
  private static let answerLimit = 1 << 19

  /// Proves to the witness that the log goes on from what it has seen, and keeps what it signed.
  ///
  /// The proof begins at the last checkpoint in `anchors/` that this witness signed; where it has seen another size,
  /// it says so, and gets a proof from there, once.
  ///
  /// - Returns: Where the checkpoint is now, for people and the log.
  func leave(_ head: LogHead, _ location: StoreLocation) async throws -> String {
    let (anchors, size) = try AuditReader.reading { () throws(AuditFailure) in
      let anchors = try LogAnchors.open(location)
      return (anchors, try anchors.lastSize(signedBy: key))
    }
    var answer = try await ask(head, from: size)
    if case .has(let seen) = answer { answer = try await ask(head, from: seen) }
    switch answer {
    case .signed(let note, let time):
      let name = try AuditReader.reading { () throws(AuditFailure) in try anchors.keep(note) }
      return "signed by the witness \(key.name) at \(time), in anchors/\(name)"
    case .has(let seen): throw failure("it has seen \(seen) events now: somebody else shows it the log, too")
    case .refused(let reason): throw failure(reason)
    }
  }

  private func ask(_ head: LogHead, from size: UInt64) async throws -> WitnessAnswer {
    let proof = try AuditReader.reading { () throws(AuditFailure) in try head.consistency(from: size) }
    let request = HTTPRequest(
      method: "POST", url: url.hasSuffix("/") ? url + "add-checkpoint" : url + "/add-checkpoint",
      fields: [.init("Content-Type", "text/plain; charset=utf-8")], body: Array(proof.text.utf8),
      captureLimit: Self.answerLimit)
    let response: HTTPResponse
    do throws(TransferFailure) {
      response = try await HTTPClient(label: "runbook.witness").send(
        request, within: TransferLimits(deadline: .now + Self.patience, interrupt: SignalInterrupt()))
    } catch { throw failure(error.message) }
    guard !response.isTruncated else { throw failure("its answer is too long") }
    return WitnessAnswer(
      status: response.status, contentType: response.field("content-type"), body: response.body, to: proof,
      by: key)
  }

  private func failure(_ reason: String) -> CommandFailure {
    CommandFailure("the witness \(key.name): \(TerminalText.inert(reason))", exitCode: 1)
  }
}
