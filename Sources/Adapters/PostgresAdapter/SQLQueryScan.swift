/// What a plannable statement (SELECT, VALUES, WITH, INSERT, UPDATE, DELETE, MERGE …) does, in one walk.
///
/// It knows the grammar only as far as needed to err on the side of "writes": what it takes for a call of an
/// unknown function may be none, but no call is overlooked that is written as one. What operators, casts,
/// views and triggers call is not seen; a read runs in a READ ONLY transaction all the same.
struct SQLQueryScan {
  /// INSERT, UPDATE, DELETE or MERGE stands somewhere, CTEs included.
  private(set) var changesRows = false
  /// DELETE or UPDATE without WHERE, or with a WHERE that is always true.
  private(set) var losesRows = false
  /// FOR UPDATE, FOR SHARE and their kin.
  private(set) var locksRows = false
  /// SELECT … INTO makes a table.
  private(set) var selectsInto = false
  /// The first call of a function that is not known to be harmless.
  private(set) var doubt: SQLClassification.Doubt?

  private let tokens: [SQLToken]

  /// Scans one statement.
  init(_ tokens: [SQLToken]) {
    self.tokens = tokens
    let head = tokens.first { $0.kind != .openingParenthesis }
    let isChange = ["insert", "update", "delete", "merge"].contains(head?.word ?? "")
    changesRows = isChange
    for index in tokens.indices {
      switch tokens[index].kind {
      case .word(let word): scan(word, at: index)
      case .openingParenthesis: if doubt == nil { doubt = call(before: index) }
      case .quotedIdentifier, .literal, .number, .name, .semicolon, .closingParenthesis, .symbol: break
      }
    }
  }

  private func word(_ index: Int) -> String? { tokens.indices.contains(index) ? tokens[index].word : nil }

  private mutating func scan(_ word: String, at index: Int) {
    let before = self.word(index - 1)
    let after = self.word(index + 1)
    switch word {
    case "insert", "merge": if after == "into" { changesRows = true }
    case "delete" where after == "from":
      changesRows = true
      if !isLimited(after: index) { losesRows = true }
    case "update" where before == "for" || (before == "key" && self.word(index - 2) == "no"): locksRows = true
    case "update" where before == "do" || before == "then": changesRows = true
    case "update":
      guard tokens.indices.contains(index + 1), setFollows(index) else { return }
      changesRows = true
      if !isLimited(after: index) { losesRows = true }
    case "share" where before == "for" || (before == "key" && self.word(index - 2) == "for"): locksRows = true
    case "into" where before != "insert" && before != "merge": selectsInto = true
    default: break
    }
  }

  /// Whether `SET` follows `UPDATE` at the same depth: `update` is a plain name elsewhere.
  private func setFollows(_ start: Int) -> Bool { rest(of: start).contains { tokens[$0].isWord("set") } }

  /// Whether a WHERE that is not always true belongs to the statement that begins at `start`.
  private func isLimited(after start: Int) -> Bool {
    let level = Array(rest(of: start))
    guard let place = level.firstIndex(where: { tokens[$0].isWord("where") }) else { return false }
    var condition: [SQLToken] = []
    for index in level[(place + 1)...] {
      if tokens[index].isWord("returning") { break }
      condition.append(tokens[index])
    }
    if condition.count == 1, condition[0].isWord("true") { return false }
    if condition.count == 3, condition[1].isSymbol("="), condition[0].kind == .number {
      return condition[2].kind != .number
    }
    return true
  }

  /// The tokens behind `start` at its depth, up to the parenthesis that closes it.
  private func rest(of start: Int) -> some Sequence<Int> {
    var depth = 0
    var found: [Int] = []
    for index in tokens.indices[(start + 1)...] {
      switch tokens[index].kind {
      case .openingParenthesis:
        if depth == 0 { found.append(index) }
        depth += 1
      case .closingParenthesis:
        depth -= 1
        if depth < 0 { return found }
      case .word, .quotedIdentifier, .literal, .number, .name, .semicolon, .symbol:
        if depth == 0 { found.append(index) }
      }
    }
    return found
  }

  /// The doubt that a parenthesis raises where it opens the arguments of a function.
  private func call(before parenthesis: Int) -> SQLClassification.Doubt? {
    let index = parenthesis - 1
    guard index >= 0 else { return nil }
    var start = index
    var schema: [String] = []
    while start >= 2, tokens[start - 1].isSymbol(".") {
      switch tokens[start - 2].kind {
      case .word(let text), .quotedIdentifier(let text): schema.append(text)
      case .literal, .number, .name, .semicolon, .openingParenthesis, .closingParenthesis, .symbol:
        schema.append("")
      }
      start -= 2
    }
    let name: String
    switch tokens[index].kind {
    case .word(let word):
      // Behind a schema every key word may be a function's name.
      if schema.isEmpty, isConstruct(word, at: index) { return nil }
      name = word
    case .quotedIdentifier(let text): name = text
    case .literal, .number, .name, .semicolon, .openingParenthesis, .closingParenthesis, .symbol: return nil
    }
    if isNoCall(at: start, parenthesis) { return nil }
    let isBuiltIn = schema.isEmpty || schema == ["pg_catalog"]
    if isBuiltIn, KnownFunctions.areHarmless(name) { return nil }
    let full = (schema.reversed() + [name]).joined(separator: ".")
    return SQLClassification.Doubt(
      message: "'\(full)' is no function that is known to change nothing",
      range: tokens[start].range.lowerBound..<tokens[index].range.upperBound)
  }

