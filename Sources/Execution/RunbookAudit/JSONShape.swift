import RunbookModel

/// Whether a line is JSON, without building a value of it, and what it looks like.
///
/// The events' full grammar is the schema's concern; this is what every reader of the line depends on.
struct JSONShape {
  /// Equal for lines that differ only in their numbers' digits and in texts of more than 16 bytes; different for any
  /// others, unless somebody guesses a number of this process's own.
  let value: UInt64
  /// Whether it may be that another line of this shape cannot be read though this one can.
  let isOdd: Bool

  /// The shape of one JSON object (RFC 8259) of valid UTF-8 without white space between its tokens, in which no object
  /// has two members of one name: readers would differ on which of them counts. nil for anything else.
  init?(_ text: UnsafeRawBufferPointer) {
    let parsed = withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 128) { names in
      var parser = Parser(text: text, names: names)
      let isSound = parser.value(depth: 0) && parser.offset == text.count && text.first == UInt8(ascii: "{")
      return (isSound, parser.shape, parser.isOdd, parser.mayRepeatNames)
    }
    guard parsed.0 else { return nil }
    if parsed.3 {
      guard let object = try? JSONValue(parsing: text), !Self.repeatsNames(object) else { return nil }
    }
    value = parsed.1
    isOdd = parsed.2
  }

  private static func repeatsNames(_ value: JSONValue) -> Bool {
    switch value {
    case .null, .boolean, .number, .string: false
    case .array(let values): values.contains { repeatsNames($0) }
    case .object(let members):
      Set(members.map(\.name)).count < members.count || members.contains { repeatsNames($0.value) }
    }
  }

  /// Unknown to whoever wrote the line.
  private static let seed = UInt64.random(in: 0...UInt64.max)

  private struct Parser {
    let text: UnsafeRawBufferPointer
    /// Marks of the names of all objects that are not closed yet.
    let names: UnsafeMutableBufferPointer<UInt64>
    var nameCount = 0
    var offset = 0
    var shape = JSONShape.seed
    var isOdd = false
    var mayRepeatNames = false
    /// The string that was read last, without its quotes.
    private var string: (start: Int, count: Int, isEscaped: Bool) = (0, 0, false)

    init(text: UnsafeRawBufferPointer, names: UnsafeMutableBufferPointer<UInt64>) {
      self.text = text
      self.names = names
    }

    private var next: UInt8 { offset < text.count ? text[offset] : 0 }

    private mutating func take(_ byte: UInt8) -> Bool {
      guard next == byte, offset < text.count else { return false }
      offset += 1
      return true
    }

    private mutating func mix(_ mark: UInt64) {
      shape = (shape ^ mark) &* 0x9e37_79b9_7f4a_7c15
      shape ^= shape >> 29
    }

    /// The string read last as a number: another one for each text of at most 16 bytes, as good as.
    private var mark: UInt64 {
      let (start, count, _) = string
      var (head, tail): (UInt64, UInt64) = (0, 0)
      if count < 8 {
        for index in start..<(start + count) { head = head << 8 | UInt64(text[index]) }
      } else {
        head = text.loadUnaligned(fromByteOffset: start, as: UInt64.self)
        tail = text.loadUnaligned(fromByteOffset: start + count - 8, as: UInt64.self)
      }
      return (head &+ UInt64(truncatingIfNeeded: count)) &* 0xc2b2_ae3d_27d4_eb4f
        ^ (tail ^ JSONShape.seed) &* 0x1656_67b1_9e37_79f9
    }

    mutating func value(depth: Int) -> Bool {
      guard depth < 64 else { return false }
      switch next {
      case UInt8(ascii: "{"): return list(UInt8(ascii: "}"), depth, named: true)
      case UInt8(ascii: "["): return list(UInt8(ascii: "]"), depth, named: false)
      case UInt8(ascii: "\""):
        guard readString() else { return false }
        mix(string.count <= 16 ? mark : 1)
        return true
      case UInt8(ascii: "t"): return word("true")
      case UInt8(ascii: "f"): return word("false")
      case UInt8(ascii: "n"): return word("null")
      default: return integer()
      }
    }

    private mutating func list(_ end: UInt8, _ depth: Int, named: Bool) -> Bool {
      let first = nameCount
      defer { nameCount = first }
      mix(UInt64(end))
      offset += 1
      if take(end) { return true }
      while true {
        if named { guard readString(), addName(first), take(UInt8(ascii: ":")) else { return false } }
        guard value(depth: depth + 1) else { return false }
        if take(end) {
          mix(2)
          return true
        }
        guard take(UInt8(ascii: ",")) else { return false }
      }
    }

    /// Takes in a member's name; whether it was there before is looked at more closely where it may have been.
    private mutating func addName(_ first: Int) -> Bool {
      let mark = mark
      for index in first..<nameCount where names[index] == mark { mayRepeatNames = true }
      if string.isEscaped || nameCount == names.count {
        mayRepeatNames = true
      } else {
        names[nameCount] = mark
        nameCount += 1
      }
      mix(mark)
      return true
    }

    private mutating func word(_ word: StaticString) -> Bool {
      guard EventLineScan.has(word, in: text, at: offset) else { return false }
      offset += word.utf8CodeUnitCount
      mix(UInt64(word.utf8Start[0]))
      return true
    }

    private mutating func integer() -> Bool {
      if take(UInt8(ascii: "-")) { isOdd = true }
      let start = offset
      while (0x30...0x39).contains(next) { offset += 1 }
      let count = offset - start
      // As long as the largest numbers of 32 and 64 bits: it may be beyond them.
      if count == 10 || count > 18 { isOdd = true }
      mix(UInt64(count) << 32)
      return count > 0 && (count == 1 || text[start] != 0x30)
    }

    private mutating func readString() -> Bool {
      guard take(UInt8(ascii: "\"")) else { return false }
      let start = offset
      var isPlain = true
      var isEscaped = false
      while true {
        skipPlain()
        guard offset < text.count else { return false }
        let byte = text[offset]
        if byte == UInt8(ascii: "\"") {
          let bytes = UnsafeRawBufferPointer(rebasing: text[start..<offset])
          string = (start, offset - start, isEscaped)
          offset += 1
          return isPlain || String(validating: bytes, as: UTF8.self) != nil
        }
        if byte < 0x20 { return false }
        if byte >= 0x80 { isPlain = false }
        if byte == UInt8(ascii: "\\") {
          isEscaped = true
          guard offset + 1 < text.count else { return false }
          let escape = text[offset + 1]
          if escape == UInt8(ascii: "u") {
            guard offset + 6 <= text.count, text[(offset + 2)..<(offset + 6)].allSatisfy(Self.isDigit) else {
              return false
            }
            offset += 6
          } else {
            guard "\"\\/bfnrt".utf8.contains(escape) else { return false }
            offset += 2
          }
        } else {
          offset += 1
        }
      }
    }

    /// Goes to the next byte that is no plain ASCII of a text, eight at a time, as far as eight are there.
    private mutating func skipPlain() {
      while offset + 8 <= text.count {
        let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let (quotes, backslashes) = (word ^ 0x2222_2222_2222_2222, word ^ 0x5c5c_5c5c_5c5c_5c5c)
        // The high bit of the lowest byte that is a quote, a backslash, below 0x20 or not of ASCII.
        let special =
          ((quotes &- 0x0101_0101_0101_0101) & ~quotes | (backslashes &- 0x0101_0101_0101_0101) & ~backslashes
            | (word &- 0x2020_2020_2020_2020) & ~word | word) & 0x8080_8080_8080_8080
        guard special == 0 else {
          offset += special.trailingZeroBitCount >> 3
          return
        }
        offset += 8
      }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
  }
}
