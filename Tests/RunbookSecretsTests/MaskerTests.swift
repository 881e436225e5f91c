import Testing

@testable import RunbookSecrets

extension Masker {
  /// The bytes that are final after this chunk.
  fileprivate mutating func feed(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var released: [UInt8] = []
    feed(bytes) { released += $0 }
    return released
  }

  fileprivate mutating func finish() -> [UInt8] {
    var released: [UInt8] = []
    finish { released += $0 }
    return released
  }

  fileprivate mutating func replace(_ automaton: MaskAutomaton?) -> [UInt8] {
    var released: [UInt8] = []
    replace(automaton) { released += $0 }
    return released
  }
}

/// Masks a text that comes in the given chunks.
private func masked(_ chunks: [[UInt8]], _ patterns: [String]) -> String {
  var masker = Masker(MaskAutomaton(patterns.map { Array($0.utf8) }))
  var result: [UInt8] = []
  for chunk in chunks { result += chunk.withUnsafeBytes { masker.feed($0) } }
  return String(decoding: result + masker.finish(), as: UTF8.self)
}

/// What masking must give, by the definition: every byte of every occurrence is covered, and a run of covered
/// bytes whose occurrences overlap is one mask.
private func expected(_ text: String, _ patterns: [String]) -> String {
  let bytes = Array(text.utf8)
  var spans: [Range<Int>] = []
  for pattern in patterns.map({ Array($0.utf8) }) where !pattern.isEmpty && pattern.count <= bytes.count {
    for start in 0...(bytes.count - pattern.count) where bytes[start...].starts(with: pattern) {
      spans.append(start..<(start + pattern.count))
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
  ("the password is hunter22, yes", ["hunter22"], "the password is ***, yes"),
  ("aaaaaaa", ["aaa"], "***"),
  ("abcabcd", ["abcabcd", "abc"], "***"),
  ("xabcdy", ["abc", "bcd"], "x***y"),
  ("abab", ["ab"], "******"),
  ("ab ab", ["ab"], "*** ***"),
  ("nothing here", ["secret"], "nothing here"),
  ("secre", ["secret"], "secre"),
])
func `secrets are masked wherever the stream is cut`(text: String, patterns: [String], result: String) {
  let bytes = Array(text.utf8)
  #expect(expected(text, patterns) == result)
  for split in 0...bytes.count {
    #expect(masked([Array(bytes[..<split]), Array(bytes[split...])], patterns) == result, "cut at \(split)")
  }
  #expect(masked(bytes.map { [$0] }, patterns) == result)
}

@Test func `any patterns over any chunks give what the definition says`() {
  var seed: UInt64 = 7
  func random(_ limit: Int) -> Int {
    seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(seed >> 33) % limit
  }
  for _ in 0..<3000 {
    func word(_ length: Int) -> String { String((0..<length).map { _ in Array("abc")[random(3)] }) }
    let patterns = (0..<(1 + random(4))).map { _ in word(1 + random(5)) }
    let text = word(random(30))
    var chunks: [[UInt8]] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let size = min(rest.count, random(6))
      chunks.append(Array(rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
    #expect(
      masked(chunks, patterns) == expected(text, patterns), "\(text) \(patterns) \(chunks.map(\.count))")
  }
}

@Test func `patterns of any length over any text give what the definition says`() {
  var seed: UInt64 = 11
  func random(_ limit: Int) -> Int {
    seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(seed >> 33) % limit
  }
  for _ in 0..<1000 {
    // Long ones, so that whole windows are passed over.
    let least = 1 + random(20)
    func word(_ length: Int) -> String { String((0..<length).map { _ in Array("abcdefgh")[random(8)] }) }
    let patterns = (0..<(1 + random(4))).map { _ in word(least + random(5)) }
    var text = word(random(60))
    for _ in 0..<random(4) { text += patterns[random(patterns.count)] + word(random(30)) }
    let bytes = Array(text.utf8)
    let cut = random(bytes.count + 1)
    #expect(
      masked([Array(bytes[..<cut]), Array(bytes[cut...])], patterns) == expected(text, patterns),
      "\(text) \(patterns) \(cut)")
  }
}

@Test func `bytes are held only as long as they may be part of a secret`() {
  var masker = Masker(MaskAutomaton([Array("secret".utf8)]))
  let first = Array("xx sec".utf8).withUnsafeBytes { masker.feed($0) }
  #expect(String(decoding: first, as: UTF8.self) == "xx ")
  let second = Array("ond".utf8).withUnsafeBytes { masker.feed($0) }
  #expect(String(decoding: second, as: UTF8.self) == "second")
}

@Test func `a secret that becomes known in mid-stream is masked from there on`() {
  var masker = Masker(MaskAutomaton([Array("first1".utf8)]))
  var result = Array("first1 second2 fir".utf8).withUnsafeBytes { masker.feed($0) }
  result += masker.replace(MaskAutomaton([Array("first1".utf8), Array("second2".utf8)]))
  result += Array("st1 second2".utf8).withUnsafeBytes { masker.feed($0) }
  #expect(String(decoding: result + masker.finish(), as: UTF8.self) == "*** second2 *** ***")
}
