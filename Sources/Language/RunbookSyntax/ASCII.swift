import Glibc

/// Questions about single bytes of Markdown.
enum ASCII {
  static let tab = UInt8(ascii: "\t")
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")

  /// A blank or a tab.
  static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

  /// A byte that ends a line.
  static func isLineEnd(_ byte: UInt8) -> Bool { byte == lineFeed || byte == carriageReturn }

  /// Either of them.
  static func isBlankOrLineEnd(_ byte: UInt8) -> Bool { isBlank(byte) || isLineEnd(byte) }

  /// `A-Z`, `a-z`.
  static func isLetter(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
  }

  /// What a name can go on with: a letter, a digit, `-` or `_`.
  static func isName(_ byte: UInt8) -> Bool {
    isLetter(byte) || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "_")
  }

  /// A backtick or a tilde.
  static func isFence(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "`") || byte == UInt8(ascii: "~") }

  /// Offset of the first byte that is not ASCII, at or after `start`; the count if there is none.
  static func prefixCount(of bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    var index = start
    while index + 8 <= bytes.count {
      let word = UnsafeRawPointer(bytes.baseAddress! + index).loadUnaligned(as: UInt64.self)
      guard word & 0x8080_8080_8080_8080 == 0 else { break }
      index += 8
    }
    while index < bytes.count, bytes[index] < 0x80 { index += 1 }
    return index
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// The bytes at `range`.
  func slice(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: self[range])
  }

  /// The text at `range`, invalid UTF-8 replaced.
  func text(_ range: Range<Int>) -> String { String(decoding: self[range], as: UTF8.self) }

  /// `range` without the blanks and tabs at its ends.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var start = range.lowerBound
    var end = range.upperBound
    while start < end, ASCII.isBlank(self[start]) { start += 1 }
    while end > start, ASCII.isBlank(self[end - 1]) { end -= 1 }
    return start..<end
  }

  /// Offset of the first `byte` inside `range`.
  func firstOffset(of byte: UInt8, in range: Range<Int>) -> Int? {
    guard let base = baseAddress, !range.isEmpty,
      let found = memchr(base + range.lowerBound, Int32(byte), range.count)
    else { return nil }
    return UnsafeRawPointer(found) - UnsafeRawPointer(base)
  }

  /// Offset of the first occurrence of `needle` inside `range`.
  func firstOffset(of needle: StaticString, in range: Range<Int>) -> Int? {
    firstOffset(of: UnsafeBufferPointer(start: needle.utf8Start, count: needle.utf8CodeUnitCount), in: range)
  }

  /// Offset of the first occurrence of `needle`, which is not empty, inside `range`.
  func firstOffset(of needle: UnsafeBufferPointer<UInt8>, in range: Range<Int>) -> Int? {
    guard let base = baseAddress, let pattern = needle.baseAddress else { return nil }
    var offset = range.lowerBound
    while offset + needle.count <= range.upperBound {
      guard let found = firstOffset(of: needle[0], in: offset..<range.upperBound) else { return nil }
      offset = found
      guard offset + needle.count <= range.upperBound else { return nil }
      if memcmp(base + offset, pattern, needle.count) == 0 { return offset }
      offset += 1
    }
    return nil
  }

  /// Whether `needle` stands at `offset` and ends before `limit`.
  func has(_ needle: StaticString, at offset: Int, before limit: Int) -> Bool {
    let count = needle.utf8CodeUnitCount
    guard offset >= 0, offset + count <= limit else { return false }
    for index in 0..<count where self[offset + index] != needle.utf8Start[index] { return false }
    return true
  }
}
