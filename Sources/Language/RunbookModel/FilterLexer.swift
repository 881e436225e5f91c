/// Takes a jq filter apart into words, variables and brackets (jq 1.6 manual, "Basic filters" and "Advanced").
struct FilterLexer {
  /// A bracket that is open, or a string around an interpolation.
  private enum Open {
    case bracket(UInt8, at: Int)
    /// `\(` inside the string that starts at `string`.
    case interpolation(string: Int)
  }

  let bytes: [UInt8]
  private(set) var tokens: [FilterToken] = []
  private(set) var problems: [FilterScan.Problem] = []
  private var index = 0
  private var open: [Open] = []
  /// Whether a word here would be the key of an object, which may have any name.
  private var isAtKey = false

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func run() {
    while index < bytes.count { step() }
    switch open.last {
    case .bracket(let bracket, let start)?:
      let mark = Character(Unicode.Scalar(bracket))
      report(.shape, "'\(mark)' is never closed", start..<(start + 1))
    case .interpolation(let start)?: report(.shape, "this string is never closed", start..<(start + 1))
    case nil: break
    }
    if tokens.isEmpty, problems.isEmpty { report(.shape, "the filter is empty", 0..<bytes.count) }
  }

  private mutating func report(_ kind: FilterScan.Problem.Kind, _ message: String, _ range: Range<Int>) {
    problems.append(FilterScan.Problem(kind: kind, message: message, range: range))
  }

  private mutating func step() {
    let byte = bytes[index]
    switch byte {
    case 0x20, 0x09, 0x0a, 0x0d: index += 1
    case UInt8(ascii: "#"):
      var end = index
      while end < bytes.count, bytes[end] != 0x0a { end += 1 }
      report(.shape, "a filter holds no comment", index..<end)
      index = end
    case UInt8(ascii: "\""): string(from: index, start: index)
    case UInt8(ascii: "$"): variable()
    case UInt8(ascii: "."):
      let end = wordEnd(index + 1)
      let isField = end > index + 1 && !isDigit(bytes[index + 1])
      add(isField ? .other : .mark(byte), to: isField ? end : index + 1)
    case UInt8(ascii: "@"): add(.other, to: wordEnd(index + 1))
    case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
      open.append(.bracket(byte, at: index))
      add(.mark(byte), to: index + 1)
      isAtKey = byte == UInt8(ascii: "{")
    case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): close(byte)
    case UInt8(ascii: ","):
      add(.mark(byte), to: index + 1)
      if case .bracket(UInt8(ascii: "{"), _)? = open.last { isAtKey = true }
    case 0x00..<0x20, 0x7f:
      report(.shape, "a control character", index..<(index + 1))
      index += 1
    default:
      if isDigit(byte) {
        number()
      } else if isWordByte(byte) {
        word()
      } else {
        add(.mark(byte), to: index + 1)
      }
    }
  }

  private mutating func add(_ kind: FilterToken.Kind, to end: Int) {
    tokens.append(FilterToken(kind: kind, range: index..<end))
    index = end
    isAtKey = false
  }

  private mutating func word() {
    let end = wordEnd(index)
    guard !isAtKey else { return add(.other, to: end) }
    let text = String(decoding: bytes[index..<end], as: UTF8.self)
    if FilterScan.forbiddenWords.contains(text) {
      report(.forbiddenWord, "a filter cannot use '\(text)'", index..<end)
    }
    add(.word(text), to: end)
  }

  private mutating func variable() {
    let end = wordEnd(index + 1)
    guard end > index + 1 else { return add(.mark(bytes[index]), to: index + 1) }
    let name = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
    if name == "ENV" { report(.forbiddenWord, "a filter cannot use '$ENV'", index..<end) }
    add(.variable(name), to: end)
  }

  private mutating func number() {
    var end = index
    while end < bytes.count, isDigit(bytes[end]) || bytes[end] == UInt8(ascii: ".") { end += 1 }
    if end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
      var digits = end + 1
      if digits < bytes.count, bytes[digits] == UInt8(ascii: "+") || bytes[digits] == UInt8(ascii: "-") {
        digits += 1
      }
      let first = digits
      while digits < bytes.count, isDigit(bytes[digits]) { digits += 1 }
      if digits > first { end = digits }
    }
    add(.other, to: end)
  }

  private mutating func close(_ byte: UInt8) {
    let range = index..<(index + 1)
    switch open.last {
    case .interpolation(let string)? where byte == UInt8(ascii: ")"):
      open.removeLast()
      add(.mark(byte), to: index + 1)
      self.string(from: string, start: index - 1)
    case .bracket(let bracket, _)? where closing(bracket) == byte:
      open.removeLast()
      add(.mark(byte), to: index + 1)
    case .bracket(let bracket, _)?:
      let (found, wanted) = (Character(Unicode.Scalar(byte)), Character(Unicode.Scalar(closing(bracket))))
      report(.shape, "'\(found)' where '\(wanted)' is expected", range)
      // The bracket counts as closed, so that one slip is one message.
      open.removeLast()
      add(.mark(byte), to: index + 1)
    case .interpolation?, nil:
      report(.shape, "'\(Character(Unicode.Scalar(byte)))' closes nothing", range)
      add(.mark(byte), to: index + 1)
    }
  }

  /// Reads a string on from `start` (its quote, or the `)` of an interpolation) to its end or next `\(`.
  private mutating func string(from quote: Int, start: Int) {
    var end = start + 1
    while end < bytes.count {
      switch bytes[end] {
      case UInt8(ascii: "\""): return add(.other, to: end + 1)
      case UInt8(ascii: "\\"):
        if end + 1 < bytes.count, bytes[end + 1] == UInt8(ascii: "(") {
          add(.other, to: end)
          open.append(.interpolation(string: quote))
          index = end + 1
          return add(.mark(UInt8(ascii: "(")), to: end + 2)
        }
        end += 2
      case 0:
        report(.shape, "a control character", end..<(end + 1))
        end += 1
      default: end += 1
      }
    }
    report(.shape, "this string is never closed", quote..<(quote + 1))
    index = bytes.count
    open = []
  }

  private func closing(_ bracket: UInt8) -> UInt8 {
    switch bracket {
    case UInt8(ascii: "("): UInt8(ascii: ")")
    case UInt8(ascii: "["): UInt8(ascii: "]")
    default: UInt8(ascii: "}")
    }
  }

  private func wordEnd(_ start: Int) -> Int {
    var end = start
    while end < bytes.count, isWordByte(bytes[end]) { end += 1 }
    return end
  }

  private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
    default: isDigit(byte)
    }
  }
}
