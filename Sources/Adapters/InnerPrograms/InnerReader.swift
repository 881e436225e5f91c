internal import RunbookModel

/// The command line of a program that reads a program from its arguments, as far as it is understood here.
///
/// A value may stand only where it is surely data. Behind an option that is in none of these lists nothing is
/// sure, and no value may follow.
struct InnerReader {
  /// What the words are that are no options.
  enum Operands {
    /// The first one, behind `-c`, is a program; without `-c` it is a file. What follows are its arguments.
    case command
    /// The first one is a file where no option brought a program. What follows are its arguments.
    case script
    /// Data; options may stand behind them.
    case data
    /// Those at these places, counted from 1, are a program where no option brought one.
    case text(ClosedRange<Int>)
    /// Nothing is known of them.
    case unknown
    /// The one at this place is a program that is started with what follows.
    case program(Int)
    /// The first one is a subcommand: behind those of the first set comes a program, behind the others data.
    /// Everything behind those of the second set is one.
    case subcommand(Set<String>, Set<String> = [])
  }

  var operands: Operands
  /// One-letter options whose argument is a program.
  var texts = ""
  /// One-letter options whose argument is data.
  var values = ""
  /// One-letter options whose argument, if there is one, is the rest of the word.
  var attached = ""
  /// One-letter options without arguments.
  var flags = ""
  /// Long options whose argument is a program.
  var longTexts: Set<String> = []
  /// Long options that take so many arguments, all data.
  var longValues: [String: Int] = [:]
  /// Long options without arguments.
  var longFlags: Set<String> = []
  /// Whether options end at the first operand, or behind the option that brought the program.
  var stopsEarly = false
  /// Behind how many operands options end.
  var optionsEnd = Int.max
  /// Modules behind `-m` that run a program which their own arguments hold.
  var programModules: Set<String> = []
  /// Whether statements come from standard input where no option brought some, nor a file of them.
  var readsStatements = false
  /// Whether `-cmd` is one option, not three.
  var hasWordOptions = false
  /// How to pass a value instead.
  var advice = "pass it as an argument and read it in the program"

  /// Why a word may hold no value.
  enum Refusal {
    /// An option says that it is a program.
    case option
    /// It stands where a program stands.
    case place
    /// Its place is not understood.
    case unsure
  }

  /// What was found of a command line.
  struct Reading {
    /// Words that may hold no value.
    var refused: [(word: [Template.Piece], why: Refusal)] = []
    /// Whether standard input is a program.
    var readsInput = false
    /// Where the program stands that is started next.
    var programIndex: Int?
    /// Where the name stands that a shell gives to the program behind `-c`.
    var nameIndex: Int?
  }

  private enum Option {
    case flag
    /// `-c` of a shell, which says what the first operand is, behind so many arguments of other options.
    case command(Int)
    /// `-s` of a shell: the program comes from standard input.
    case input
    case values(Int)
    case text
    case joinedText
    case end
  }

  /// Reads the words behind the program's own name.
  func reading(of arguments: ArraySlice<[Template.Piece]>) -> Reading {
    var reading = Reading()
    var hasText = false
    var isCommand = false
    var optionsAreOver = false
    var position = 0
    var index = arguments.startIndex
    func next() -> [Template.Piece]? {
      index += 1
      return index < arguments.endIndex ? arguments[index] : nil
    }
    while index < arguments.endIndex {
      defer { index += 1 }
      let word = arguments[index]
      if !optionsAreOver, isOption(word) {
        guard let option = option(word) else {
          reading.refused += arguments[index...].map { ($0, .unsure) }
          return reading
        }
        switch option {
        case .flag: break
        case .end: optionsAreOver = true
        case .command(let count):
          isCommand = true
          for _ in 0..<count { _ = next() }
        case .input: hasText = true
        case .values(let count): for _ in 0..<count { _ = next() }
        case .joinedText: reading.refused.append((word, .option))
        case .text: if let text = next() { reading.refused.append((text, .option)) }
        }
        switch option {
        case .text, .joinedText:
          hasText = true
          // Python takes everything behind `-c TEXT` for arguments.
          if stopsEarly, case .script = operands {
            if runsProgramModule(word, reading.refused.last?.word), index < arguments.endIndex {
              reading.refused += arguments[(index + 1)...].map { ($0, .option) }
            }
            return reading
          }
        case .flag, .end, .command, .input, .values: break
        }
        continue
      }
      // A variable of `env` is no operand.
      if case .program = operands, case .literal(let start)? = word.first,
        start.utf8.contains(UInt8(ascii: "="))
      {
        continue
      }
      position += 1
      if position >= optionsEnd { optionsAreOver = true }
      let mayBeOption = !optionsAreOver && Self.beginsWithName(word)
      switch operands {
      case .command where isCommand:
        reading.refused.append((word, .option))
        reading.nameIndex = index + 1
        return reading
      case .command, .script:
        if hasText ? mayBeOption : Self.beginsWithName(word) { reading.refused.append((word, .unsure)) }
        // `-s` of a shell, and `-` of the others.
        reading.readsInput = isShell ? hasText : !hasText && Self.literal(word) == "-"
        return reading
      case .data: if mayBeOption { reading.refused.append((word, .unsure)) }
      case .unknown: reading.refused.append((word, .unsure))
      case .text(let places):
        if !hasText, places.contains(position) {
          reading.refused.append((word, .place))
        } else if mayBeOption {
          reading.refused.append((word, .unsure))
        }
      case .program(let place):
        guard position == place else { break }
        if Self.beginsWithName(word) { reading.refused.append((word, .unsure)) }
        reading.programIndex = index
        return reading
      case .subcommand(let withText, let opaque):
        guard let name = Self.literal(word)?.uppercased() else {
          reading.refused.append((word, .unsure))
          return reading
        }
        if withText.contains(name), let text = next() { reading.refused.append((text, .place)) }
        if opaque.contains(name) { reading.refused += arguments[(index + 1)...].map { ($0, .place) } }
        return reading
      }
      if stopsEarly { optionsAreOver = true }
    }
    switch operands {
    case .command: reading.readsInput = !isCommand
    case .script: reading.readsInput = !hasText
    case .data: reading.readsInput = readsStatements && !hasText && !namesFile(arguments)
    case .text(let places): reading.readsInput = readsStatements && !hasText && position < places.lowerBound
    case .unknown, .program, .subcommand: break
    }
    return reading
  }

