import RunbookModel
import Synchronization
import Testing

@testable import RunbookSecrets

/// What other programs make of `secret`: written by Python and bash, not by the code under test.
private let disguises: [(name: String, text: String)] = [
  ("as it is", ##"pä$$ "w'/+<&>\ x!~"##),
  ("base64 behind 0 bytes, 0 after it", ##"cMOkJCQgIncnLys8Jj5cIHghfg=="##),
  ("URL-safe base64 behind 0 bytes, 0 after it", ##"cMOkJCQgIncnLys8Jj5cIHghfg"##),
  ("base64 behind 0 bytes, 1 after it", ##"cMOkJCQgIncnLys8Jj5cIHghflo="##),
  ("URL-safe base64 behind 0 bytes, 1 after it", ##"cMOkJCQgIncnLys8Jj5cIHghflo"##),
  ("base64 behind 0 bytes, 2 after it", ##"cMOkJCQgIncnLys8Jj5cIHghflpa"##),
  ("URL-safe base64 behind 0 bytes, 2 after it", ##"cMOkJCQgIncnLys8Jj5cIHghflpa"##),
  ("base64 behind 1 bytes, 0 after it", ##"dXDDpCQkICJ3Jy8rPCY+XCB4IX4="##),
  ("URL-safe base64 behind 1 bytes, 0 after it", ##"dXDDpCQkICJ3Jy8rPCY-XCB4IX4"##),
  ("base64 behind 1 bytes, 1 after it", ##"dXDDpCQkICJ3Jy8rPCY+XCB4IX5a"##),
  ("URL-safe base64 behind 1 bytes, 1 after it", ##"dXDDpCQkICJ3Jy8rPCY-XCB4IX5a"##),
  ("base64 behind 1 bytes, 2 after it", ##"dXDDpCQkICJ3Jy8rPCY+XCB4IX5aWg=="##),
  ("URL-safe base64 behind 1 bytes, 2 after it", ##"dXDDpCQkICJ3Jy8rPCY-XCB4IX5aWg"##),
  ("base64 behind 2 bytes, 0 after it", ##"dXNww6QkJCAidycvKzwmPlwgeCF+"##),
  ("URL-safe base64 behind 2 bytes, 0 after it", ##"dXNww6QkJCAidycvKzwmPlwgeCF-"##),
  ("base64 behind 2 bytes, 1 after it", ##"dXNww6QkJCAidycvKzwmPlwgeCF+Wg=="##),
  ("URL-safe base64 behind 2 bytes, 1 after it", ##"dXNww6QkJCAidycvKzwmPlwgeCF-Wg"##),
  ("base64 behind 2 bytes, 2 after it", ##"dXNww6QkJCAidycvKzwmPlwgeCF+Wlo="##),
  ("URL-safe base64 behind 2 bytes, 2 after it", ##"dXNww6QkJCAidycvKzwmPlwgeCF-Wlo"##),
  ("hex", ##"70c3a42424202277272f2b3c263e5c2078217e"##),
  ("upper hex", ##"70C3A42424202277272F2B3C263E5C2078217E"##),
  ("percent", ##"p%C3%A4%24%24%20%22w%27%2F%2B%3C%26%3E%5C%20x%21~"##),
  ("percent in a path", ##"p%C3%A4%24%24%20%22w%27/%2B%3C%26%3E%5C%20x%21~"##),
  ("form", ##"p%C3%A4%24%24+%22w%27%2F%2B%3C%26%3E%5C+x%21~"##),
  ("encodeURIComponent", ##"p%C3%A4%24%24%20%22w'%2F%2B%3C%26%3E%5C%20x!~"##),
  ("every byte in percent", ##"%70%c3%a4%24%24%20%22%77%27%2f%2b%3c%26%3e%5c%20%78%21%7e"##),
  ("JSON", ##""pä$$ \"w'/+<&>\\ x!~""##),
  ("ASCII JSON", ##""p\u00e4$$ \"w'/+<&>\\ x!~""##),
  ("JSON in JSON", ##""{\"a\": \"pä$$ \\\"w'/+<&>\\\\ x!~\"}""##),
  ("JSON as Go writes it", ##""pä$$ \"w'/+\u003c\u0026\u003e\\ x!~""##),
  ("JSON as PHP writes it", ##""p\u00e4$$ \"w'\/+<&>\\ x!~""##),
  ("shlex.quote", ##"'pä$$ "w'"'"'/+<&>\ x!~'"##),
  ("single quotes", ##"'pä$$ "w'\''/+<&>\ x!~'"##),
  ("double quotes", ##""pä\$\$ \"w'/+<&>\\ x!~""##),
  ("SQL", ##"'pä$$ "w''/+<&>\ x!~'"##),
  ("printf %q", ##"pä\$\$\ \"w\'/+\<\&\>\\\ x\!~"##),
  ("bash's ${x@Q}", ##"'pä$$ "w'\''/+<&>\ x!~'"##),
]

/// Every byte that a program printed of the secret, and quotes around it.
private let secret = ##"pä$$ "w'/+<&>\ x!~"##

@Suite struct `A secret in disguise` {
  private let store = SecretStore(directory: "/", processes: NoProcesses())

  init() throws {
    try store.keep(secret, as: SecretReference(name: "pw", source: .environment("PW")))
  }

  /// What a sink lets out of chunks, by stream.
  private func shown(_ chunks: [([UInt8], OutputStream)]) -> [OutputStream: String] {
    let shown = Mutex<[OutputStream: [UInt8]]>([:])
    let sink = MaskingSink(store: store, holds: false, holdLimit: 0) { bytes, stream in
      shown.withLock { $0[stream, default: []] += bytes }
    }
    for (bytes, stream) in chunks { bytes.withUnsafeBytes { sink.write($0, to: stream) } }
    _ = sink.finish(keepsHeld: true)
    return shown.withLock { $0.mapValues { String(decoding: $0, as: UTF8.self) } }
  }

  /// What may be left of a disguise: quotes, what was encoded with the secret, and a digit that both share.
  private func isHarmless(_ text: String) -> Bool {
    let rest = text.replacing("***", with: "")
    return rest.utf8.count <= 18 && !rest.utf8.contains(UInt8(ascii: "%"))
  }

  @Test(arguments: disguises)
  func `is masked wherever its stream is cut, and each stream by itself`(name: String, text: String) {
    let bytes = Array(("<" + text + ">").utf8)
    let whole = shown([(bytes, .standardOutput)])[.standardOutput] ?? ""
    #expect(whole.contains("***") && isHarmless(whole), "\(name): \(whole)")
    for cut in 0...bytes.count {
      let (first, second) = (Array(bytes[..<cut]), Array(bytes[cut...]))
      // The other stream gets the same halves in between.
      let streams = shown([
        (first, .standardOutput), (first, .standardError), (second, .standardOutput),
        (second, .standardError),
      ])
      #expect(streams == [.standardOutput: whole, .standardError: whole], "\(name), cut at \(cut)")
    }
    #expect(shown(bytes.map { ([$0], .standardOutput) })[.standardOutput] == whole, "\(name), byte by byte")
  }

  @Test(arguments: disguises)
  func `is masked in results and errors`(name: String, text: String) {
    let redactor = store.redactor
    #expect(isHarmless(redactor.redacted(text)), "\(name)")
    let value: JSONValue = ["k": [.string(text)]]
    #expect(isHarmless(redactor.redacted(value)["k"]?.array?.first?.string ?? text), "\(name)")
  }

  @Test func `does not make other text unreadable`() {
    let text = "INFO 200 /api/v1/items?name=x%20y {\"path\": \"/var/lib\"} aGVsbG8gd29ybGQ= 68656c6c6f"
    #expect(store.redactor.redacted(text) == text)
  }

  @Test func `of several lines is masked line by line, and whole in an encoding`() throws {
    let key = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEAx1\nq8B/d+Zk3PfTn2uQhY\n-----END KEY-----"
    try store.keep(key, as: SecretReference(name: "key", source: .environment("KEY")))
    let redactor = store.redactor
    #expect(redactor.redacted("key: MIIEpAIBAAKCAQEAx1") == "key: ***")
    #expect(redactor.redacted("q8B%2Fd%2BZk3PfTn2uQhY") == "***")
    #expect(
      redactor.redacted("k=-----BEGIN KEY-----\\nMIIEpAIBAAKCAQEAx1\\nq8B/d+Zk3PfTn2uQhY\\n-----END KEY-----")
        == "k=***")
    #expect(
      redactor.redacted(
        "LS0tLS1CRUdJTiBLRVktLS0tLQpNSUlFcEFJQkFBS0NBUUVBeDEKcThCL2QrWmszUGZUbjJ1UWhZCi0tLS0tRU5EIEtFWS0tLS0t"
      ) == "***")
  }

  @Test func `a short text that a page masks has none`() {
    store.mask(["ab"])
    #expect(store.redactor.redacted("ab YWI= 6162") == "*** YWI= 6162")
  }

  @Test func `a long secret does not take all memory`() {
    let lines = (0..<240).map { (line: Int) -> String in
      let bytes = (0..<64).map { (place: Int) -> UInt8 in UInt8(33 + (line * 31 + place * place * 7) % 90) }
      return String(decoding: bytes, as: UTF8.self)
    }
    let patterns = Disguises.patterns(of: Array(lines.joined(separator: "\n").utf8))
    #expect(patterns.all.reduce(0) { $0 + $1.count } <= 200_000)
    #expect(patterns.all.contains(Array(lines[200].utf8)))
  }
}
