/// Words: which of them are commands, which are names that get assigned, which are patterns of a `case`.
extension ShellScanner {
  /// One word: literal parts, quotes and expansions up to the next break.
  mutating func scanWord() {
    let start = index
    let role = wordRole
    wordRole = .ordinary
    let isCommand = isCommandPosition && cases.last != true && tests.last != contexts.count
    let isPart = cases.last != true && tests.last != contexts.count
    let commandCount = commands.count
    var literal: [UInt8] = []
    var isLiteral = true
    while let byte = current {
      if byte == UInt8(ascii: "'") {
        skipSingleQuoted()
        isLiteral = false
      } else if byte == UInt8(ascii: "\"") {
        isLiteral = false
        let depth = contexts.count
        let position = isCommandPosition
        push(.doubleQuoted)
        while contexts.count > depth, index < bytes.count { scanOne() }
        isCommandPosition = position
      } else if byte == UInt8(ascii: "$") {
        isLiteral = false
        let depth = contexts.count
        let position = isCommandPosition
        let assigning = assigner
        scanDollar()
        while contexts.count > depth, index < bytes.count { scanOne() }
        isCommandPosition = position
        assigner = assigning
      } else if byte == UInt8(ascii: "`") {
        guard contexts.last != .backtick else { break }
        isLiteral = false
        let depth = contexts.count
        push(.backtick)
        while contexts.count > depth, index < bytes.count { scanOne() }
      } else if byte == UInt8(ascii: "\\") {
        isLiteral = false
        index += 2
      } else if byte == UInt8(ascii: "="), isLiteral || literal.last != nil, isName(literal),
        isCommandPosition || assigner != nil
      {
        noteAssignment(literal, start)
        index += 1
        let position = isCommandPosition
        scanValue()
        isCommandPosition = position
        return
      } else if isBreak(byte) {
        if isLiteral, byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">"), isDescriptor(literal) { return }
        break
      } else {
        literal.append(byte)
        index += 1
      }
    }
    if index == start { index += 1 }
    if isLiteral {
      finish(literal, start)
    } else {
      if isCommandPosition { isStraight = false }
      isCommandPosition = false
    }
    guard isPart else { return }
    noteWord(
      start..<min(index, bytes.count), role,
      isCommand: isCommand && (!isLiteral || commands.count > commandCount))
  }

  /// Whether a word in front of a redirection is the descriptor that it redirects: `2>`, `{log}>`.
  private mutating func isDescriptor(_ word: [UInt8]) -> Bool {
    guard let first = word.first else { return false }
    if first == UInt8(ascii: "{"), word.last == UInt8(ascii: "}"), isName(Array(word.dropFirst().dropLast()))
    {
      noteAssignment(Array(word.dropFirst().dropLast()), index - word.count + 1)
      return true
    }
    return word.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// The right side of an assignment, arrays included.
  mutating func scanValue() {
    if current == UInt8(ascii: "(") {
      scanWordsInParentheses()
      return
    }
    isCommandPosition = false
    let assigning = assigner
    assigner = nil
    if let byte = current,
      !isBreak(byte) || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
        || byte == UInt8(ascii: "`")
    {
      scanWord()
    }
    assigner = assigning
  }

  mutating func noteAssignment(_ name: [UInt8], _ start: Int) {
    let trimmed = name.last == UInt8(ascii: "+") ? Array(name.dropLast()) : name
    let base = trimmed.prefix { $0 != UInt8(ascii: "[") }
    assignments.append(
      Mention(name: String(decoding: base, as: UTF8.self), range: start..<(start + base.count)))
  }

  mutating func finish(_ literal: [UInt8], _ start: Int) {
    let word = String(decoding: literal, as: UTF8.self)
    let mention = Mention(name: word, range: start..<(start + literal.count))
    if tests.last == contexts.count {
      if word == "]]" { tests.removeLast() }
      isCommandPosition = false
      return
    }
    if isFunctionHead {
      isFunctionHead = false
      functions.insert(word)
      isCommandPosition = true
      return
    }
    if cases.last == true {
      if word == "esac" { _ = cases.popLast() }
      return
    }
    if word == "in", isCaseHead {
      isCaseHead = false
      cases.append(true)
      return
    }
    if let assigner, !isCommandPosition {
      if word == "in" || word.hasPrefix("-") {
        if word == "in" { self.assigner = nil }
      } else if isName(literal) {
        assignments.append(mention)
        if assigner == "for" || assigner == "select" { self.assigner = nil }
      }
      return
    }
    guard isCommandPosition else { return }
    if isFunctionDefinition() {
      functions.insert(word)
      isStraight = false
      return
    }
    switch word {
    case "then", "do", "else", "elif", "if", "while", "until", "!", "{", "}", "time", "fi", "done", "esac":
      if word == "esac", cases.last == false { cases.removeLast() }
      isStraight = false
      return
    case "for", "select", "read", "local", "declare", "typeset", "readonly", "export", "mapfile", "readarray",
      "getopts",
      "unset", "printf":
      isCommandPosition = false
      assigner = word == "printf" || word == "unset" ? nil : word
      if word == "printf" { notePrintfVariable() }
    case "case":
      isCommandPosition = false
      isCaseHead = true
    case "[[":
      isCommandPosition = false
      tests.append(contexts.count)
    case "function":
      isCommandPosition = false
      isFunctionHead = true
    case "command", "exec", "nohup", "env", "sudo", "builtin", "eval":
      note(mention)
      isCommandPosition = word == "exec" || word == "nohup" || word == "sudo"
      return
    default: isCommandPosition = false
    }
    note(mention)
  }

  private mutating func note(_ command: Mention) {
    commands.append(command)
    guard isStraight, !isPlainBuiltin(command.name) else { return }
    isStraight = false
    guard contexts.count == 1, !ShellNames.builtins.contains(command.name) else { return }
    firstProgram = command
    isFirstProgramOpen = true
  }

  /// Whether a command neither runs others nor changes what commands there are nor leaves the script.
  private func isPlainBuiltin(_ name: String) -> Bool {
    guard name == "set" else { return ShellNames.plainBuiltins.contains(name) }
    let option = bytes.dropFirst(index).drop { $0 == 0x20 }.prefix { !isBreak($0) }
    return option.first == UInt8(ascii: "-") && !option.contains(UInt8(ascii: "n"))
  }

  mutating func notePrintfVariable() {
    var look = index
    while look < bytes.count, bytes[look] == 0x20 { look += 1 }
    guard look + 2 < bytes.count, bytes[look] == UInt8(ascii: "-"), bytes[look + 1] == UInt8(ascii: "v")
    else { return }
    look += 2
    while look < bytes.count, bytes[look] == 0x20 { look += 1 }
    let start = look
    while look < bytes.count, isNameByte(bytes[look]) { look += 1 }
    assignments.append(
      Mention(name: String(decoding: bytes[start..<look], as: UTF8.self), range: start..<look))
  }

  func isFunctionDefinition() -> Bool {
    var look = index
    while look < bytes.count, bytes[look] == 0x20 { look += 1 }
    guard look + 1 < bytes.count, bytes[look] == UInt8(ascii: "(") else { return false }
    look += 1
    while look < bytes.count, bytes[look] == 0x20 { look += 1 }
    return look < bytes.count && bytes[look] == UInt8(ascii: ")")
  }
}
