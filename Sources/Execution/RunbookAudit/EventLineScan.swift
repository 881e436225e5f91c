import Glibc

/// The few fields of a line that are needed without decoding it, found by the fixed order of its members.
///
/// Only lines as `EventLineWriter` writes them are understood. A quote inside a JSON string always has a backslash
/// before it, so `"run":{"id":"` cannot be part of a text.
struct EventLineScan {
  private let bytes: UnsafeRawBufferPointer
  /// `seq`.
  let sequence: UInt64
  /// Offsets of the 64 digits of `prev`; nil in the first line.
  let previous: Range<Int>?
  /// Offsets of the word behind `type`.
  let type: Range<Int>

  /// Scans a line without its line feed; nil where it is none of ours.
  ///
  /// The bytes must outlive the scan.
  init?(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    guard Self.has(#"{"v":1,"seq":"#, in: bytes, at: 0), bytes.last == UInt8(ascii: "}") else { return nil }
    var offset = 13
    var sequence: UInt64 = 0
    let start = offset
    while offset < bytes.count, (0x30...0x39).contains(bytes[offset]), offset - start < 19 {
      sequence = sequence * 10 + UInt64(bytes[offset] - 0x30)
      offset += 1
    }
    guard offset > start, offset - start == 1 || bytes[start] != 0x30 else { return nil }
    self.sequence = sequence
    if Self.has(#","prev":""#, in: bytes, at: offset) {
      let digits = offset + 9
      guard digits + 65 <= bytes.count, bytes[digits + 64] == UInt8(ascii: "\"") else { return nil }
      previous = digits..<(digits + 64)
      offset = digits + 65
    } else {
      previous = nil
    }
    guard Self.has(#","id":""#, in: bytes, at: offset), Self.has(#"","type":""#, in: bytes, at: offset + 43)
    else { return nil }
    let word = offset + 53
    guard let end = bytes[word...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
    type = word..<end
  }

  /// Whether `prev` is `hash`.
  func follows(_ hash: SHA256.Hash?) -> Bool {
    guard let hash, let previous else { return hash == nil && previous == nil }
    var digits: [UInt8] = []
    digits.reserveCapacity(64)
    hash.append(to: &digits)
    return digits.elementsEqual(bytes[previous])
  }

  /// Whether `type` is `word`.
  func isOf(type word: StaticString) -> Bool {
    type.count == word.utf8CodeUnitCount && Self.has(word, in: bytes, at: type.lowerBound)
  }

  /// The run's name; nil for events of the log itself.
  var run: String? { runBytes.map { String(decoding: $0, as: UTF8.self) } }

  /// The bytes of `run`.
  var runBytes: UnsafeRawBufferPointer? {
    var offset = type.upperBound
    // Few braces stand before the run's: those of program and actor.
    while let brace = Self.find(UInt8(ascii: "{"), in: bytes, from: offset) {
      if Self.has(#","run":{"id":""#, in: bytes, at: brace - 7) {
        let name = brace + 7
        return Self.find(UInt8(ascii: "\""), in: bytes, from: name).map {
          UnsafeRawBufferPointer(rebasing: bytes[name..<$0])
        }
      }
      if Self.has(#","data":{"#, in: bytes, at: brace - 8) { return nil }
      offset = brace + 1
    }
    return nil
  }

  /// The sequence number of the event before it in the same run; nil for a run's first event.
  var previousOfRun: UInt64? {
    guard let run = runBytes, let base = bytes.baseAddress, let name = run.baseAddress else { return nil }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[(name - base + run.count)...])
    // ","mode":"…" comes first; modes are words of letters and '-'.
    guard Self.has(#"","mode":""#, in: rest, at: 0), let end = rest[10...].firstIndex(of: UInt8(ascii: "\"")),
      Self.has(#"","prev":"#, in: rest, at: end)
    else { return nil }
    var number: UInt64 = 0
    for byte in rest[(end + 9)...].prefix(19) {
      guard (0x30...0x39).contains(byte) else { break }
      number = number * 10 + UInt64(byte - 0x30)
    }
    return number
  }

  /// The run's mode; nil for events of the log itself.
  var mode: String? { text(after: #","mode":""#, from: runEnd) }

  /// The step's attempt; nil where there is none.
  var attempt: Int? {
    var offset = runEnd
    while let brace = Self.find(UInt8(ascii: "{"), in: bytes, from: offset) {
      if Self.has(#","data":{"#, in: bytes, at: brace - 8) { return nil }
      if Self.has(#","step":{"id":""#, in: bytes, at: brace - 8) {
        guard let quote = Self.find(UInt8(ascii: "\""), in: bytes, from: brace + 7),
          Self.has(#"","attempt":"#, in: bytes, at: quote)
        else { return nil }
        return bytes[(quote + 12)...].prefix(9).prefix { (0x30...0x39).contains($0) }
          .reduce(0) { $0 * 10 + Int($1 - 0x30) }
      }
      offset = brace + 1
    }
    return nil
  }

  /// `time`.
  var time: Timestamp? {
    let start = type.upperBound + 10
    guard Self.has(#"","time":""#, in: bytes, at: type.upperBound), start + 24 <= bytes.count else {
      return nil
    }
    return Timestamp(String(decoding: bytes[start..<(start + 24)], as: UTF8.self))
  }

  /// The step's name; nil for events of a whole run.
  var step: String? { text(after: #","step":{"id":""#, from: runEnd) }

  /// `status` of an event that has one near its beginning.
  var status: String? { text(after: #""status":""#, from: dataStart) }

  /// `verdict` of an outcome in a dry run.
  var verdict: String? { text(after: #""verdict":""#, from: dataStart) }

  /// `reason` of an event that has one near its beginning.
  var reason: String? { text(after: #""reason":""#, from: dataStart) }

  /// Where what the event says begins.
  var dataStart: Int {
    var offset = runEnd
    while let brace = Self.find(UInt8(ascii: "{"), in: bytes, from: offset) {
      if Self.has(#","data":{"#, in: bytes, at: brace - 8) { return brace }
      offset = brace + 1
    }
    return bytes.count
  }

  /// The offset behind the run's name, or behind the type where there is no run.
  private var runEnd: Int {
    guard let run = runBytes, let base = bytes.baseAddress, let name = run.baseAddress else {
      return type.upperBound
    }
    return name - base + run.count
  }

  /// The text that follows `key`, up to the next quote: for values that hold no quotes.
  private func text(after key: StaticString, from start: Int) -> String? {
    var offset = start
    while let quote = Self.find(UInt8(ascii: "\""), in: bytes, from: offset) {
      // A key begins with its quote, or with the comma before it.
      let begin = key.utf8Start[0] == UInt8(ascii: ",") ? quote - 1 : quote
      let value = begin + key.utf8CodeUnitCount
      if begin >= 0, Self.has(key, in: bytes, at: begin),
        let end = Self.find(UInt8(ascii: "\""), in: bytes, from: value)
      {
        return String(decoding: bytes[value..<end], as: UTF8.self)
      }
      offset = quote + 1
    }
    return nil
  }

  /// Whether `text` stands at `offset`.
  static func has(_ text: StaticString, in bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    let count = text.utf8CodeUnitCount
    guard offset >= 0, offset + count <= bytes.count, let base = bytes.baseAddress else { return false }
    return memcmp(base + offset, text.utf8Start, count) == 0
  }

  /// The offset of the first `byte` at or behind `start`.
  static func find(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard start < bytes.count, let base = bytes.baseAddress,
      let found = memchr(base + start, Int32(byte), bytes.count - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }

  /// Whether `text` occurs at or behind `start`.
  static func contains(_ text: [UInt8], in bytes: UnsafeRawBufferPointer, from start: Int) -> Bool {
    guard let first = text.first, let base = bytes.baseAddress else { return true }
    var offset = start
    while let place = find(first, in: bytes, from: offset), place + text.count <= bytes.count {
      if memcmp(base + place, text, text.count) == 0 { return true }
      offset = place + 1
    }
    return false
  }
}
