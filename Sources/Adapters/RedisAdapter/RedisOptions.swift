import RunbookAdapter
import RunbookDiagnostics
import RunbookModel

/// One `redis` step, decoded.
public struct RedisOptions: Sendable, Equatable {
  /// The commands, one a line.
  let commands: [RedisCommand]

  /// Reads a step; nil after at least one error was reported.
  static func read(from fields: inout FieldReader) -> Self? {
    let (lines, problems) = CommandWords.lines(of: fields.body)
    for problem in problems { fields.report(.malformedBody, problem.message, atBody: problem.range) }
    if lines.isEmpty, problems.isEmpty {
      fields.report(.emptyBody, "no Redis command", atBody: 0..<fields.body.utf8.count)
    }
    var commands: [RedisCommand] = []
    for line in lines {
      noteUses(of: line, in: &fields)
      if let command = command(line.words, &fields) { commands.append(command) }
    }
    reportSeveral(commands, &fields)
    return fields.diagnostics.hasErrors ? nil : Self(commands: commands)
  }

  private static func noteUses(of line: CommandWords, in fields: inout FieldReader) {
    for word in line.words {
      for case .name(let name, let range) in word.pieces { fields.use(name, atBody: range) }
    }
  }

  private static func command(_ words: [CommandWords.Word], _ fields: inout FieldReader) -> RedisCommand? {
    let table = CommandTable.redis
    guard let first = words[0].literal?.lowercased() else {
      fields.report(.misplacedName, "the command itself cannot be a value", atBody: words[0].range)
      return nil
    }
    var name = first
    var count = 1
    if table.isContainer(first), words.count > 1 || table[first] == nil {
      guard words.count > 1 else {
        fields.report(
          .malformedBody, "\(first.uppercased()) wants a subcommand", atBody: words[0].range,
          notes: ["one of \(table.subcommands(of: first).sorted().joined(separator: ", "))"])
        return nil
      }
      guard let second = words[1].literal?.lowercased() else {
        fields.report(.misplacedName, "the subcommand cannot be a value", atBody: words[1].range)
        return nil
      }
      name += "|" + second
      count = 2
    }
    let command = RedisCommand(words: words, name: name, nameCount: count, entry: table[name])
    judge(command, &fields)
    return command
  }

  private static func judge(_ command: RedisCommand, _ fields: inout FieldReader) {
    let words = command.words
    let place = words[0].range.lowerBound..<words[command.nameCount - 1].range.upperBound
    let name = command.name.split(separator: "|").joined(separator: " ").uppercased()
    if command.entry == nil { warnOfSlip(command, name, place, &fields) }
    if command.entry?.kind == .refused {
      fields.report(
        .refusedStatement, "\(name) means nothing in a step, or never ends", atBody: place,
        notes: [
          "database, user and password belong to the target; for the rest write a bash step with redis-cli"
        ])
    }
    if let problem = command.arityProblem { fields.report(.malformedBody, .warning, problem, atBody: place) }
    if command.waitsForEver {
      fields.report(
        .refusedStatement, "\(name) with a time of 0 waits for ever", atBody: place,
        notes: ["give it a time below the step's timeout"])
    }
    if let index = command.programIndex, words.indices.contains(index), words[index].literal == nil {
      fields.report(
        .misplacedName, "a value inside a script", atBody: words[index].range,
        notes: ["pass it as a key or an argument: KEYS[1], ARGV[1]"])
    }
    if fields.traits.declaredEffect == .read, let form = command.readOnlyForm {
      fields.report(
        .refusedStatement, "nothing keeps \(name) from writing", atBody: place,
        notes: ["write \(form), which the server keeps from writing"])
    }
    if command.name == "keys" {
      fields.report(
        .doubtfulCall, .note, "KEYS looks at every key while nothing else runs on the server", atBody: place,
        notes: ["SCAN does not block"])
    }
  }

  private static func warnOfSlip(
    _ command: RedisCommand, _ name: String, _ place: Range<Int>, _ fields: inout FieldReader
  ) {
    let parts = command.name.split(separator: "|").map(String.init)
    let table = CommandTable.redis
    let nearest =
      parts.count == 1
      ? NearestName.match(parts[0], among: table.names)
      : NearestName.match(parts[1], among: table.subcommands(of: parts[0])).map { "\(parts[0]) \($0)" }
    fields.report(
      .unknownStatement, .warning, "'\(name)' is no command of Redis that is known, and counts as a write",
      atBody: place, notes: nearest.map { ["did you mean '\($0.uppercased())'?"] } ?? [])
  }

  /// Several lines are one step only where they all read: else nobody could tell which of them was done.
  private static func reportSeveral(_ commands: [RedisCommand], _ fields: inout FieldReader) {
    guard commands.count > 1 else { return }
    let isDeclaredRead = fields.traits.declaredEffect == .read
    guard
      let write = commands.first(where: {
        $0.claim.effect != .read && !($0.claim.isKnown == false && isDeclaredRead)
      })
    else { return }
    fields.report(
      .severalStatements, "a command that writes, in a step of several", atBody: write.words[0].range,
      notes: ["write a step for each, or one script for EVAL: several lines are for reads only"])
  }

  /// The highest effect of all lines.
  var claim: Effect.Claim {
    let claims = commands.map(\.claim)
    let highest = claims.map(\.effect).max() ?? .read
    return Effect.Claim(highest, isKnown: claims.allSatisfy { $0.effect < highest || $0.isKnown })
  }
}
