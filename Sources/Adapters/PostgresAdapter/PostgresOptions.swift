import RunbookAdapter
import RunbookDiagnostics
import RunbookModel

/// One `sql` step, decoded.
public struct PostgresOptions: Sendable, Equatable {
  /// The statement.
  let statement: SQLStatement
  /// What it can do.
  let classification: SQLClassification
  /// False by `transaction=off`.
  let usesTransaction: Bool

  /// Reads a step; nil after at least one error was reported.
  static func read(from fields: inout FieldReader) -> Self? {
    let lexer = SQLLexer(fields.body)
    for token in lexer.tokens {
      if case .name(let name) = token.kind { fields.use(name, atBody: token.range) }
    }
    for problem in lexer.problems {
      let code: Diagnostic.Code = problem.kind == .malformed ? .malformedBody : .misplacedName
      fields.report(code, problem.message, atBody: problem.range, notes: problem.notes)
    }
    let usesTransaction = transaction(from: &fields)
    reportSecondStatement(lexer.tokens, to: &fields)
    guard lexer.problems.isEmpty else { return nil }
    guard let statement = SQLStatement(body: fields.body, tokens: lexer.tokens, escapes: lexer.escapes) else {
      fields.report(.emptyBody, "no SQL statement", atBody: 0..<fields.body.utf8.count)
      return nil
    }
    let classification: SQLClassification
    do throws(SQLRefusal) {
      classification = try SQLClassification(statement.tokens)
    } catch {
      fields.report(
        error.isUnknownHead ? .unknownStatement : .refusedStatement, error.message, atBody: error.range,
        notes: error.notes)
      return nil
    }
    if let call = classification.call { judge(call, in: &fields) }
    if classification.needsNoTransaction, usesTransaction == true {
      fields.report(
        .refusedStatement, "the server refuses this statement inside a transaction",
        atBody: statement.tokens[0].range, notes: ["say transaction=off"])
    }
    guard let usesTransaction, !fields.diagnostics.hasErrors else { return nil }
    return Self(
      statement: statement, classification: classification, usesTransaction: usesTransaction)
  }

  /// Says what a call makes of the step, as far as the page does not say so itself.
  private static func judge(_ call: SQLClassification.Call, in fields: inout FieldReader) {
    switch fields.traits.declaredEffect {
    case .read where call.isKnownChange:
      fields.report(
        .loweredEffect, "\(call.message), so the step is no read", atBody: call.range,
        notes: ["leave 'effect=read' out: the step is a write, which is confirmed and never run by a dry run"]
      )
    case nil where !call.isKnownChange:
      fields.report(
        .doubtfulCall, .note, "\(call.message), so the step counts as a write", atBody: call.range,
        notes: ["say effect=read where it only reads, or effect=write to silence this"])
    case .read, .write, .destructive, nil: break
    }
  }

  /// nil after an error was reported.
  private static func transaction(from fields: inout FieldReader) -> Bool? {
    guard let field = fields.take("transaction") else { return true }
    switch field.value.string {
    case "on": return true
    case "off": return false
    case let value:
      fields.report(
        .invalidAttribute, "transaction is '\(value ?? field.value.text)' and must be 'on' or 'off'",
        at: field)
      return nil
    }
  }

  private static func reportSecondStatement(_ tokens: [SQLToken], to fields: inout FieldReader) {
    let end = SQLStatement.end(of: tokens)
    guard let second = tokens[end...].first(where: { $0.kind != .semicolon }) else { return }
    fields.report(
      .severalStatements, "a second statement in one step", atBody: second.range,
      notes: [
        "a step is one statement, so that what was confirmed is all that runs; write a step for each",
        "several changes that belong together: a DO block, or a WITH that changes rows in its parts",
      ])
  }

  /// The statement on one line, for people; at most 72 characters.
  var excerpt: String {
    let words = statement.text.split { $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r\n" }
    let line = words.joined(separator: " ")
    return line.count <= 72 ? line : line.prefix(71) + "…"
  }
}
