internal import RunbookAdapter
internal import RunbookModel

/// One line of a step: a subcommand with its options and operands; names are still names.
struct ComposeLine: Sendable, Equatable {
  /// One option as given.
  struct Option: Sendable, Equatable {
    /// The spelling that goes to Compose.
    let name: String
    /// nil for an option without value.
    let value: [Template.Piece]?
    let isNew: Bool
  }

  let subcommand: String
  let options: [Option]
  /// Services, ports, files; of `exec` and `run` the service, then the program and its arguments.
  let operands: [[Template.Piece]]
  let claim: Effect.Claim

  func has(_ name: String) -> Bool { options.contains { $0.name == name } }

  /// The first option's value of that name.
  func value(_ name: String) -> [Template.Piece]? { options.first { $0.name == name }?.value }

  /// Whether it ends only when it is ended.
  var isEndless: Bool { subcommand == "events" || (subcommand == "logs" && has("--follow")) }

  /// Whether it is answered by the engine itself, without Compose's own program.
  var isAnsweredByEngine: Bool { ["ps", "images", "logs", "port", "top"].contains(subcommand) }
}

/// A line with values put in.
struct FilledLine: Sendable {
  let line: ComposeLine
  /// Values of options by their position in `line.options`.
  let optionValues: [String?]
  let operands: [String]

  /// The first option's value of that name.
  func value(_ name: String) -> String? {
    zip(line.options, optionValues).first { $0.0.name == name }?.1
  }

  /// The services it names; of `scale` those that are scaled.
  var services: [String] {
    switch Subcommand.named(line.subcommand)?.operands {
    case .services?: operands
    case .serviceAndProgram?, .serviceAndPort?: Array(operands.prefix(1))
    case .scales?: operands.map { String($0.prefix { $0 != "=" }) }
    case .sourceAndDestination?:
      operands.compactMap { operand in
        operand.firstIndex(of: ":").map { String(operand[..<$0]) }
      }
    case Subcommand.Operands.none?, nil: []
    }
  }

  /// The arguments for Compose's own program. An option that takes a value is one argument with it where it
  /// can be, so that a value is never taken for an option.
  func arguments(isInteractive: Bool) -> [String] {
    var arguments = [line.subcommand]
    for (option, value) in zip(line.options, optionValues) {
      if let value {
        arguments += option.name.hasPrefix("--") ? ["\(option.name)=\(value)"] : [option.name, value]
      } else if option.name != "-T" {
        arguments.append(option.name)
      }
    }
    if ["exec", "run"].contains(line.subcommand), !isInteractive { arguments.append("-T") }
    return arguments + operands
  }
}

extension ComposeLine {
  /// The line with values put in by `value`.
  ///
  /// - Throws: `StepFailure` with reason `spawn` where a value is not what its place wants; nothing was started.
  func filled(_ value: (String) throws(StepFailure) -> String) throws(StepFailure) -> FilledLine {
    func text(_ pieces: [Template.Piece]) throws(StepFailure) -> String {
      var text = ""
      for piece in pieces {
        switch piece {
        case .literal(let literal): text += literal
        case .name(let name, _): text += try value(name)
        }
      }
      return text
    }
    var values: [String?] = []
    for option in options {
      guard let pieces = option.value else {
        values.append(nil)
        continue
      }
      values.append(try text(pieces))
    }
    var words: [String] = []
    for operand in operands { words.append(try text(operand)) }
    let filled = FilledLine(line: self, optionValues: values, operands: words)
    for service in filled.services where !Self.isServiceName(service) {
      throw StepFailure(
        .spawn, "'\(service)' cannot be a service's name; nothing was started", effectIsPossible: false)
    }
    switch Subcommand.named(subcommand)?.operands {
    case .serviceAndPort?
    where words.count == 2 && !(Int(words[1]).map { (1...65535).contains($0) } ?? false):
      throw StepFailure(.spawn, "'\(words[1])' is no port", effectIsPossible: false)
    case .scales?:
      for word in words where word.split(separator: "=").last.flatMap({ Int($0) }).map({ $0 >= 0 }) != true {
        throw StepFailure(.spawn, "'\(word)' is not of the form service=number", effectIsPossible: false)
      }
    case .sourceAndDestination?:
      for word in words where word.hasPrefix("-") {
        throw StepFailure(.spawn, "'\(word)' cannot be a path: it begins with '-'", effectIsPossible: false)
      }
    default: break
    }
    return filled
  }

  /// `[a-zA-Z0-9._-]+`, not beginning with '-': Compose would take that for an option.
  static func isServiceName(_ name: String) -> Bool {
    guard let first = name.utf8.first, first != UInt8(ascii: "-") else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
  }
}
