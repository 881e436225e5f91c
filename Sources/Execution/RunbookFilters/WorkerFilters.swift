import Glibc
import RunbookAdapter
public import RunbookModel

/// Both ends of a worker, and the way to end it.
public struct FilterConnection: Sendable {
  /// Requests go in here. A socket: that the worker has ended must not end this program by SIGPIPE.
  public let input: Int32
  /// Answers come out here.
  public let output: Int32
  /// Ends the worker and closes both descriptors.
  public let close: @Sendable () -> Void

  /// A running worker.
  public init(input: Int32, output: Int32, close: @escaping @Sendable () -> Void) {
    self.input = input
    self.output = output
    self.close = close
  }
}

/// Evaluates filters in a worker that can be killed, because libjq cannot be interrupted.
///
/// One worker a run, started at the first filter, ended and started anew when a filter takes too long.
public actor WorkerFilters: FilterEvaluator {
  private let start: @Sendable () async throws(StepFailure) -> FilterConnection
  private let chunks: [FilterProgram]
  private let places: [Filter: (chunk: Int, index: Int)]
  private var connection: FilterConnection?
  /// The worker's own number of each chunk it has compiled.
  private var defined: [Int: Int] = [:]
  private let executor = BlockingExecutor(label: "runbook.filters")

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// - Parameters:
  ///   - filters: Every filter that will be asked for.
  ///   - variables: Every name they may use, without `$`.
  ///   - start: Starts a worker through the run's supervisor.
  public init(
    filters: [Filter], variables: Set<String>,
    start: @escaping @Sendable () async throws(StepFailure) -> FilterConnection
  ) {
    self.start = start
    var chunks: [FilterProgram] = []
    var places: [Filter: (chunk: Int, index: Int)] = [:]
    var part: [Filter] = []
    for filter in filters where places[filter] == nil {
      places[filter] = (chunks.count, part.count)
      part.append(filter)
      if part.count == FilterProgram.limit {
        chunks.append(FilterProgram(entries: part.map { ($0, variables) }))
        part = []
      }
    }
    if !part.isEmpty { chunks.append(FilterProgram(entries: part.map { ($0, variables) })) }
    self.chunks = chunks
    self.places = places
  }

  /// Ends the worker, if one is there.
  public func finish() { stop() }

  public func evaluate(
    _ filter: Filter, input: JSONValue, variables: [String: JSONValue], within limit: Duration
  ) async throws(StepFailure) -> [JSONValue] {
    guard let place = places[filter] else {
      throw StepFailure(
        .internal, "the filter '\(filter.source)' is not in the plan", effectIsPossible: false)
    }
    let deadline = ContinuousClock.now + limit
    if connection == nil { connection = try await start() }
    guard let connection else { throw lost("cannot be started") }
    let program = try define(place.chunk, connection, deadline: .now + limit + .seconds(10))
    let mentioned = Set(FilterProgram.variables(in: filter.source))
    let used = variables.filter { mentioned.contains($0.key) }.sorted { $0.key < $1.key }
    let request: JSONValue = .object([
      .init("i", .integer(place.index)), .init("in", input),
      .init("v", .object(used.map { JSONValue.Member($0.key, $0.value) })),
    ])
    let answer = try exchange("run \(program)", request.utf8, connection, deadline: deadline)
    switch answer.word {
    case "values": return try values(answer.bytes)
    case "error":
      let message = String(decoding: answer.bytes, as: UTF8.self)
      throw StepFailure(
        .expectation, "the filter '\(filter.source)' fails: \(message)", effectIsPossible: false)
    default:
      throw StepFailure(
        .expectation, "the filter '\(filter.source)' yields more than 10,000 values or 64 MiB",
        effectIsPossible: false)
    }
  }

  private func define(
    _ chunk: Int, _ connection: FilterConnection, deadline: ContinuousClock.Instant
  ) throws(StepFailure) -> Int {
    if let number = defined[chunk] { return number }
    let answer = try exchange("program", Array(chunks[chunk].source.utf8), connection, deadline: deadline)
    guard answer.word == "values" else {
      let message = FilterCheck.plainMessage(String(decoding: answer.bytes, as: UTF8.self))
      throw StepFailure(.internal, "the plan's filters do not compile: \(message)", effectIsPossible: false)
    }
    let number = defined.count
    defined[chunk] = number
    return number
  }

  private func values(_ bytes: [UInt8]) throws(StepFailure) -> [JSONValue] {
    var values: [JSONValue] = []
    for line in bytes.split(separator: 0x0a) {
      guard let value = try? JSONValue(parsing: line) else { throw lost("gave something that is not JSON") }
      values.append(value)
    }
    return values
  }

  private func lost(_ what: String) -> StepFailure {
    stop()
    return StepFailure(.internal, "the filter worker \(what)", effectIsPossible: false)
  }

  private func stop() {
    connection?.close()
    connection = nil
    defined = [:]
  }

  private func exchange(
    _ header: String, _ body: [UInt8], _ connection: FilterConnection, deadline: ContinuousClock.Instant
  ) throws(StepFailure) -> (word: String, bytes: [UInt8]) {
    let request = Array("\(header) \(body.count)\n".utf8) + body
    guard transfer(request, connection, deadline) else { throw tooLong(deadline) }
    var line: [UInt8] = []
    while line.last != 0x0a {
      guard line.count < 100, let byte = receive(1, connection, deadline) else { throw tooLong(deadline) }
      line += byte
    }
    let words = String(decoding: line.dropLast(), as: UTF8.self).split(separator: " ")
    guard words.count == 2, let count = Int(words[1]), let bytes = receive(count, connection, deadline) else {
      throw tooLong(deadline)
    }
    return (String(words[0]), bytes)
  }

  private func tooLong(_ deadline: ContinuousClock.Instant) -> StepFailure {
    guard ContinuousClock.now >= deadline else { return lost("ended by itself") }
    stop()
    return StepFailure(.expectation, "a filter did not end within its time", effectIsPossible: false)
  }

  private func transfer(
    _ bytes: [UInt8], _ connection: FilterConnection, _ deadline: ContinuousClock.Instant
  ) -> Bool {
    var done = 0
    while done < bytes.count {
      guard wait(connection.input, POLLOUT, deadline) else { return false }
      let count = bytes[done...].withUnsafeBytes {
        send(connection.input, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }

  private func receive(
    _ count: Int, _ connection: FilterConnection, _ deadline: ContinuousClock.Instant
  ) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      guard wait(connection.output, POLLIN, deadline) else { return nil }
      let got = bytes.withUnsafeMutableBytes { read(connection.output, $0.baseAddress! + done, count - done) }
      if got < 0, errno == EINTR || errno == EAGAIN { continue }
      guard got > 0 else { return nil }
      done += got
    }
    return bytes
  }

  /// Whether `descriptor` is ready for `events` before `deadline`.
  private func wait(_ descriptor: Int32, _ events: Int32, _ deadline: ContinuousClock.Instant) -> Bool {
    while true {
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero else { return false }
      let (seconds, attoseconds) = left.components
      // Rounded up: giving up before the deadline would look as if the worker had ended.
      let milliseconds = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
      var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
      let result = poll(&entry, 1, Int32(clamping: milliseconds))
      if result > 0 { return true }
      if result < 0, errno != EINTR { return false }
    }
  }
}
