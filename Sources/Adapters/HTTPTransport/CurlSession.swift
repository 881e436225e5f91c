internal import CCurl
internal import RunbookAdapter

/// Some transfers that run together, and libcurl's handle for them.
final class CurlSession {
  private let multi: UnsafeMutableRawPointer
  private var transfers: [CurlTransfer] = []

  init() throws(TransferFailure) {
    if let problem = rb_curl_load() {
      throw TransferFailure(kind: .internal, message: String(cString: problem), wasSent: false)
    }
    guard let multi = rb_curl_multi_new() else {
      throw TransferFailure(kind: .internal, message: "libcurl: out of memory", wasSent: false)
    }
    self.multi = multi
  }

  deinit {
    for transfer in transfers { _ = rb_curl_multi_remove(multi, transfer.handle) }
    transfers = []
    rb_curl_multi_free(multi)
  }

  func add(_ request: HTTPRequest, verifiesPeer: Bool = true) throws(TransferFailure) {
    let transfer = try CurlTransfer(request, verifiesPeer: verifiesPeer)
    guard rb_curl_multi_add(multi, transfer.handle) == CURLM_OK else {
      throw TransferFailure(kind: .internal, message: "libcurl: a transfer was not accepted", wasSent: false)
    }
    transfers.append(transfer)
  }

  /// Runs all transfers until the last one ended or a limit is reached.
  func run(within limits: TransferLimits) -> [Result<HTTPResponse, TransferFailure>] {
    let clock = ContinuousClock()
    let cutOff = limits.duration.map { clock.now + $0 }
    var codes: [UnsafeMutableRawPointer: CURLcode] = [:]
    var ending: Ending?
    while codes.count < transfers.count, ending == nil {
      var running: Int32 = 0
      guard rb_curl_multi_perform(multi, &running) == CURLM_OK else {
        ending = .broken
        break
      }
      var code = CURLE_OK
      while let handle = rb_curl_multi_next(multi, &code) { codes[handle] = code }
      guard codes.count < transfers.count else { break }
      let now = clock.now
      if let interrupt = limits.interrupt, interrupt.level > .none {
        ending = .cancelled
      } else if let cutOff, now >= cutOff {
        ending = .cutOff
      } else if now >= limits.deadline {
        ending = .timeout
      } else {
        let next = min(limits.deadline, cutOff ?? limits.deadline)
        // Rounded up: a wait of 0 ms would spin through the last millisecond.
        let wait = min((next - now) / .milliseconds(1) + 1, 60_000)
        _ = rb_curl_multi_poll(multi, limits.interrupt?.descriptor ?? -1, Int32(wait))
      }
    }
    return transfers.map { transfer in
      if let code = codes[transfer.handle] { return transfer.result(code) }
      return transfer.result(ending ?? .broken)
    }
  }

  /// What ended transfers before their servers did.
  enum Ending {
    case timeout, cutOff, cancelled, broken
  }
}
