/// Redirections and here-documents: whose words are no commands, and whose text may hold expansions.
extension ShellScanner {
  mutating func scanRedirection(_ byte: UInt8) {
    let isDoubled = byte == UInt8(ascii: "<") && peek() == UInt8(ascii: "<")
    let isHereString = isDoubled && peek(2) == UInt8(ascii: "<")
    if isDoubled, !isHereString {
      index += 2
      readHereDocumentStart()
      return
    }
    index += isHereString ? 3 : 1
    if current == UInt8(ascii: "("), !isHereString {
      push(.substitution)
      return
    }
    while let next = current,
      next == UInt8(ascii: "&") || next == UInt8(ascii: ">") || next == UInt8(ascii: "|")
    {
      _ = next
      index += 1
    }
    let (wasCommandPosition, assigning) = (isCommandPosition, assigner)
    while current == 0x20 || current == 0x09 { index += 1 }
    (isCommandPosition, assigner) = (false, nil)
    if let next = current, next != 0x0a, !isBreak(next) || isQuote(next) {
      wordRole = isHereString ? .input : .file
      scanWord()
    }
    (isCommandPosition, assigner) = (wasCommandPosition, assigning)
  }

  mutating func readHereDocumentStart() {
    var stripsTabs = false
    if current == UInt8(ascii: "-") {
      stripsTabs = true
      index += 1
    }
    while current == 0x20 || current == 0x09 { index += 1 }
    var delimiter: [UInt8] = []
    var isQuoted = false
    while let byte = current, byte != 0x0a,
      !isBreak(byte) || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    {
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "\\"): isQuoted = true
      default: delimiter.append(byte)
      }
      index += 1
    }
    hereDocuments.append(
      HereDocument(
        delimiter: delimiter, isQuoted: isQuoted, stripsTabs: stripsTabs,
        command: openCommands[contexts.count]))
  }

  mutating func skipHereDocuments() {
    let pending = hereDocuments
    hereDocuments = []
    for document in pending {
      while index < bytes.count {
        let end = bytes[index...].firstIndex(of: 0x0a) ?? bytes.count
        var line = bytes[index..<end]
        if document.stripsTabs { line = line.drop { $0 == 0x09 } }
        if line.elementsEqual(document.delimiter) {
          index = min(end + 1, bytes.count)
          break
        }
        if !document.isQuoted {
          while index < end {
            if bytes[index] == UInt8(ascii: "\\") {
              index += 2
            } else if bytes[index] == UInt8(ascii: "$") {
              let depth = contexts.count
              let count = expansions.count
              scanDollar()
              if expansions.count > count { noteInput(of: document, expansions[count]) }
              while contexts.count > depth, index < bytes.count { scanOne() }
            } else {
              index += 1
            }
          }
        }
        index = max(index, min(end + 1, bytes.count))
      }
    }
  }
}
