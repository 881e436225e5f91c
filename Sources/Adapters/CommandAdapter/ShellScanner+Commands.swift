import RunbookModel

/// Simple commands: all words of each, as far as they are in plain sight.
extension ShellScanner {
  /// One command with its words; assignments in front of it and redirections are none.
  struct SimpleCommand: Equatable {
    /// Quotes and backslashes are taken off. A `$name` is a name; what a shell would put in otherwise is one without
    /// letters.
    var words: [[Template.Piece]] = []
    /// The same of its here-documents and here-strings; of documents the names only.
    var input: [Template.Piece] = []
  }

  /// What a word is to its command.
  enum WordRole { case ordinary, file, input }

  /// A here-document that was announced.
  struct HereDocument {
    let delimiter: [UInt8]
    let isQuoted: Bool
    let stripsTabs: Bool
    /// Whose input it is, as an index of `simpleCommands`.
    let command: Int?
  }

  /// Adds a word that was read to the command it belongs to.
  mutating func noteWord(_ range: Range<Int>, _ role: WordRole, isCommand: Bool) {
    let open = openCommands[contexts.count]
    switch role {
    case .file: break
    case .input: if let open { simpleCommands[open].input += pieces(of: range) }
    case .ordinary:
      if let open {
        simpleCommands[open].words.append(pieces(of: range))
      } else if isCommand {
        openCommands[contexts.count] = simpleCommands.count
        simpleCommands.append(SimpleCommand(words: [pieces(of: range)]))
      }
    }
  }

  /// Adds what a here-document mentions to the input of its command.
  mutating func noteInput(of document: HereDocument, _ expansion: Expansion) {
    guard let command = document.command, !isHarmless(expansion.range) else { return }
    simpleCommands[command].input.append(.name(expansion.name, expansion.range))
  }

  func isQuote(_ byte: UInt8) -> Bool { "\"'$`".utf8.contains(byte) }

  /// A word taken apart; what it holds was scanned before, so the ends of its substitutions are known.
  private func pieces(of range: Range<Int>) -> [Template.Piece] {
    var pieces: [Template.Piece] = []
    var literal: [UInt8] = []
    var isQuoted = false
    var place = range.lowerBound
    func flush() {
      if !literal.isEmpty { pieces.append(.literal(String(decoding: literal, as: UTF8.self))) }
      literal = []
    }
    func add(_ name: String, to end: Int) {
      flush()
      let end = max(place + 1, min(end, range.upperBound))
      pieces.append(.name(name, place..<end))
      place = end
    }
    while place < range.upperBound {
      let byte = bytes[place]
      let next = place + 1 < range.upperBound ? bytes[place + 1] : 0
      switch byte {
      case UInt8(ascii: "'") where !isQuoted:
        let rest = bytes[(place + 1)..<range.upperBound]
        let close = rest.firstIndex(of: byte) ?? range.upperBound
        literal += rest[..<close]
        place = close + 1
      case UInt8(ascii: "\""):
        isQuoted.toggle()
        place += 1
      case UInt8(ascii: "\\"):
        if isQuoted, !"\"\\$`\n".utf8.contains(next) { literal.append(byte) }
        if next != 0x0a, place + 1 < range.upperBound { literal.append(next) }
        place += 2
      case UInt8(ascii: "`"): add("", to: ends[place] ?? range.upperBound)
      case UInt8(ascii: "$"):
        switch next {
        case UInt8(ascii: "("): add("", to: ends[place] ?? range.upperBound)
        case UInt8(ascii: "{"):
          let end = ends[place] ?? range.upperBound
          add(isHarmless(place..<end) ? "" : name(from: place + 2), to: end)
        case UInt8(ascii: "'") where !isQuoted:
          let end = min(ends[place] ?? range.upperBound, range.upperBound)
          if place + 2 < end { literal += bytes[(place + 2)..<(end - 1)] }
          place = end
        case UInt8(ascii: "\"") where !isQuoted: place += 1
        case _ where isNameByte(next):
          let name = name(from: place + 1)
          add(name, to: place + 1 + max(1, name.utf8.count))
        case _ where "@*#?$!-".utf8.contains(next) && next != 0: add("", to: place + 2)
        default:
          literal.append(byte)
          place += 1
        }
      default:
        literal.append(byte)
        place += 1
      }
    }
    flush()
    return pieces
  }

  /// The name that begins at `start`, behind the mark of an indirect one; empty where none does.
  private func name(from start: Int) -> String {
    let begin = start < bytes.count && bytes[start] == UInt8(ascii: "!") ? start + 1 : start
    let name = bytes[min(begin, bytes.count)...].prefix(while: isNameByte)
    guard let first = name.first, !(0x30...0x39).contains(first) else { return "" }
    return String(decoding: name, as: UTF8.self)
  }

  /// Whether an expansion gives a length, a value quoted for a shell, or another text than the value.
  private func isHarmless(_ range: Range<Int>) -> Bool {
    guard range.count > 2, bytes[range.lowerBound + 1] == UInt8(ascii: "{") else { return false }
    let start = range.lowerBound + 2
    if bytes[start] == UInt8(ascii: "#") { return true }
    let behind = bytes[(start + name(from: start).utf8.count)...]
    return behind.starts(with: "@Q}".utf8) || behind.starts(with: "+".utf8) || behind.starts(with: ":+".utf8)
  }
}
