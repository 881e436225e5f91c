/// Text with `${name}` in it, taken apart; `$${` is a literal `${`.
public struct Template: Sendable, Hashable {
  /// One part of the text.
  public enum Piece: Sendable, Hashable {
    case literal(String)
    /// A name, with the byte range of the whole `${name}` in the parsed text.
    case name(String, Range<Int>)

    /// Ranges are positions only, no part of the identity.
    public static func == (a: Self, b: Self) -> Bool {
      switch (a, b) {
      case (.literal(let a), .literal(let b)), (.name(let a, _), .name(let b, _)): a == b
      case (.literal, .name), (.name, .literal): false
      }
    }

    public func hash(into hasher: inout Hasher) {
      switch self {
      case .literal(let text): hasher.combine(text)
      case .name(let name, _): hasher.combine("${\(name)}")
      }
    }
  }

  /// The parts in their order; no two literals follow each other.
  public let pieces: [Piece]

  /// Takes `text` apart. `${` that is not followed by a name (`[a-z][a-z0-9_]*`) and `}` stays literal text;
  /// `offset` is added to all ranges.
  public init(_ text: String, offset: Int = 0) {
    let bytes = Array(text.utf8)
    var pieces: [Piece] = []
    var literal: [UInt8] = []
    var index = 0
    func flush() {
      if !literal.isEmpty { pieces.append(.literal(String(decoding: literal, as: UTF8.self))) }
      literal = []
    }
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "$") else {
        literal.append(bytes[index])
        index += 1
        continue
      }
      if index + 2 < bytes.count, bytes[index + 1] == UInt8(ascii: "$"), bytes[index + 2] == UInt8(ascii: "{")
      {
        literal += "${".utf8
        index += 3
      } else if let end = Self.nameEnd(in: bytes, at: index) {
        flush()
        let name = String(decoding: bytes[(index + 2)..<(end - 1)], as: UTF8.self)
        pieces.append(.name(name, (index + offset)..<(end + offset)))
        index = end
      } else {
        literal.append(bytes[index])
        index += 1
      }
    }
    flush()
    self.pieces = pieces
  }

  /// The text that gives an equal template: every literal `${` written as `$${`.
  public var source: String {
    var bytes: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .name(let name, _): bytes += "${\(name)}".utf8
      case .literal(let text):
        let literal = Array(text.utf8)
        for (index, byte) in literal.enumerated() {
          if byte == UInt8(ascii: "$"), index + 1 < literal.count, literal[index + 1] == UInt8(ascii: "{") {
            bytes.append(byte)
          }
          bytes.append(byte)
        }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The names in it, with the byte ranges of their `${name}`.
  public var names: [(name: String, range: Range<Int>)] {
    pieces.compactMap { if case .name(let name, let range) = $0 { (name, range) } else { nil } }
  }

  /// The text with plain values put in; a secret and an unknown name stay as `***` and `${name}`.
  public func displayText(_ values: [String: Value]) -> String {
    pieces.map { piece in
      switch piece {
      case .literal(let text): text
      case .name(let name, _): values[name]?.displayText ?? "${\(name)}"
      }
    }.joined()
  }

  /// Whether `text` is a name: `[a-z][a-z0-9_]*`.
  public static func isName(_ text: some StringProtocol) -> Bool {
    var isFirst = true
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"): break
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): if isFirst { return false }
      default: return false
      }
      isFirst = false
    }
    return !isFirst
  }

  /// The offset behind `}` where `${name}` starts at `index`.
  private static func nameEnd(in bytes: [UInt8], at index: Int) -> Int? {
    guard index + 3 < bytes.count, bytes[index + 1] == UInt8(ascii: "{") else { return nil }
    guard let close = bytes[(index + 2)...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
    return isName(String(decoding: bytes[(index + 2)..<close], as: UTF8.self)) ? close + 1 : nil
  }
}
