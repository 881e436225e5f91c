import RunbookModel
import Testing

@testable import RunbookSecrets

/// Masks a text that comes in the given chunks.
private func masked(_ chunks: [[UInt8]], _ patterns: [String], wrapped: [String]) -> String {
  let automaton = MaskAutomaton(
    (patterns + wrapped).map { Array($0.utf8) }, wrapped: Set(wrapped.map { Array($0.utf8) }))
  var masker = Masker(automaton)
  var result: [UInt8] = []
  for chunk in chunks { chunk.withUnsafeBytes { masker.feed($0) { result += $0 } } }
  masker.finish { result += $0 }
  return String(decoding: result, as: UTF8.self)
}

/// Where `pattern` ends if it begins at `start`, with ends of lines between its bytes, 16 bytes apart at least.
private func end(of pattern: [UInt8], from start: Int, in text: [UInt8]) -> Int? {
  var place = start
  var line: Int?
  for (index, byte) in pattern.enumerated() {
    if index > 0, place < text.count, text[place] != byte {
      if let line, index - line < 16 { return nil }
      line = index
      if text[place] == 0x0d { place += 1 }
      guard place < text.count, text[place] == 0x0a else { return nil }
      place += 1
    }
    guard place < text.count, text[place] == byte else { return nil }
    place += 1
  }
  return place
}

/// What masking must give, by the definition.
private func expected(_ text: String, _ patterns: [String], wrapped: [String]) -> String {
  let bytes = Array(text.utf8)
  var spans: [Range<Int>] = []
  for start in bytes.indices {
    for pattern in patterns.map({ Array($0.utf8) }) where bytes[start...].starts(with: pattern) {
      spans.append(start..<(start + pattern.count))
    }
    for pattern in wrapped.map({ Array($0.utf8) }) {
      if let end = end(of: pattern, from: start, in: bytes) { spans.append(start..<end) }
    }
  }
  spans.sort { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
  var merged: [Range<Int>] = []
  for span in spans {
    if let last = merged.last, span.lowerBound < last.upperBound {
      merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, span.upperBound)
    } else {
      merged.append(span)
    }
  }
  var result: [UInt8] = []
  var position = 0
  for span in merged {
    result += bytes[position..<span.lowerBound] + Array("***".utf8)
    position = span.upperBound
  }
  return String(decoding: result + bytes[position...], as: UTF8.self)
}

@Test(arguments: [
  ("abc\ndefg", "***"), ("abc\r\ndefg", "***"), ("a\nbcdefg", "***"), ("abcdef\r\ng", "***"),
  ("ab\nc\ndefg", "ab\nc\ndefg"), ("xabc\ndefgy", "x***y"),
  ("abc\n\ndefg", "abc\n\ndefg"), ("abc\n defg", "abc\n defg"), ("abc\rdefg", "abc\rdefg"),
  ("abc\n\rdefg", "abc\n\rdefg"), ("abcab\ncdefg", "abc***"), ("abc\ndef", "abc\ndef"),
  ("abc\ndeabcdefg", "abc\nde***"), ("abc\r\nabc\ndefg", "abc\r\n***"), ("\nabcdefg\n", "\n***\n"),
])
func `ends of lines hide nothing, wherever the stream is cut`(text: String, result: String) {
  #expect(expected(text, [], wrapped: ["abcdefg"]) == result)
  let bytes = Array(text.utf8)
  for cut in 0...bytes.count {
    let chunks = [Array(bytes[..<cut]), Array(bytes[cut...])]
    #expect(masked(chunks, [], wrapped: ["abcdefg"]) == result, "cut at \(cut)")
  }
  #expect(masked(bytes.map { [$0] }, [], wrapped: ["abcdefg"]) == result)
}

@Test func `wrapped patterns over any chunks give what the definition says`() {
  var seed: UInt64 = 5
  func random(_ limit: Int) -> Int {
    seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(seed >> 33) % limit
  }
  for round in 0..<6000 {
    // Short ones over a small alphabet, and long ones that let whole windows be passed over.
    let (least, letters) = round % 2 == 0 ? (2, Array("ab")) : (6 + random(50), Array("abcdefgh"))
    func word(_ length: Int) -> String { String((0..<length).map { _ in letters[random(letters.count)] }) }
    func broken(_ text: String) -> String {
      text.map { String($0) + (random(16) == 0 ? ["\n", "\r\n", "\n\n", "\r"][random(4)] : "") }.joined()
    }
    let patterns = (0..<random(3)).map { _ in word(1 + least + random(4)) }
    let wrapped = (0..<(1 + random(3))).map { _ in word(least + random(4)) }
    var text = broken(word(random(30)))
    for _ in 0..<random(4) {
      text += broken(wrapped[random(wrapped.count)]) + broken(word(random(20)))
      if let pattern = patterns.first { text += pattern }
    }
    var chunks: [[UInt8]] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let size = min(rest.count, 1 + random(24))
      chunks.append(Array(rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
    #expect(
      masked(chunks, patterns, wrapped: wrapped) == expected(text, patterns, wrapped: wrapped),
      "\(text.debugDescription) \(patterns) \(wrapped) \(chunks.map(\.count))")
  }
}

@Suite struct `Base64 in lines` {
  private static let secret = "correct horse battery staple, and then some more to fill a line of it"

  /// As `base64 -w`, `openssl base64` and mail write it, by a encoder of this test's own.
  private static func encoded(_ bytes: [UInt8], width: Int, end: String) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var digits: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for place in 0..<4 {
        digits.append(place > group.count ? UInt8(ascii: "=") : alphabet[value >> (18 - 6 * place) & 63])
      }
    }
    var lines: [UInt8] = []
    for start in stride(from: 0, to: digits.count, by: width) {
      lines += digits[start..<min(start + width, digits.count)] + end.utf8
    }
    return lines
  }

  @Test(arguments: [64, 76], ["\n", "\r\n"])
  func `is recognised wherever the secret stands in it`(width: Int, end: String) throws {
    let store = SecretStore(directory: "/", processes: NoProcesses())
    for secret in [Self.secret, "hunter-22"] {
      try store.keep(secret, as: SecretReference(name: "s\(secret.count)", source: .environment("S")))
    }
    for secret in [Self.secret, "hunter-22"] {
      for before in 0..<120 {
        let text = [UInt8](repeating: 0x2e, count: before) + Array(secret.utf8) + [0x2e, 0x2e, 0x2e]
        let bytes = Self.encoded(text, width: width, end: end)
        let shown = store.redactor.redacted(String(decoding: bytes, as: UTF8.self))
        #expect(shown.contains("***"), "\(before) bytes before it")
        // What surrounds it, and at most a digit that both share at each end.
        let surroundings = Self.encoded([UInt8](repeating: 0x2e, count: before), width: width, end: end)
        #expect(shown.utf8.count <= surroundings.count + 3 + 8 + 2 * end.utf8.count, "\(before): \(shown)")
      }
    }
  }
}
