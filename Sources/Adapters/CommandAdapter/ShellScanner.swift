/// What a shell script says in plain sight: expansions, assignments, functions and command words.
///
/// No shell parser: it follows quotes, comments, here-documents and command substitutions well enough to know
/// what is code and what is text, and leaves everything dynamic alone.
struct ShellScanner {
  /// One `$name`, `${name}` or `${name…}`.
  struct Expansion: Equatable {
    let name: String
    let range: Range<Int>
    /// Whether it was written with braces: only those are claims that a name exists.
    let isBraced: Bool
    /// `${x:-…}`, `${x-…}`, `${x+…}`, `${x:=…}`: fine where `x` is not set.
    let hasDefault: Bool
  }
  /// A name with its place.
  struct Mention: Equatable {
    let name: String
    let range: Range<Int>
  }

  var expansions: [Expansion] = []
  /// Every simple command, in the order in which their first words end; of a script whose quotes are not closed,
  /// which no shell runs, not all.
  var simpleCommands: [SimpleCommand] = []
  var assignments: [Mention] = []
  var functions: Set<String> = []
  /// Literal words in command position: programs, builtins and keywords alike.
  var commands: [Mention] = []
  /// Whether it is nested beyond `maximumDepth`; from there on nothing was read.
  var isTooDeep = false

  /// Quotes, substitutions and arithmetic within each other: the scanner calls itself for each.
  static let maximumDepth = 100
  /// The first program, where it runs whatever else happens: nothing in front of it can bring it, stand for it
  /// or leave the script, and nothing behind it in its line takes its failure.
  var firstProgram: Mention?

  enum Context { case normal, doubleQuoted, substitution, group, backtick, brace }
  let bytes: [UInt8]
  var index = 0
  var contexts: [Context] = [.normal]
  /// Where each of `contexts` began.
  var starts = [0]
  /// Where what began at an offset and ended, ended.
  var ends: [Int: Int] = [:]
  /// The simple command that is being read, by the number of contexts it stands in.
  var openCommands: [Int: Int] = [:]
  /// What the next word is to its command.
  var wordRole = WordRole.ordinary
  var arithmeticDepth = 0
  var isCommandPosition = true
  /// Set while words after `for`, `read`, `local` … are names that get assigned.
  var assigner: String?
  /// Between `case` and its `in`.
  var isCaseHead = false
  /// Open `case` commands: true while words are patterns, up to their `)`.
  var cases: [Bool] = []
  /// Between `function` and its name.
  var isFunctionHead = false
  /// Open `[[`: the number of contexts each was opened in.
  var tests: [Int] = []
  /// Whether all so far was plain builtins: what comes now is the first program.
  var isStraight = true
  /// Whether the line of `firstProgram` goes on.
  var isFirstProgramOpen = false
  var hereDocuments: [HereDocument] = []

  init(_ script: String) {
    bytes = Array(script.utf8)
    scan()
    if let first = firstProgram, functions.contains(first.name) { firstProgram = nil }
  }

  var current: UInt8? { index < bytes.count ? bytes[index] : nil }
  func peek(_ distance: Int = 1) -> UInt8? {
    index + distance < bytes.count ? bytes[index + distance] : nil
  }

  mutating func scan() {
    while index < bytes.count { scanOne() }
  }

