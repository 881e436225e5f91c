/// Finds placeholders such as `<backend-host>` that nobody filled in.
///
/// A shell reads them as redirections: the command then fails in a way that hides why, or writes a file.
struct PlaceholderScanner {
  /// One of them.
  struct Placeholder: Equatable {
    /// Byte range of `<…>`.
    let range: Range<Int>
    /// Inside quotes, where a shell does not mind it but the program called still does.
    let isQuoted: Bool
  }

  private let bytes: [UInt8]
  private var index = 0
  private var found: [Placeholder] = []
  private var documents: [(delimiter: [UInt8], stripsTabs: Bool)] = []

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Those in a POSIX or bash script: not in comments and here-documents.
  static func placeholders(inShell bytes: [UInt8]) -> [Placeholder] {
    guard bytes.contains(UInt8(ascii: "<")), bytes.contains(UInt8(ascii: ">")) else { return [] }
    var scanner = PlaceholderScanner(bytes)
    scanner.scanShell()
    return scanner.found
  }

  /// Those in the request line and headers of an HTTP message; its body is free to hold HTML.
  static func placeholders(inRequest bytes: [UInt8]) -> [Placeholder] {
    guard bytes.contains(UInt8(ascii: "<")) else { return [] }
    var scanner = PlaceholderScanner(bytes)
    while scanner.index < bytes.count {
      let isBlankLine = bytes[scanner.index] == 0x0a && scanner.index > 0 && bytes[scanner.index - 1] == 0x0a
      if isBlankLine { break }
      if bytes[scanner.index] == UInt8(ascii: "<") {
        scanner.takePlaceholder(isQuoted: false)
      } else {
        scanner.index += 1
      }
    }
    return scanner.found
  }

  private mutating func scanShell() {
    var isQuoted = false
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\\"): index += 2
      case UInt8(ascii: "\""):
        isQuoted.toggle()
        index += 1
      case UInt8(ascii: "'") where !isQuoted: skipSingleQuotes()
      case UInt8(ascii: "#") where !isQuoted && isAtWordStart: skipLine()
      case 0x0a:
        index += 1
        if !isQuoted { skipHereDocuments() }
      case UInt8(ascii: "<"):
        if !isQuoted, next(1) == UInt8(ascii: "<") {
          takeHereDocument()
        } else {
          takePlaceholder(isQuoted: isQuoted)
        }
      default: index += 1
      }
    }
  }

  private func next(_ offset: Int) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }

  private var isAtWordStart: Bool {
    index == 0 || " \t\n;&|(".utf8.contains(bytes[index - 1])
  }

  private mutating func skipSingleQuotes() {
    index += 1
    while index < bytes.count, bytes[index] != UInt8(ascii: "'") {
      if bytes[index] == UInt8(ascii: "<") { takePlaceholder(isQuoted: true) } else { index += 1 }
    }
    index += 1
  }

  private mutating func skipLine() {
    while index < bytes.count, bytes[index] != 0x0a { index += 1 }
  }

  /// `<<word`, `<<-word`, with or without quotes; `<<<` is a text and no document.
  private mutating func takeHereDocument() {
    index += 2
    if next(0) == UInt8(ascii: "<") {
      index += 1
      return
    }
    let stripsTabs = next(0) == UInt8(ascii: "-")
    if stripsTabs { index += 1 }
    while next(0) == 0x20 || next(0) == 0x09 { index += 1 }
    var delimiter: [UInt8] = []
    while index < bytes.count, !" \t\n;&|<>()".utf8.contains(bytes[index]) {
      if !"'\"\\".utf8.contains(bytes[index]) { delimiter.append(bytes[index]) }
      index += 1
    }
    if !delimiter.isEmpty { documents.append((delimiter, stripsTabs)) }
  }

  private mutating func skipHereDocuments() {
    for document in documents {
      while index < bytes.count {
        var start = index
        skipLine()
        if document.stripsTabs { while start < index, bytes[start] == 0x09 { start += 1 } }
        let isEnd = bytes[start..<index].elementsEqual(document.delimiter)
        index = min(index + 1, bytes.count)
        if isEnd { break }
      }
    }
    documents = []
  }

  /// `<`, a letter, words, `>`, nothing that a path or an operator would have at these places.
  private mutating func takePlaceholder(isQuoted: Bool) {
    let start = index
    index += 1
    guard isLetter(next(0)) else { return }
    var end = index
    while end < bytes.count, end - start < 64, isPlaceholderByte(bytes[end]) { end += 1 }
    guard end < bytes.count, bytes[end] == UInt8(ascii: ">"), bytes[end - 1] != 0x20 else { return }
    let name = bytes[index..<end]
    // In quotes `<b>` is rather HTML than a placeholder.
    let looksFilledIn =
      isQuoted && !name.contains { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == 0x20 }
      && name.contains { (0x61...0x7a).contains($0) }
    if !looksFilledIn { found.append(Placeholder(range: start..<(end + 1), isQuoted: isQuoted)) }
    index = end + 1
  }

  private func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }

  private func isPlaceholderByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || (0x30...0x39).contains(byte) || " -_./:|".utf8.contains(byte)
  }
}
