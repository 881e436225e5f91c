import RunbookDiagnostics
import RunbookModel

/// Where a plan says otherwise than another one, for people.
struct PlanDifference {
  /// For example `'effect' of the step 'restart'`; empty where both have the same canonical form.
  let places: [String]

  /// Compares the canonical forms byte by byte.
  init(of recorded: Plan, from made: Plan) {
    let (recorded, made) = (recorded.json, made.json)
    places = Self.names(recorded, made).flatMap { name -> [String] in
      switch name {
      case "runbook", "environment", "parameters":
        Self.names(recorded[name], made[name]).map { "'\($0)' of the \(name)" }
      case "steps": Self.steps(recorded[name]?.array ?? [], made[name]?.array ?? [])
      default: ["'\(name)'"]
      }
    }
  }

  /// The places in one line, the first few of them.
  var summary: String {
    let shown = places.prefix(Self.shownPlaces)
    let rest = places.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }

  private static let shownPlaces = 6

  private static func steps(_ recorded: [JSONValue], _ made: [JSONValue]) -> [String] {
    guard recorded.map({ $0["id"]?.utf8 }) == made.map({ $0["id"]?.utf8 }) else {
      return ["the list of steps"]
    }
    return zip(recorded, made).flatMap { recorded, made in
      names(recorded, made).map { "'\($0)' of the step '\(made["id"]?.string ?? "")'" }
    }
  }

  /// The names of the members that differ, each once.
  private static func names(_ a: JSONValue?, _ b: JSONValue?) -> [String] {
    let (a, b) = (a?.members ?? [], b?.members ?? [])
    let others = Dictionary(b.map { ($0.name, $0.value.utf8) }) { first, _ in first }
    let known = Set(a.map(\.name))
    let names =
      a.filter { others[$0.name] != $0.value.utf8 }.map(\.name)
      + b.map(\.name).filter { !known.contains($0) }
    return names.map { TerminalText.inert($0) }
  }
}