  mutating func scanDoubleQuoted(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): pop()
    case UInt8(ascii: "\\"): index += 2
    case UInt8(ascii: "$"): scanDollar()
    case UInt8(ascii: "`"): push(.backtick)
    default: index += 1
    }
  }

  /// Inside `${x:-…}`, whose text may hold quotes and expansions.
  mutating func scanBrace(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "}"): pop()
    case UInt8(ascii: "\""): push(.doubleQuoted)
    case UInt8(ascii: "'"):
      // Within double quotes a single quote is a plain character.
      if contexts.contains(.doubleQuoted) { index += 1 } else { skipSingleQuoted() }
    case UInt8(ascii: "\\"): index += 2
    case UInt8(ascii: "$"): scanDollar()
    case UInt8(ascii: "`"): push(.backtick)
    default: index += 1
    }
  }

  mutating func scanCode(_ byte: UInt8) {
    if tests.last == contexts.count {
      scanTest(byte)
      return
    }
    switch byte {
    case 0x20, 0x09: index += 1
    case 0x0a:
      index += 1
      endLine()
      skipHereDocuments()
      beginCommand()
    case UInt8(ascii: "\\") where peek() == 0x0a: index += 2
    case UInt8(ascii: "#"): skipComment()
    case UInt8(ascii: "(") where isAfterPatternMark: scanWordsInParentheses()
    case UInt8(ascii: ";") where (peek() == byte || peek() == UInt8(ascii: "&")) && !cases.isEmpty:
      index += 2
      cases[cases.count - 1] = true
    case UInt8(ascii: "|") where cases.last == true, UInt8(ascii: "(") where cases.last == true: index += 1
    case UInt8(ascii: ")") where cases.last == true:
      index += 1
      cases[cases.count - 1] = false
      beginCommand()
    case UInt8(ascii: "&") where peek() == UInt8(ascii: ">"): index += 1
    case UInt8(ascii: ";"):
      index += 1
      endLine()
      beginCommand()
    case UInt8(ascii: "|"), UInt8(ascii: "&"):
      index += 1
      joinCommands()
      beginCommand()
    case UInt8(ascii: "("): scanParenthesis()
    case UInt8(ascii: ")"):
      if contexts.count > 1, contexts.last == .substitution || contexts.last == .group {
        pop()
      } else {
        index += 1
      }
      // The `)` of a case pattern is followed by a command, that of a group is not.
      if contexts.count == 1 || contexts.last != .doubleQuoted { isCommandPosition = true }
    case UInt8(ascii: "`") where contexts.last == .backtick: pop()
    case UInt8(ascii: "<"), UInt8(ascii: ">"): scanRedirection(byte)
    default: scanWord()
    }
  }

  /// - Parameter start: Where it began, if not here.
  mutating func push(_ context: Context, from start: Int? = nil) {
    guard canDescend() else { return }
    contexts.append(context)
    starts.append(start ?? index)
    index += 1
    if context == .substitution || context == .group || context == .backtick { beginCommand() }
  }

  /// Whether one level more is allowed; if not, the scan ends.
  mutating func canDescend() -> Bool {
    if contexts.count + arithmeticDepth < Self.maximumDepth { return true }
    isTooDeep = true
    index = bytes.count
    return false
  }

  mutating func pop() {
    openCommands[contexts.count] = nil
    contexts.removeLast()
    while let test = tests.last, test > contexts.count { tests.removeLast() }
    index += 1
    ends[starts.removeLast()] = index
    isCommandPosition = false
  }

  mutating func beginCommand() {
    openCommands[contexts.count] = nil
    isCommandPosition = true
    assigner = nil
    isFunctionHead = false
  }

  /// After `;` and line ends of the script itself nothing takes the failure of what stands before.
  mutating func endLine() {
    if contexts.count == 1 { isFirstProgramOpen = false }
  }

  /// `|`, `||`, `&&` and `&` do.
  mutating func joinCommands() {
    guard contexts.count == 1 else { return }
    if isFirstProgramOpen { firstProgram = nil }
    isStraight = false
  }

  mutating func skipComment() {
    while let byte = current, byte != 0x0a { _ = byte; index += 1 }
  }

  mutating func skipSingleQuoted() {
    index += 1
    while let byte = current, byte != UInt8(ascii: "'") { _ = byte; index += 1 }
    index += 1
  }

  mutating func scanParenthesis() {
    let isLoopHead = assigner == "for"
    if peek() == UInt8(ascii: "("), isCommandPosition || isLoopHead {
      skipArithmetic()
      if isLoopHead { beginCommand() }
    } else {
      if isCommandPosition { isStraight = false }
      push(.group)
    }
  }

  /// Whether the byte before makes a parenthesis part of a pattern, as in `+(a|b)`.
  ///
  /// `!` in front of a command negates it.
  var isAfterPatternMark: Bool {
    guard index > 0 else { return false }
    return "?*+@".utf8.contains(bytes[index - 1])
      || (bytes[index - 1] == UInt8(ascii: "!") && (!isCommandPosition || cases.last == true))
  }

  /// Words that are no commands: elements of an array, alternatives of a pattern.
  mutating func scanWordsInParentheses() {
    guard canDescend() else { return }
    let depth = contexts.count
    let openCases = cases
    cases = []
    push(.group)
    isCommandPosition = false
    while contexts.count > depth, index < bytes.count {
      scanOne()
      isCommandPosition = false
    }
    cases = openCases
  }

  /// Inside `[[ … ]]`, where parentheses, `<`, `|` and `&` stand between words and start nothing.
  mutating func scanTest(_ byte: UInt8) {
    switch byte {
    case 0x20, 0x09, UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"),
      UInt8(ascii: "|"), UInt8(ascii: "&"):
      index += 1
    case UInt8(ascii: "\\") where peek() == 0x0a: index += 2
    case UInt8(ascii: "#"):
      if index > 0, [0x20, 0x09, 0x0a].contains(bytes[index - 1]) { skipComment() } else { index += 1 }
    case 0x0a where isOperatorBefore: index += 1
    case 0x0a, UInt8(ascii: ";"), UInt8(ascii: "`"):
      // No end in sight: what follows is code again.
      tests.removeLast()
      scanCode(byte)
    default: scanWord()
    }
  }

  /// Whether the line so far ends with an operator, so that a test goes on in the next one.
  private var isOperatorBefore: Bool {
    let line = bytes[..<index].reversed().prefix { $0 != 0x0a }
    return line.first { $0 != 0x20 && $0 != 0x09 }.map { "&|(![".utf8.contains($0) } ?? true
  }

  /// `((…))` holds names without `$`, numbers and operators.
  mutating func skipArithmetic() {
    guard canDescend() else { return }
    arithmeticDepth += 1
    defer { arithmeticDepth -= 1 }
    var depth = 0
    while let byte = current {
      if byte == UInt8(ascii: "(") { depth += 1 }
      if byte == UInt8(ascii: ")") { depth -= 1 }
      if byte == UInt8(ascii: "$") {
        let outside = contexts.count
        scanDollar()
        while contexts.count > outside, index < bytes.count { scanOne() }
        continue
      }
      index += 1
      if depth == 0 { return }
    }
  }

  mutating func scanOne() {
    guard let byte = current else { return }
    switch contexts[contexts.count - 1] {
    case .doubleQuoted: scanDoubleQuoted(byte)
    case .brace: scanBrace(byte)
    case .normal, .substitution, .group, .backtick: scanCode(byte)
    }
  }

  func isBreak(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x09, 0x0a, UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "&"), UInt8(ascii: "("),
      UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"),
      UInt8(ascii: "`"), UInt8(ascii: "$"):
      true
    default: false
    }
  }

  func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  func isName(_ word: [UInt8]) -> Bool {
    var name = word[...]
    if name.last == UInt8(ascii: "+") { name = name.dropLast() }
    if let bracket = name.firstIndex(of: UInt8(ascii: "[")) { name = name[..<bracket] }
    guard let first = name.first, !(0x30...0x39).contains(first) else { return false }
    return name.allSatisfy(isNameByte)
  }
}
