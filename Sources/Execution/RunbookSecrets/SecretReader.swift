import Glibc
import RunbookAdapter
import RunbookModel

/// Reads the bytes behind a reference.
struct SecretReader {
  /// More than any key or token; a larger file is a mistake, and its masking would take all memory.
  private static let limit = 16 << 10

  let directory: String
  let processes: any ProcessHost

  func bytes(of reference: SecretReference, in context: StepContext) async throws(StepFailure) -> [UInt8] {
    switch reference.source {
    case .environment, .file, .dotenv: return try bytesAtHand(of: reference)
    case .command(let arguments): return try await output(of: arguments, reference, context)
    case .output(let step, _):
      throw failure(reference, "step \(step) has not made it in this process")
    }
  }

  /// The bytes of a reference that no program has to be run for.
  func bytesAtHand(of reference: SecretReference) throws(StepFailure) -> [UInt8] {
    switch reference.source {
    case .environment(let name):
      guard let value = getenv(name) else {
        throw failure(reference, "the environment variable \(name) is not set")
      }
      return Array(String(cString: value).utf8)
    case .file(let path): return withoutLineEnd(try read(path, reference))
    case .dotenv(let path, let name):
      guard let value = Dotenv.value(of: name, in: try read(path, reference)) else {
        throw failure(reference, "\(path) has no entry \(name)")
      }
      return value
    case .command, .output: throw failure(reference, "it is not at hand")
    }
  }

  private func failure(_ reference: SecretReference, _ reason: String) -> StepFailure {
    StepFailure(
      .notFound, "the secret '\(reference.name)' cannot be read: \(reason)", effectIsPossible: false)
  }

  private func withoutLineEnd(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    if bytes.last == 0x0a { bytes.removeLast() }
    if bytes.last == 0x0d { bytes.removeLast() }
    return bytes
  }

  private func read(_ path: String, _ reference: SecretReference) throws(StepFailure) -> [UInt8] {
    let absolute = path.hasPrefix("/") ? path : directory + "/" + path
    // A pipe nobody writes to would hold the run before any deadline counts.
    let descriptor = open(absolute, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw failure(reference, "\(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw failure(reference, "\(path) is no regular file")
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(reference, "\(path): \(String(cString: strerror(errno)))") }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      guard bytes.count <= Self.limit else { throw failure(reference, "\(path) is larger than 16 KiB") }
    }
  }

  private func output(
    of arguments: [String], _ reference: SecretReference, _ context: StepContext
  ) async throws(StepFailure) -> [UInt8] {
    var request = ProcessRequest(
      executable: arguments[0], arguments: Array(arguments.dropFirst()),
      environment: context.baseEnvironment.map { ($0.name, .text($0.value)) }, directory: directory)
    request.streamsOutput = false
    let result = try await processes.run(request, in: context)
    guard result.cause == .itself, result.end == .exited(0), !result.standardOutput.isTruncated else {
      throw failure(reference, "'\(arguments[0])' did not end well")
    }
    return withoutLineEnd(result.standardOutput.head + result.standardOutput.tail)
  }
}

/// `NAME=value` files as Compose reads them: comments, `export`, quotes.
enum Dotenv {
  /// The value of the last entry of that name.
  static func value(of name: String, in bytes: [UInt8]) -> [UInt8]? {
    var found: [UInt8]?
    for line in bytes.split(separator: 0x0a) {
      var line = trimmed(line)
      if line.starts(with: "export ".utf8) { line = trimmed(line.dropFirst(7)) }
      guard line.first != UInt8(ascii: "#"), let equals = line.firstIndex(of: UInt8(ascii: "=")),
        trimmed(line[..<equals]).elementsEqual(name.utf8)
      else { continue }
      found = unquoted(trimmed(line[(equals + 1)...]))
    }
    return found
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
    while let last = bytes.last, last == 0x20 || last == 0x09 || last == 0x0d { bytes.removeLast() }
    return bytes
  }

  private static func unquoted(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    guard let quote = bytes.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\""),
      let close = bytes.dropFirst().lastIndex(of: quote)
    else {
      // A comment begins at a blank and '#'.
      for index in bytes.indices.dropFirst()
      where bytes[index] == UInt8(ascii: "#") && bytes[index - 1] == 0x20 {
        return Array(trimmed(bytes[..<index]))
      }
      return Array(bytes)
    }
    let inner = bytes[(bytes.startIndex + 1)..<close]
    guard quote == UInt8(ascii: "\"") else { return Array(inner) }
    var value: [UInt8] = []
    var iterator = inner.makeIterator()
    while let byte = iterator.next() {
      guard byte == UInt8(ascii: "\\"), let escaped = iterator.next() else {
        value.append(byte)
        continue
      }
      switch escaped {
      case UInt8(ascii: "n"): value.append(0x0a)
      case UInt8(ascii: "t"): value.append(0x09)
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"): value.append(escaped)
      default: value += [byte, escaped]
      }
    }
    return value
  }
}
