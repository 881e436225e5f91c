import Glibc
import RunbookAdapter
import RunbookModel

/// What libpq is told of a target: keywords and values, secrets opened.
struct ConnectionSettings {
  private var pairs: [(keyword: String, value: [UInt8])] = []

  /// Collects the settings of the context's target.
  init(_ context: StepContext) throws(StepFailure) {
    let target = context.target
    // As `dbname` and first: libpq takes the URL apart, and what follows wins over it.
    try add("dbname", target["url"], context)
    for keyword in ["host", "user", "password", "dbname", "sslmode", "sslrootcert", "options"] {
      try add(keyword, target[keyword], context)
    }
    if target["url"] == nil { add("port", target["port"]?.plainText ?? "5432") }
    try refusePipes()
    add("client_encoding", "UTF8")
    add("application_name", "runbook/\(context.run)/\(context.step)")
  }

  /// libpq reads these files before any limit of time counts.
  private func refusePipes() throws(StepFailure) {
    var named = pairs.map { (name: $0.keyword, value: String(decoding: $0.value, as: UTF8.self)) }
    if let url = named.first(where: { $0.name == "dbname" }).flatMap({ ConnectionURL($0.value) }) {
      named += url.keywords
    }
    for (name, value) in named where Self.files.contains(name) {
      guard let problem = NamedFile.problem(value) else { continue }
      throw StepFailure(.notFound, "\(name): \(problem)", effectIsPossible: false)
    }
  }

  /// Keywords whose values are files.
  private static let files: Set = ["sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile"]

  /// Looks up the host's name, because libpq would do it without a deadline; several hosts are left to it.
  mutating func lookUpHost(
    _ context: StepContext, until limit: ContinuousClock.Instant
  ) throws(StepFailure) {
    guard let host = singleHost, !host.name.isEmpty, !host.name.hasPrefix("/"), !host.name.hasPrefix("@")
    else {
      return
    }
    switch HostLookup.addresses(of: host.name, port: 0, in: context, until: limit) {
    case .found(let addresses):
      let texts = addresses.compactMap(\.text)
      // One name for each address: libpq tries them in turn and still holds a certificate against the name.
      add("host", repeatElement(host.name, count: texts.count).joined(separator: ","))
      add("hostaddr", texts.joined(separator: ","))
    case .unknown(let words):
      throw StepFailure(.unreachable, "no connection to \(host.name): \(words)", effectIsPossible: false)
    case .deadline:
      throw StepFailure(.timeout, "'\(host.name)' was not found in time", effectIsPossible: false)
    case .interrupted:
      throw StepFailure(.cancelled, "interrupted while connecting", effectIsPossible: false)
    }
  }

  /// The host, where there is one and it has no address of its own.
  private var singleHost: ConnectionURL.Host? {
    func text(_ keyword: String) -> String? {
      pairs.last { $0.keyword == keyword }.map { String(decoding: $0.value, as: UTF8.self) }
    }
    if let name = text("host") { return name.contains(",") ? nil : ConnectionURL.Host(name: name, port: nil) }
    guard let url = text("dbname").flatMap(ConnectionURL.init), url.hosts.count == 1, !url.hasAddress else {
      return nil
    }
    return url.hosts[0]
  }

  private mutating func add(_ keyword: String, _ text: String) { pairs.append((keyword, Array(text.utf8))) }

  private mutating func add(_ keyword: String, _ value: Value?, _ context: StepContext) throws(StepFailure) {
    switch value {
    case .plain(let plain)?: add(keyword, plain.plainText)
    case .secret(let reference)?:
      let bytes = try context.secrets.withBytes(of: reference) { Array($0) }
      guard !bytes.contains(0) else {
        throw StepFailure(.authentication, "\(reference.name) holds a NUL byte", effectIsPossible: false)
      }
      pairs.append((keyword, bytes))
    case nil: break
    }
  }

  /// Calls `body` with two arrays of C strings that end in NULL; the strings are erased afterwards.
  func withPointers<R>(
    _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> R
  ) -> R {
    let keywords = pairs.map { strdup($0.keyword) }
    let values = pairs.map { pair in
      (pair.value + [0]).withUnsafeBytes { bytes in
        let copy = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)  // never empty: it ends in 0
        return copy
      }
    }
    defer {
      keywords.forEach { free($0) }
      for (value, pair) in zip(values, pairs) {
        explicit_bzero(value, pair.value.count)
        value.deallocate()
      }
    }
    let names = keywords.map { UnsafePointer($0) } + [nil]
    let texts = values.map { UnsafePointer<CChar>($0.assumingMemoryBound(to: CChar.self)) } + [nil]
    return names.withUnsafeBufferPointer { names in
      // Never empty: both end in nil.
      texts.withUnsafeBufferPointer { body(names.baseAddress!, $0.baseAddress!) }
    }
  }
}
