/// What a plannable statement (SELECT, VALUES, WITH, INSERT, UPDATE, DELETE, MERGE …) does, in one walk.
///
/// It knows the grammar only as far as needed to err on the side of "writes": a parenthesis or a field counts
/// as a call unless it stands where only something else can stand. So what it takes for a call of an unknown
/// function may be none, but no call is overlooked that is written as one. What operators, casts,
/// views and triggers call is not seen; a read runs in a READ ONLY transaction all the same.
struct SQLQueryScan {
  /// INSERT, UPDATE, DELETE or MERGE stands somewhere, CTEs included.
  private(set) var changesRows = false
  /// DELETE or UPDATE without WHERE or with one that leaves nothing out, or a MERGE that deletes so.
  private(set) var losesRows = false
  /// FOR UPDATE, FOR SHARE and their kin.
  private(set) var locksRows = false
  /// SELECT … INTO makes a table.
  private(set) var selectsInto = false
  /// The first call of a function that is never a read, else the first one of which nothing is known.
  private(set) var call: SQLClassification.Call?

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
      case .openingParenthesis: note(call(before: index))
      case .symbol(UInt8(ascii: ".")): note(call(byField: index))
      case .quotedIdentifier, .literal, .number, .name, .semicolon, .closingParenthesis, .symbol: break
      }
    }
  }

  private mutating func note(_ found: SQLClassification.Call?) {
    guard let found else { return }
    if call.map({ !$0.isKnownChange && found.isKnownChange }) ?? true { call = found }
  }

  private func word(_ index: Int) -> String? { tokens.indices.contains(index) ? tokens[index].word : nil }

  private mutating func scan(_ word: String, at index: Int) {
    let before = self.word(index - 1)
    let after = self.word(index + 1)
    switch word {
    case "insert", "merge": if after == "into" { changesRows = true }
    case "delete" where before == "then":
      changesRows = true
      if deletesUnlimited(index) { losesRows = true }
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
    // The level holds no more of a part in parentheses than its opening one.
    guard let first = level[(place + 1)...].first, let last = level.last else { return false }
    let end = level[(place + 1)...].firstIndex { tokens[$0].isWord("returning") }.map { level[$0] }
    return Self.leavesSomethingOut(tokens[first..<(end ?? lastIndex(of: last) + 1)])
  }

  /// The end of the part in parentheses that begins at `index`, else `index`.
  private func lastIndex(of index: Int) -> Int {
    tokens[index].kind == .openingParenthesis ? closing(index) ?? tokens.count - 1 : index
  }

  /// Whether a condition may be false for a row: it names something, in each of the parts that OR joins.
  private static func leavesSomethingOut(_ condition: ArraySlice<SQLToken>) -> Bool {
    var depth = 0
    var part: [SQLToken] = []
    func names(_ part: [SQLToken]) -> Bool {
      if part.count == 3, part[1].isSymbol("="), part[0].kind == part[2].kind { return false }
      return part.contains { token in
        switch token.kind {
        case .word(let word): !constantWords.contains(word)
        case .quotedIdentifier: true
        case .literal, .number, .name, .semicolon, .openingParenthesis, .closingParenthesis, .symbol: false
        }
      }
    }
    var condition = condition
    while condition.first?.kind == .openingParenthesis, condition.last?.kind == .closingParenthesis,
      isOnePair(condition)
    {
      condition = condition.dropFirst().dropLast()
    }
    for token in condition {
      if token.kind == .openingParenthesis { depth += 1 }
      if token.kind == .closingParenthesis { depth -= 1 }
      if depth == 0, token.isWord("or") {
        guard names(part) else { return false }
        part = []
      } else {
        part.append(token)
      }
    }
    return names(part)
  }

  /// Whether the first parenthesis is closed by the last token.
  private static func isOnePair(_ tokens: ArraySlice<SQLToken>) -> Bool {
    var depth = 0
    for (index, token) in zip(tokens.indices, tokens) {
      if token.kind == .openingParenthesis { depth += 1 }
      if token.kind == .closingParenthesis { depth -= 1 }
      if depth == 0 { return index == tokens.endIndex - 1 }
    }
    return false
  }

  private static let constantWords: Set = [
    "true", "false", "null", "not", "and", "or", "is", "in", "any", "all", "between", "exists",
    "select", "values", "like", "ilike", "coalesce", "row", "array", "int", "integer", "bigint",
    "boolean", "bool",
  ]

  /// Whether the MERGE whose `DELETE` stands at `index` deletes every row, or every one that has no source.
  private func deletesUnlimited(_ index: Int) -> Bool {
    guard let on = tokens[..<index].lastIndex(where: { $0.isWord("on") }),
      let when = tokens[on...].firstIndex(where: { $0.isWord("when") }), when < index
    else { return true }
    let branch = tokens[..<index].lastIndex { $0.isWord("when") } ?? when
    let conditions = tokens[branch..<index]
    if conditions.contains(where: { $0.isWord("source") }) {
      return !conditions.contains { $0.isWord("and") }
    }
    return !Self.leavesSomethingOut(tokens[(on + 1)..<when])
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

  /// The call whose arguments a parenthesis opens; nil where it opens none, or those of a harmless function.
  private func call(before parenthesis: Int) -> SQLClassification.Call? {
    let index = parenthesis - 1
    guard index >= 0 else { return nil }
    switch tokens[index].kind {
    case .literal, .number, .name:
      // Nothing can stand so, but for a name with `UESCAPE '…'` behind it: written so, it may be any.
      return SQLClassification.Call(
        message: "what stands in front of this parenthesis may be any function",
        range: tokens[index].range.lowerBound..<tokens[parenthesis].range.upperBound,
        isKnownChange: word(index - 1) == "uescape")
    case .word, .quotedIdentifier, .semicolon, .openingParenthesis, .closingParenthesis, .symbol: break
    }
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
    let range = tokens[start].range.lowerBound..<tokens[index].range.upperBound
    // A database's name may stand before the schema's.
    if ChangingFunctions.contain(name, isBuiltIn: schema.first.map { $0 == "pg_catalog" } ?? true) {
      return SQLClassification.Call(
        message: "'\(full)' changes something outside its statement", range: range, isKnownChange: true)
    }
    return SQLClassification.Call(
      message: "'\(full)' is no function that is known to change nothing", range: range)
  }

  /// The call that `.name` may be behind an expression: the server takes `(x).name` for `name(x)` where `x`
  /// has no field of that name.
  private func call(byField dot: Int) -> SQLClassification.Call? {
    guard dot > 0, tokens.indices.contains(dot + 1) else { return nil }
    switch tokens[dot - 1].kind {
    case .closingParenthesis, .name, .literal, .symbol(UInt8(ascii: "]")): break
    case .word, .quotedIdentifier, .number, .semicolon, .openingParenthesis, .symbol: return nil
    }
    let name: String
    switch tokens[dot + 1].kind {
    case .word(let text), .quotedIdentifier(let text): name = text
    case .literal, .number, .name, .semicolon, .openingParenthesis, .closingParenthesis, .symbol: return nil
    }
    let isEscaped = word(dot + 2) == "uescape"
    if KnownFunctions.areHarmless(name), !isEscaped { return nil }
    return SQLClassification.Call(
      message: "'\(name)' behind an expression may be a function that changes something",
      range: tokens[dot + 1].range,
      isKnownChange: isEscaped || ChangingFunctions.contain(name, isBuiltIn: true))
  }

  /// Whether `word` before a parenthesis is syntax and not a function's name.
  ///
  /// Key words that are reserved, or that may name columns but never functions, cannot be functions at all
  /// (`pg_get_keywords`, catcode R and C); the others are looked at with what stands before them.
  private func isConstruct(_ word: String, at index: Int) -> Bool {
    if Self.keyWords.contains(word) { return true }
    let previous = index > 0 ? tokens[index - 1] : nil
    switch word {
    case "over", "filter": return previous?.kind == .closingParenthesis && closesCall(index - 1)
    case "zone": return previous?.isWord("time") == true
    case "sets": return previous?.isWord("grouping") == true
    case "materialized":
      return previous?.isWord("as") == true
        || (previous?.isWord("not") == true && self.word(index - 2) == "as")
    case "repeatable":
      guard previous?.kind == .closingParenthesis, let open = opening(index - 1) else { return false }
      return self.word(open - 2) == "tablesample"
    case "bernoulli", "system": return previous?.isWord("tablesample") == true
    case "by": return ["partition", "order", "group"].contains(previous?.word ?? "")
    case "varying": return ["character", "char", "bit"].contains(previous?.word ?? "")
    case "set": return setsColumns(index)
    case "conflict": return previous?.isWord("on") == true && tokens.contains { $0.isWord("insert") }
    case "insert": return previous?.isWord("then") == true && tokens.contains { $0.isWord("merge") }
    case "columns": return previous?.kind == .literal || self.word(index - 2) == "as"
    default: return false
    }
  }

  /// Whether a name before a parenthesis is a type, an alias with columns, or a CTE with columns.
  private func isNoCall(at index: Int, _ parenthesis: Int) -> Bool {
    guard index > 0 else { return false }
    let previous = tokens[index - 1]
    switch previous.kind {
    case .symbol(UInt8(ascii: ":")):
      return index > 1 && tokens[index - 2].isSymbol(":")
        && tokens[index - 2].range.upperBound == previous.range.lowerBound
    case .word("as"), .word("into"), .word("recursive"), .word("ordinality"): return true
    case .word("with"): return true
    case .symbol(UInt8(ascii: ",")): return isCommonTable(parenthesis)
    case .closingParenthesis: return closesTable(index - 1) && holdsColumns(parenthesis)
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

  /// The parenthesis that the one at `end` closes.
  private func opening(_ end: Int) -> Int? {
    var depth = 0
    for index in tokens.indices[...end].reversed() {
      if tokens[index].kind == .closingParenthesis { depth += 1 }
      if tokens[index].kind == .openingParenthesis {
        depth -= 1
        if depth == 0 { return index }
      }
    }
    return nil
  }

  /// Whether a function's name stands before the parenthesis that `end` closes, or FILTER or WITHIN GROUP.
  ///
  /// Behind `DISTINCT ON (…)` and `OPERATOR(…)` an expression follows.
  private func closesCall(_ end: Int) -> Bool {
    guard let open = opening(end), open > 0 else { return false }
    switch tokens[open - 1].kind {
    case .word(let word): return word != "operator" && word != "on"
    case .quotedIdentifier: return true
    case .literal, .number, .name, .semicolon, .openingParenthesis, .closingParenthesis, .symbol: return false
    }
  }

  /// Whether the parenthesis at `end` closes a query or a function in FROM, behind which an alias follows.
  private func closesTable(_ end: Int) -> Bool {
    guard var index = opening(end).map({ $0 - 1 }), index >= 0 else { return false }
    switch tokens[index].kind {
    case .word("from"), .word("join"), .word("lateral"), .word("using"), .word("xmltable"): break
    case .word(let word) where word == "operator" || Self.keyWords.contains(word): return false
    case .word, .quotedIdentifier, .openingParenthesis, .symbol(UInt8(ascii: ",")): break
    case .literal, .number, .name, .semicolon, .closingParenthesis, .symbol: return false
    }
    // The nearest key word of a clause, outwards from here.
    while index >= 0 {
      switch tokens[index].kind {
      case .word("from"), .word("join"), .word("using"): return true
      case .word(let word) where Self.otherClauses.contains(word): return false
      case .closingParenthesis:
        guard let open = opening(index) else { return false }
        index = open
      case .word, .quotedIdentifier, .literal, .number, .name, .semicolon, .openingParenthesis, .symbol: break
      }
      index -= 1
    }
    return false
  }

  private static let otherClauses: Set = [
    "select", "where", "having", "order", "limit", "offset", "fetch", "union", "intersect", "except",
    "window",
    "values", "returning", "set", "by", "distinct", "all", "case", "when", "then", "else",
  ]

  /// Whether the parentheses hold names of columns, with or without types, as those of an alias do.
  private func holdsColumns(_ parenthesis: Int) -> Bool {
    guard let end = closing(parenthesis), end > parenthesis + 1 else { return false }
    return tokens[(parenthesis + 1)..<end].allSatisfy { token in
      switch token.kind {
      case .word, .quotedIdentifier, .number, .openingParenthesis, .closingParenthesis: true
      case .symbol(let byte): ",.[]".utf8.contains(byte)
      case .literal, .name, .semicolon: false
      }
    }
  }

  /// Whether the SET at `index` belongs to an UPDATE: nothing but a table's name stands between them.
  private func setsColumns(_ index: Int) -> Bool {
    for token in tokens[..<index].reversed() {
      switch token.kind {
      case .word("update"): return true
      case .word("as"), .word("only"), .quotedIdentifier, .symbol(UInt8(ascii: ".")),
        .symbol(UInt8(ascii: "*")):
        break
      case .word(let word): if Self.keyWords.contains(word) { return false }
      case .literal, .number, .name, .semicolon, .openingParenthesis, .closingParenthesis, .symbol:
        return false
      }
    }
    return false
  }
}
