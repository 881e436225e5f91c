import RunbookAdapter
import RunbookModel

/// One attempt of one step: a connection, a transaction, the statement, and what became of it.
actor PostgresSession {
  /// After a timeout or an interruption: how long the server may take to confirm that it stopped.
  static let grace = Duration.seconds(3)

  private let options: PostgresOptions
  private let context: StepContext
  private let executor = BlockingExecutor(label: "runbook.postgres")

  /// libpq blocks in its calls and this code in `poll`, so they have a thread of their own.
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(options: PostgresOptions, context: StepContext) {
    self.options = options
    self.context = context
  }

  private var isRead: Bool { context.effect == .read }

  // MARK: Performing

  /// Runs the statement and returns its rows.
  func perform() throws(StepFailure) -> RawResult {
    let parameters = try parameters()
    if PostgresTargetType.isSimple(context.target) { return try performSimple() }
    let connection = try connect()
    let server = try begin(on: connection)
    var rows = ResultRows(limit: context.captureLimit)
    do throws(ExchangeFailure) {
      try connection.send(options.statement.text, parameters)
      try connection.drain { rows.take($0) }
    } catch {
      throw failure(after: error, on: connection, server)
    }
    try end(on: connection)
    return result(rows, arrays: arrayTypes(of: rows, on: connection))
  }

  /// A console (PgBouncer's) knows no transactions and no parameters, so only SHOW is sure to change nothing.
  private func performSimple() throws(StepFailure) -> RawResult {
    if isRead, !options.statement.tokens[0].isWord("show") {
      throw StepFailure(
        .effect,
        "by the simple protocol only SHOW is sure to be a read: nothing would keep this from writing",
        effectIsPossible: false)
    }
    let connection = try connect()
    var rows = ResultRows(limit: context.captureLimit)
    do throws(ExchangeFailure) {
      try connection.sendSimple(options.statement.text)
      try connection.drain { rows.take($0) }
    } catch {
      throw failure(after: error, on: connection, nil)
    }
    return result(rows, arrays: [:])
  }

  private func connect() throws(StepFailure) -> PostgresConnection {
    let connection = try PostgresConnection.open(context)
    if case .secret? = context.target["url"] {
      context.output.write("connected to \(connection.place)\n", to: .serverNotice)
    }
    return connection
  }

  private func result(_ rows: ResultRows, arrays: [UInt32: ArrayType]) -> RawResult {
    context.output.write(ResultTable(rows).text, to: .standardOutput)
    return RawResult(rows.members(arrays: arrays))
  }

  /// The values of the statement's names as bytes; nil is NULL.
  private func parameters(missingIsNull: Bool = false) throws(StepFailure) -> [[UInt8]?] {
    var parameters: [[UInt8]?] = []
    for name in options.statement.names {
      let bytes: [UInt8]?
      switch context.values[name] {
      case .plain(.null)?: bytes = nil
      case .plain(let value)?: bytes = Array(value.plainText.utf8)
      case .secret(let reference)?: bytes = try context.secrets.withBytes(of: reference) { Array($0) }
      case nil:
        guard missingIsNull else {
          throw StepFailure(.internal, "'\(name)' has no value", effectIsPossible: false)
        }
        bytes = nil
      }
      guard bytes?.contains(0) != true else {
        throw StepFailure(
          .sql, "'\(name)' holds a NUL byte, which no text of PostgreSQL can hold", effectIsPossible: false)
      }
      parameters.append(bytes)
    }
    return parameters
  }

  // MARK: Transactions

  /// What the server said at the beginning.
  private struct Server {
    /// When a statement sent now is over, by our limit or a smaller one of the role or the database.
    var statementEnd: ContinuousClock.Instant?
    var isStandby: Bool
  }

  /// Begins the transaction, or without one sets up the session.
  private func begin(on connection: borrowing PostgresConnection) throws(StepFailure) -> Server {
    let setup = SessionSetup(
      isReadOnly: isRead, usesTransaction: options.usesTransaction,
      milliseconds: remainingMilliseconds, serverVersion: connection.serverVersion)
    return try start(setup, on: connection)
  }

  private func start(
    _ setup: SessionSetup, on connection: borrowing PostgresConnection
  ) throws(StepFailure) -> Server {
    var server = Server(isStandby: false)
    do throws(ExchangeFailure) {
      try connection.sendSimple(setup.text)
      try connection.drain { result in
        guard result.rowCount == 1, result.columnCount == 2 else { return }
        if let limit = result.text(row: 0, column: 0).flatMap({ Int($0) }), limit > 0 {
          server.statementEnd = .now.advanced(by: .milliseconds(limit))
        }
        server.isStandby = result.text(row: 0, column: 1) == "t"
      }
    } catch {
      throw plainFailure(error, effectIsPossible: false)
    }
    return server
  }

  private var remainingMilliseconds: Int {
    let (seconds, attoseconds) = ContinuousClock.now.duration(to: context.deadline).components
    // At most what statement_timeout can hold, an int4 of milliseconds.
    return Int(min(max(1, seconds.clampedThousandfold + attoseconds / 1_000_000_000_000_000), 2_147_483_647))
  }

  /// Commits a write and takes a read back, which leaves even less of it.
  private func end(on connection: borrowing PostgresConnection) throws(StepFailure) {
    guard options.usesTransaction else { return }
    // The answer to COMMIT is worth waiting for beyond the deadline: without it nobody knows what is true.
    let limit = max(context.deadline, .now).advanced(by: Self.grace)
    var tag = ""
    do throws(ExchangeFailure) {
      try connection.sendSimple(isRead ? "ROLLBACK" : "COMMIT")
      try connection.drain(until: limit, interruptedBy: .immediate) { tag = $0.command }
    } catch {
      if isRead { return }
      switch error {
      case .server(let error):
        throw StepFailure(
          error.reason, "rolled back: " + error.text(in: nil), effectIsPossible: !isUndoneByRollback)
      case .lost, .deadline, .interrupted:
        throw plainFailure(error, effectIsPossible: true, "COMMIT was sent and not answered: ")
      }
    }
    if !isRead, tag != "COMMIT" {
      throw StepFailure(
        .sql, "the server answered COMMIT with \(tag)", effectIsPossible: !isUndoneByRollback)
    }
  }

  /// Whether nothing is left of the statement once its transaction is rolled back.
  private var isUndoneByRollback: Bool { options.usesTransaction && options.classification.isTransactional }

  // MARK: Failures

  /// Ends what is still running and says what is known of its effect.
  private func failure(
    after failure: ExchangeFailure, on connection: borrowing PostgresConnection, _ server: Server?
  ) -> StepFailure {
    switch failure {
    case .server(let error):
      let isPossible = !isRead && !isUndoneByRollback && error.state != "25006"
      let text = error.text(in: options.statement)
      // 57014 is query_canceled: by the server's clock, or by somebody who is not us.
      if error.state == "57014", let end = server?.statementEnd, ContinuousClock.now >= end {
        return StepFailure(.timeout, text, effectIsPossible: isPossible)
      }
      if error.state == "25006" {
        return StepFailure(
          .effect, "confirmed as a read, but the server says that it writes; nothing was changed: \(text)",
          effectIsPossible: false)
      }
      return StepFailure(error.reason, text, effectIsPossible: isPossible)
    case .lost: return plainFailure(failure, effectIsPossible: !isRead)
    case .deadline, .interrupted:
      let limit = ContinuousClock.now.advanced(by: Self.grace)
      connection.cancel()
      var isStopped = true
      do throws(ExchangeFailure) {
        try connection.drain(until: limit, interruptedBy: .immediate)
      } catch {
        if case .server = error { isStopped = true } else { isStopped = false }
      }
      let isPossible = !isRead && !(isStopped && isUndoneByRollback)
      let outcome =
        !isStopped
        ? "; the server did not confirm that it stopped"
        : options.usesTransaction && !PostgresTargetType.isSimple(context.target)
          ? "; the statement was cancelled and rolled back" : "; the statement was cancelled"
      return plainFailure(failure, effectIsPossible: isPossible, outcome: outcome)
    }
  }

  private func plainFailure(
    _ failure: ExchangeFailure, effectIsPossible: Bool, _ prefix: String = "", outcome: String = ""
  ) -> StepFailure {
    switch failure {
    case .server(let error):
      StepFailure(error.reason, prefix + error.text(in: nil), effectIsPossible: effectIsPossible)
    case .lost(let words):
      StepFailure(
        .unreachable, prefix + "the connection was lost: " + ConnectionRefusal(words).line,
        effectIsPossible: effectIsPossible)
    case .deadline:
      StepFailure(.timeout, prefix + "not finished in time" + outcome, effectIsPossible: effectIsPossible)
    case .interrupted:
      StepFailure(.cancelled, prefix + "interrupted" + outcome, effectIsPossible: effectIsPossible)
    }
  }

  // MARK: Array types

  /// Asks the catalogue about types that are not built in. What it cannot tell stays text.
  private func arrayTypes(
    of rows: ResultRows, on connection: borrowing PostgresConnection
  ) -> [UInt32: ArrayType] {
    let unknown = Set(rows.types.filter(ValueDecoder.isUnknown)).sorted()
    guard !unknown.isEmpty else { return [:] }
    var types: [UInt32: ArrayType] = [:]
    let list = "{\(unknown.map(String.init).joined(separator: ","))}"
    do throws(ExchangeFailure) {
      try connection.send(
        """
        SELECT t.oid, t.typelem, ascii(e.typdelim::text) FROM pg_catalog.pg_type t
        JOIN pg_catalog.pg_type e ON e.oid = t.typelem
        WHERE t.typcategory = 'A' AND t.oid = ANY ($1::oid[])
        """, [Array(list.utf8)])
      try connection.drain(until: .now.advanced(by: Self.grace)) { result in
        for row in 0..<result.rowCount {
          let numbers = (0..<3).map { UInt32(result.text(row: row, column: $0) ?? "") ?? 0 }
          types[numbers[0]] = ArrayType(element: numbers[1], delimiter: UInt8(clamping: numbers[2]))
        }
      }
    } catch {
      return [:]
    }
    return types
  }

  // MARK: Rehearsing

  /// Lets the server parse, analyse and plan the statement in a READ ONLY transaction that is rolled back.
  func rehearse() throws(StepFailure) -> Rehearsal {
    let connection = try connect()
    let place = connection.place
    guard !PostgresTargetType.isSimple(context.target) else {
      return .unverifiable("\(place) was reached; its console parses a statement only by running it")
    }
    let parameters = try parameters(missingIsNull: true)
    let server = try rehearsalSetup(on: connection)
    guard !server.isStandby else {
      throw StepFailure(
        .effect, "\(place) is a standby, which refuses every write", effectIsPossible: false)
    }
    do throws(ExchangeFailure) {
      try connection.sendPrepare(options.statement.text)
      try connection.drain()
    } catch {
      throw refusal(error)
    }
    var isProved = options.classification.kind == .session
    if options.classification.kind == .planned {
      do throws(ExchangeFailure) {
        try connection.send(Self.explain + options.statement.text, parameters)
        try connection.drain()
        isProved = true
      } catch {
        throw refusal(error, skipping: Self.explain.unicodeScalars.count)
      }
    }
    do throws(ExchangeFailure) {
      try connection.sendSimple("ROLLBACK")
      try connection.drain()
    } catch {
      throw plainFailure(error, effectIsPossible: false)
    }
    return isProved
      ? .verified("\(place) prepared and planned it in a read-only transaction: names, types, privileges")
      : .unverifiable(
        "\(place) was reached and reads the statement; only running it tells whether names and privileges fit"
      )
  }

  private static let explain = "EXPLAIN (COSTS OFF) "

  private func rehearsalSetup(on connection: borrowing PostgresConnection) throws(StepFailure) -> Server {
    try start(
      SessionSetup(
        isReadOnly: true, usesTransaction: true, milliseconds: remainingMilliseconds,
        serverVersion: connection.serverVersion), on: connection)
  }

  private func refusal(_ failure: ExchangeFailure, skipping prefix: Int = 0) -> StepFailure {
    guard case .server(let error) = failure else { return plainFailure(failure, effectIsPossible: false) }
    return StepFailure(
      error.reason, error.text(in: options.statement, skipping: prefix), effectIsPossible: false)
  }
}

extension Int64 {
  /// A thousand times itself, or the largest number.
  fileprivate var clampedThousandfold: Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: 1000)
    return overflow ? .max / 2 : product
  }
}
