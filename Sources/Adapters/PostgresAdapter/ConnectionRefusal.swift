import RunbookModel

/// libpq's words for a connection that did not come about, sorted into the closed list.
///
/// The words are English whatever the locale, because this program never calls `setlocale`; the server's own
/// part may be in any language, and is judged by its SQLSTATE.
struct ConnectionRefusal: Equatable {
  private let text: String

  /// Reads the message of a failed connection.
  init(_ message: String) { text = message }

  /// The five characters behind the severity that verbose messages have: `FATAL:  28P01: …`.
  private var state: String? {
    for line in text.split(separator: "\n") {
      for part in line.split(separator: " ") where part.utf8.count == 6 && part.hasSuffix(":") {
        let code = part.dropLast()
        if code.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5a) }),
          code.utf8.contains(where: { $0 >= 0x30 && $0 <= 0x39 })
        {
          return String(code)
        }
      }
    }
    return nil
  }

  /// The failure it is; nothing was sent.
  var failure: StepFailure { StepFailure(reason, line, effectIsPossible: false) }

  private static let signsOfTLS = [
    "SSL error", "certificate", "does not support SSL", "SSL SYSCALL", "sslmode", "SSL negotiation",
  ]

  private var reason: StepFailure.Reason {
    if let state { return ServerError(state: state, message: "").reason }
    if text.contains("no password supplied") || text.contains("authentication") { return .authentication }
    return Self.signsOfTLS.contains { text.contains($0) } ? .tls : .unreachable
  }

  /// All of it on one line, without the place in the server's source.
  var line: String {
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }
    return lines.map { line in
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      return words.joined(separator: " ")
    }.joined(separator: "; ")
  }
}
