import RunbookModel

/// What a server says when it refuses something.
struct ServerError: Error, Equatable, Sendable {
  /// Five characters of the SQL standard and PostgreSQL's additions (appendix A of its manual).
  var state: String
  /// One line.
  var message: String
  var detail: String?
  var hint: String?
  /// The character of the statement it means, from 1.
  var position: Int?

  /// `42P01: relation "x" does not exist (line 2, column 15); hint: …`.
  func text(in statement: SQLStatement?, skipping prefix: Int = 0) -> String {
    var text = "\(state): \(message)"
    if let position, position > prefix, let place = statement?.position(ofCharacter: position - prefix) {
      text += " (line \(place.line), column \(place.column))"
    }
    if let detail { text += "; detail: \(detail)" }
    if let hint { text += "; hint: \(hint)" }
    return text
  }

  /// Which of the closed list it is.
  var reason: StepFailure.Reason {
    switch state {
    case "25006": .effect
    case "57P01", "57P02", "57P03", "53300": .unreachable
    case "3D000": .notFound
    case _ where state.hasPrefix("28"): .authentication
    case _ where state.hasPrefix("08"): .unreachable
    default: .sql
    }
  }
}

/// Why an exchange with the server did not come to its end.
enum ExchangeFailure: Error, Sendable {
  /// The server refused; the connection goes on.
  case server(ServerError)
  /// The connection is gone; libpq's words.
  case lost(String)
  case deadline
  case interrupted
}
