internal import RunbookModel

/// One request as the author wrote it, taken apart and checked; names are still names.
public struct HTTPStep: Sendable, Equatable {
  /// Where it goes.
  enum Location: Sendable, Equatable {
    /// Below the target's URL.
    case path
    /// Written out; must be the target's own origin.
    case absolute(URLOrigin)
  }

  /// One header line.
  struct Field: Sendable, Equatable {
    let name: String
    let value: [Template.Piece]
  }

  let method: String
  let location: Location
  /// Path and query, beginning with '/'; literal text is percent-encoded already.
  let resource: [Template.Piece]
  /// `1.0`, `1.1` or `2` where the request line says so.
  let version: String?
  let fields: [Field]
  let body: BodyTemplate?

  /// GET, HEAD, OPTIONS and TRACE are safe (RFC 9110, section 9.2.1).
  var isSafe: Bool { ["GET", "HEAD", "OPTIONS", "TRACE"].contains(method) }

  /// Path and query as written, for people.
  var resourceText: String {
    let path = resource.map { piece in
      switch piece {
      case .literal(let text): text
      case .name(let name, _): "${\(name)}"
      }
    }.joined()
    return switch location {
    case .path: path
    case .absolute(let origin): origin.text + path
    }
  }
}