  /// Whether `word` before a parenthesis is syntax and not a function's name.
  ///
  /// Key words that are reserved, or that may name columns but never functions, cannot be functions at all
  /// (`pg_get_keywords`, catcode R and C); the others are looked at with what stands before them.
  private func isConstruct(_ word: String, at index: Int) -> Bool {
    if Self.keyWords.contains(word) { return true }
    let previous = index > 0 ? tokens[index - 1] : nil
    switch word {
    case "over", "filter": return previous?.kind == .closingParenthesis
    case "zone": return previous?.isWord("time") == true
    case "sets": return previous?.isWord("grouping") == true
    case "materialized": return previous?.isWord("as") == true || previous?.isWord("not") == true
    case "bernoulli", "system": return previous?.isWord("tablesample") == true
    case "by": return ["partition", "order", "group"].contains(previous?.word ?? "")
    case "varying": return ["character", "char", "bit"].contains(previous?.word ?? "")
    case "set": return tokens.contains { $0.isWord("update") }
    case "conflict": return previous?.isWord("on") == true
    case "insert": return previous?.isWord("then") == true
    case "columns": return tokens.contains { $0.isWord("json_table") }
    default: return false
    }
  }

  /// Whether a name before a parenthesis is a type, an alias with columns, or a CTE with columns.
  private func isNoCall(at index: Int, _ parenthesis: Int) -> Bool {
    guard index > 0 else { return false }
    let previous = tokens[index - 1]
    switch previous.kind {
    case .symbol(UInt8(ascii: ":")): return index > 1 && tokens[index - 2].isSymbol(":")
    case .word("as"), .word("into"), .word("recursive"), .word("ordinality"): return true
    case .word("with"): return true
    case .symbol(UInt8(ascii: ",")): return isCommonTable(parenthesis)
    case .closingParenthesis: return !closesDistinctOn(index - 1)
    case .word, .quotedIdentifier, .literal, .number, .name, .semicolon, .openingParenthesis, .symbol:
      return false
    }
  }

  /// Whether `(…) AS [NOT MATERIALIZED] (SELECT` follows: a CTE's column list, not a function in FROM with
  /// the definition of its columns.
  private func isCommonTable(_ parenthesis: Int) -> Bool {
    guard var index = closing(parenthesis).map({ $0 + 1 }), word(index) == "as" else { return false }
    index += 1
    while word(index) == "not" || word(index) == "materialized" { index += 1 }
    guard tokens.indices.contains(index), tokens[index].kind == .openingParenthesis else { return false }
    index += 1
    if tokens.indices.contains(index), tokens[index].kind == .openingParenthesis { return true }
    switch word(index) {
    case "select", "table", "with": return true
    case "insert", "merge": return word(index + 1) == "into"
    case "delete": return word(index + 1) == "from"
    case "values":
      return tokens.indices.contains(index + 1) && tokens[index + 1].kind == .openingParenthesis
    default: return false
    }
  }

  private func closing(_ parenthesis: Int) -> Int? {
    var depth = 0
    for index in tokens.indices[parenthesis...] {
      if tokens[index].kind == .openingParenthesis { depth += 1 }
      if tokens[index].kind == .closingParenthesis {
        depth -= 1
        if depth == 0 { return index }
      }
    }
    return nil
  }

  /// Whether the parenthesis at `end` closes `DISTINCT ON (…)`, behind which an expression follows.
  private func closesDistinctOn(_ end: Int) -> Bool {
    var depth = 0
    for index in tokens.indices[...end].reversed() {
      if tokens[index].kind == .closingParenthesis { depth += 1 }
      if tokens[index].kind == .openingParenthesis {
        depth -= 1
        if depth == 0 { return word(index - 1) == "on" && word(index - 2) == "distinct" }
      }
    }
    return false
  }

  /// Words that cannot name a function, and four that do so nowhere.
  static let keyWords = Set(
    """
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint \
    create current_catalog current_date \
    current_role current_time current_timestamp current_user default deferrable \
    desc distinct do else end except false fetch for foreign from grant group having in initially intersect \
    into lateral leading limit localtime localtimestamp not null offset on only or order placing primary \
    references returning select session_user some symmetric table then to trailing true union unique user \
    using variadic when where window with \
    between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping \
    inout int integer interval least national nchar none normalize nullif numeric out overlay position \
    precision real row setof smallint substring time timestamp treat trim values varchar xmlattributes \
    xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable \
    cube rollup ilike join
    """.split(separator: " ").map(String.init))
}
