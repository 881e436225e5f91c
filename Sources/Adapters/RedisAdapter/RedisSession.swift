import RunbookAdapter
import RunbookModel

/// One attempt of one step: a connection, the commands one after another, and what became of them.
actor RedisSession {
  private let options: RedisOptions
  private let context: StepContext
  private let executor = BlockingExecutor(label: "runbook.redis")

  /// This code blocks in `poll`, so it has a thread of its own.
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(options: RedisOptions, context: StepContext) {
    self.options = options
    self.context = context
  }

  private var isRead: Bool { context.effect == .read }

  /// Sends the commands and returns their replies.
  func perform() throws(StepFailure) -> RawResult {
    let commands = try options.commands.map { command throws(StepFailure) in try words(of: command) }
    let connection = try connect()
    if isRead { try refuseHiddenWrites(on: connection) }
    var encoder = ReplyEncoder(limit: context.captureLimit)
    var replies: [JSONValue] = []
    var failure: StepFailure?
    for (command, words) in zip(options.commands, commands) {
      let reply: RedisReply
      do throws(RedisFailure) {
        reply = try connection.ask(words)
      } catch {
        throw Self.failure(error, effectIsPossible: !isRead)
      }
      context.output.write(ReplyText.lines(reply), to: .standardOutput)
      replies.append(encoder.json(reply))
      if case .error(let text) = reply {
        failure = self.failure(of: command, text)
        break
      }
    }
    if encoder.isTruncated {
      context.output.write(
        "the replies are larger than \(context.captureLimit) bytes; not all of them are kept\n",
        to: .serverNotice)
    }
    let members = [
      JSONValue.Member("replies", .array(replies)),
      JSONValue.Member("truncated", .boolean(encoder.isTruncated)),
    ]
    if let failure, failure.reason != .expectation { throw failure }
    return RawResult(members, failure: failure)
  }

  /// The words of a command as bytes.
  private func words(of command: RedisCommand, missing: [UInt8]? = nil) throws(StepFailure) -> [[UInt8]] {
    var words: [[UInt8]] = []
    for word in command.words {
      var bytes: [UInt8] = []
      for piece in word.pieces {
        switch piece {
        case .literal(let text): bytes += text.utf8
        case .name(let name, _):
          switch context.values[name] {
          case .plain(let value)?: bytes += value.plainText.utf8
          case .secret(let secret)?: bytes += try context.secrets.withBytes(of: secret) { Array($0) }
          case nil:
            guard let missing else {
              throw StepFailure(.internal, "'\(name)' has no value", effectIsPossible: false)
            }
            bytes += missing
          }
        }
      }
      words.append(bytes)
    }
    return words
  }

  // MARK: Connecting

  private struct Login {
    var address: RedisAddress
    var password: [UInt8]?
  }

  private func login() throws(StepFailure) -> Login {
    var password: [UInt8]?
    var address: RedisAddress?
    if case .secret(let reference)? = context.target["url"] {
      let text = try context.secrets.withBytes(of: reference) { String(decoding: $0, as: UTF8.self) }
      guard let url = RedisURL(text) else {
        throw StepFailure(
          .notFound, "\(reference.text) holds no Redis URL: redis://user@host:port/db is expected",
          effectIsPossible: false)
      }
      if url.isTLS { throw StepFailure(.tls, RedisTargetType.noTLS, effectIsPossible: false) }
      address = RedisAddress(url)
      password = url.password
    } else {
      address = RedisAddress(plain: context.target)
    }
    if case .secret(let reference)? = context.target["password"] {
      password = try context.secrets.withBytes(of: reference) { Array($0) }
    }
    guard let address else {
      throw StepFailure(.internal, "the target has no usable url", effectIsPossible: false)
    }
    return Login(address: address, password: password)
  }

  private func connect() throws(StepFailure) -> RedisConnection {
    let login = try login()
    let connection = try RedisConnection.open(host: login.address.host, port: login.address.port, context)
    if let password = login.password {
      let user = login.address.user.map { [Array($0.utf8)] } ?? []
      try prepare(connection, [Array("AUTH".utf8)] + user + [password])
    }
    if login.address.database != 0 {
      try prepare(connection, ["SELECT", "\(login.address.database)"].map { Array($0.utf8) })
    }
    // Names the connection in CLIENT LIST; a user who may not do it works all the same.
    do throws(RedisFailure) {
      let name = "runbook/\(context.run)/\(context.step)"
      _ = try connection.ask(["CLIENT", "SETNAME", name].map { Array($0.utf8) })
    } catch {
      throw Self.failure(error, effectIsPossible: false)
    }
    if case .secret? = context.target["url"] {
      context.output.write("connected to \(login.address.summary)\n", to: .serverNotice)
    }
    return connection
  }

  /// Sends what belongs to the connection; an error reply ends the step.
  private func prepare(_ connection: borrowing RedisConnection, _ words: [[UInt8]]) throws(StepFailure) {
    if case .error(let text) = try ask(connection, words) {
      throw StepFailure(Self.reason(of: text, otherwise: .authentication), text, effectIsPossible: false)
    }
  }

  private func ask(
    _ connection: borrowing RedisConnection, _ words: [[UInt8]]
  ) throws(StepFailure) -> RedisReply {
    do throws(RedisFailure) {
      return try connection.ask(words)
    } catch {
      throw Self.failure(error, effectIsPossible: false)
    }
  }

  // MARK: Failures

  private static func failure(_ failure: RedisFailure, effectIsPossible: Bool) -> StepFailure {
    switch failure {
    case .lost(let words):
      StepFailure(.unreachable, "the connection was lost: \(words)", effectIsPossible: effectIsPossible)
    case .protocolViolation(let words):
      StepFailure(.unreachable, "no answer of Redis: \(words)", effectIsPossible: effectIsPossible)
    case .tooLarge:
      StepFailure(
        .expectation, "a reply of more than \(RedisConnection.maximumReply >> 20) MiB; ask for less of it",
        effectIsPossible: effectIsPossible)
    case .deadline: StepFailure(.timeout, "no reply in time", effectIsPossible: effectIsPossible)
    case .interrupted: StepFailure(.cancelled, "interrupted", effectIsPossible: effectIsPossible)
    }
  }

  /// A refused command did nothing; a script may have come half its way.
  private func failure(of command: RedisCommand, _ text: String) -> StepFailure {
    let isProgram = ["eval", "evalsha", "fcall"].contains(command.name) || command.entry == nil
    return StepFailure(
      Self.reason(of: text, otherwise: .expectation), text, effectIsPossible: !isRead && isProgram)
  }

  /// The first word of an error reply says its kind.
  ///
  /// `expectation`, because "no error" is what a step expects where it says nothing else; the other reasons
  /// mean that the server did not get as far as the command.
  private static func reason(
    of error: String, otherwise reason: StepFailure.Reason
  ) -> StepFailure.Reason {
    switch error.prefix(while: { $0 != " " }) {
    case "NOAUTH", "WRONGPASS", "NOPERM": .authentication
    case "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY": .unreachable
    case "READONLY": .effect
    case "NOSCRIPT": .notFound
    default: error.hasPrefix("ERR unknown command") ? .notFound : reason
    }
  }

  // MARK: Asking the server about a command

  /// What the server says of commands that the table does not know and the author declared to be reads.
  private func refuseHiddenWrites(on connection: borrowing RedisConnection) throws(StepFailure) {
    for command in options.commands where command.entry == nil {
      let flags = try information(of: command, on: connection)?.flags ?? []
      guard let flag = flags.first(where: { ["write", "admin", "dangerous"].contains($0) }) else { continue }
      throw StepFailure(
        .effect, "the server marks \(command.name.uppercased()) as '\(flag)'; nothing was sent",
        effectIsPossible: false)
    }
  }

  private struct Information {
    var arity: Int
    var flags: [String]
  }

  /// nil where the server does not know the command.
  private func information(
    of command: RedisCommand, on connection: borrowing RedisConnection
  ) throws(StepFailure) -> Information? {
    let reply = try ask(connection, ["COMMAND", "INFO", command.name].map { Array($0.utf8) })
    guard case .array(let commands) = reply, case .array(let facts)? = commands.first, facts.count > 2,
      case .integer(let arity) = facts[1], case .array(let flags) = facts[2]
    else { return nil }
    return Information(arity: Int(arity), flags: flags.compactMap(\.text))
  }

  // MARK: Rehearsing

  /// Asks the server whether it knows the commands and lets this user run them; sends none of them.
  func rehearse() throws(StepFailure) -> Rehearsal {
    let commands = try options.commands.map { command throws(StepFailure) in
      try words(of: command, missing: [])
    }
    let connection = try connect()
    if case .error(let text) = try ask(connection, [Array("PING".utf8)]) {
      throw StepFailure(Self.reason(of: text, otherwise: .expectation), text, effectIsPossible: false)
    }
    try refuseReplica(on: connection)
    var facts: [String] = []
    for (command, words) in zip(options.commands, commands) {
      facts.append(try prove(command, words, on: connection))
    }
    return .verified("PING was answered; " + facts.joined(separator: "; "))
  }

  private func prove(
    _ command: RedisCommand, _ words: [[UInt8]], on connection: borrowing RedisConnection
  ) throws(StepFailure) -> String {
    let name = command.name.split(separator: "|").joined(separator: " ").uppercased()
    var facts: [String] = []
    let listing = try ask(connection, ["COMMAND", "INFO", command.name].map { Array($0.utf8) })
    if case .error = listing {
      facts.append("whether the server knows \(name) is not told to this user")
    } else if let information = try information(of: command, on: connection) {
      let arity = information.arity
      guard arity >= 0 ? words.count == arity : words.count >= -arity else {
        throw StepFailure(
          .expectation,
          "\(name) takes \(arity >= 0 ? "" : "at least ")\(abs(arity)) words and has \(words.count)",
          effectIsPossible: false)
      }
      facts.append("the server knows \(name) with \(words.count - command.nameCount) arguments")
    } else {
      throw StepFailure(.notFound, "the server knows no command \(name)", effectIsPossible: false)
    }
    return facts.joined(separator: ", ") + ", " + (try proveAccess(words, on: connection))
  }

  /// `ACL DRYRUN` came with Redis 7, and is for administrators.
  private func proveAccess(
    _ words: [[UInt8]], on connection: borrowing RedisConnection
  ) throws(StepFailure) -> String {
    guard let user = try ask(connection, ["ACL", "WHOAMI"].map { Array($0.utf8) }).text else {
      return "its rights are not known"
    }
    switch try ask(connection, ["ACL", "DRYRUN", user].map { Array($0.utf8) } + words) {
    case .status("OK"): return "and \(user) may run it"
    case .error: return "but \(user) may not ask whether it is allowed"
    case let reply:
      throw StepFailure(
        .authentication, reply.text ?? "\(user) may not run it", effectIsPossible: false)
    }
  }

  /// A replica refuses writes, which no other proof would show.
  private func refuseReplica(on connection: borrowing RedisConnection) throws(StepFailure) {
    guard options.claim.effect != .read || !isRead else { return }
    guard let report = try ask(connection, ["INFO", "replication"].map { Array($0.utf8) }).text else {
      return
    }
    let lines = report.split { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
    if lines.contains("role:slave"), lines.contains("slave_read_only:1"),
      options.commands.contains(where: { $0.entry?.kind == .write && !$0.isAdministration })
    {
      throw StepFailure(
        .effect, "the server is a replica, which refuses every write", effectIsPossible: false)
    }
  }
}