  /// Whether the option `word`, with `text` behind it or in it, has Python run a module that runs its arguments.
  private func runsProgramModule(_ word: [Template.Piece], _ text: [Template.Piece]?) -> Bool {
    guard let option = Self.literal(word), let name = text.flatMap(Self.literal) else { return false }
    return programModules.contains { option.hasSuffix("m") && name == $0 || option.hasSuffix("m" + $0) }
  }

  /// Whether an option names a file of statements; `-` is standard input.
  private func namesFile(_ arguments: ArraySlice<[Template.Piece]>) -> Bool {
    arguments.indices.contains { index in
      guard let option = Self.literal(arguments[index]), option.hasPrefix("-") else { return false }
      if option.hasPrefix("--file=") { return option != "--file=-" }
      guard option == "--file" || (!option.hasPrefix("--") && option.hasSuffix("f")) else { return false }
      return index + 1 == arguments.endIndex || Self.literal(arguments[index + 1]) != "-"
    }
  }

  private var isShell: Bool { if case .command = operands { true } else { false } }

  private func isOption(_ word: [Template.Piece]) -> Bool {
    guard case .literal(let text)? = word.first else { return false }
    if text == "-" { return isShell || word.count > 1 }
    return text.hasPrefix("-") || (isShell && text.hasPrefix("+"))
  }

  /// What an option is; nil where it is in no list.
  private func option(_ word: [Template.Piece]) -> Option? {
    guard case .literal(let text)? = word.first else { return nil }
    let isWhole = word.count == 1
    if isWhole, text == "--" || text == "-" { return .end }
    if text.hasPrefix("--") || hasWordOptions { return longOption(text, isWhole: isWhole) }
    var found = Option.flag
    var values = 0
    var letters = text.dropFirst()
    while let letter = letters.popFirst() {
      let isLast = letters.isEmpty && isWhole
      switch letter {
      case "c" where isShell:
        guard isWhole else { return .joinedText }
        found = .command(0)
      case "s" where isShell: if case .flag = found { found = .input }
      case _ where texts.contains(letter):
        // `-pe TEXT` of Node: where the rest may be options, both words may be the program.
        let isCluster = isWhole && letters.allSatisfy { texts.contains($0) || flags.contains($0) }
        return isCluster ? .text : .joinedText
      // A shell takes what its options want from the words behind the cluster.
      case _ where self.values.contains(letter) && isShell: values += 1
      case _ where self.values.contains(letter): return .values(isLast ? 1 : 0)
      case _ where attached.contains(letter): return isWhole ? .flag : nil
      case _ where flags.contains(letter): break
      default: return nil
      }
    }
    guard isWhole else { return nil }
    switch found {
    case .flag: return .values(values)
    case .command: return .command(values)
    case .input, .values, .text, .joinedText, .end: return values == 0 ? found : nil
    }
  }

  private func longOption(_ text: String, isWhole: Bool) -> Option? {
    let name = String(text.drop { $0 == "-" }.prefix { $0 != "=" })
    if text.utf8.contains(UInt8(ascii: "=")) {
      if longTexts.contains(name) { return .joinedText }
      return isWhole || longValues[name] == 1 ? .flag : nil
    }
    guard isWhole else { return nil }
    if longTexts.contains(name) { return .text }
    if let count = longValues[name] { return .values(count) }
    return longFlags.contains(name) ? .flag : nil
  }

  private static func beginsWithName(_ word: [Template.Piece]) -> Bool {
    if case .name? = word.first { true } else { false }
  }

  private static func literal(_ word: [Template.Piece]) -> String? {
    guard word.count == 1, case .literal(let text) = word[0] else { return nil }
    return text
  }
}
