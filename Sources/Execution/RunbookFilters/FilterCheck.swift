import CJQ
import Glibc
public import RunbookModel

/// Compiles filters in this process, for `check`: compiling cannot loop, only evaluating can.
public struct FilterCheck: FilterCompiler {
  /// Loads libjq on first use.
  public init() {}

  /// Filters in one program. jq's own definitions cost more in each compile than hundreds of filters; a program
  /// that jq finds too long is halved as one that is wrong.
  private static let limit = 512

  /// See `FilterCompiler`. One compile for up to `limit` filters where all are right; a wrong one is found by
  /// halving, so k wrong ones of n cost about k × log₂ n compiles.
  public func errors(
    in filters: [Filter], variables: [[String]]
  ) -> [(index: Int, message: String, range: Range<Int>?)] {
    var found: [(index: Int, message: String, range: Range<Int>?)] = []
    for start in stride(from: 0, to: filters.count, by: Self.limit) {
      check(start..<min(start + Self.limit, filters.count), filters, variables, &found)
    }
    return found
  }

  private func check(
    _ range: Range<Int>, _ filters: [Filter], _ variables: [[String]],
    _ found: inout [(index: Int, message: String, range: Range<Int>?)]
  ) {
    let program = range.map { Self.bound(filters[$0], to: variables[$0]) }.joined(separator: ",")
    guard let message = Self.compileError(program) else { return }
    guard range.count > 1 else {
      let (text, place) =
        Self.syntaxError(in: filters[range.lowerBound].source) ?? (Self.plainMessage(message), nil)
      found.append((range.lowerBound, text, place))
      return
    }
    let middle = (range.lowerBound + range.upperBound) / 2
    check(range.lowerBound..<middle, filters, variables, &found)
    check(middle..<range.upperBound, filters, variables, &found)
  }

  /// A filter with its variables bound, to be one of many in a list: what is only compiled needs no way to choose
  /// among them, and a list compiles in half the time.
  private static func bound(_ filter: Filter, to names: [String]) -> String {
    let used = Set(FilterProgram.variables(in: filter.source)).intersection(names).sorted()
    // The line feed ends a comment that the scanner let through, the parenthesis keeps precedence.
    return "(" + used.map { "null as $\($0) | " }.joined() + "(\(filter.source)\n))"
  }

  private static func compileError(_ program: String) -> String? {
    var error: UnsafeMutablePointer<CChar>?
    let compiled = rb_jq_compile(program, &error)
    rb_jq_free(compiled)
    defer { free(error) }
    return error.map { String(cString: $0) }
  }

  /// What the grammar does not allow in a filter, and where: jq names neither column nor byte.
  ///
  /// The shortest beginning of the filter that no further text could mend ends with the culprit; jq says of a
  /// mendable one that its end was unexpected. About log₂ n compiles, none of which gets beyond parsing.
  private static func syntaxError(in source: String) -> (message: String, range: Range<Int>?)? {
    let bytes = Array(source.utf8)
    guard let whole = parseError(bytes[...]) else { return nil }
    let tokens = FilterScan.tokens(of: source)
    let expected = whole.firstQuoted(after: ", expecting ").map { ", expected \($0)" } ?? ""
    guard !whole.hasPrefix("unexpected $end") else {
      return ("syntax error, it ends too early\(expected)", tokens.last)
    }
    var low = 0
    var high = tokens.count - 1
    while low < high {
      let middle = (low + high) / 2
      let isMendable = parseError(bytes[..<tokens[middle].upperBound])?.hasPrefix("unexpected $end") ?? true
      if isMendable { low = middle + 1 } else { high = middle }
    }
    guard tokens.indices.contains(low) else { return ("syntax error\(expected)", nil) }
    let culprit = String(decoding: bytes[tokens[low]], as: UTF8.self)
    return ("syntax error, unexpected '\(culprit)'\(expected)", tokens[low])
  }

  /// What follows `syntax error, ` in jq's message; nil where the text parses.
  private static func parseError(_ text: ArraySlice<UInt8>) -> String? {
    guard let message = compileError(String(decoding: text, as: UTF8.self)) else { return nil }
    let plain = plainMessage(message)
    return plain.hasPrefix("syntax error, ") ? String(plain.dropFirst(14)) : nil
  }

  /// jq's message without its prefix and the position in our program, which is none in the page.
  static func plainMessage(_ message: String) -> String {
    let line = message.split(separator: "\n", maxSplits: 1).first ?? ""
    var text = line.hasPrefix("jq: error: ") ? String(line.dropFirst(11)) : String(line)
    if let end = text.range(ofText: " at <unknown location>") { text = String(text[..<end]) }
    if let end = text.range(ofText: " at <top-level>") { text = String(text[..<end]) }
    if let end = text.range(ofText: " (Unix shell quoting issues?)") { text = String(text[..<end]) }
    if let end = text.range(ofText: " (Windows cmd shell quoting issues?)") { text = String(text[..<end]) }
    return text
  }
}

extension String {
  /// Where `needle` begins, nil where it is not in the text.
  fileprivate func range(ofText needle: String) -> String.Index? {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(needle) { return index }
      index = self.index(after: index)
    }
    return nil
  }

  /// The quoted word right behind `prefix`, with its quotes.
  fileprivate func firstQuoted(after prefix: String) -> Substring? {
    guard let end = range(ofText: prefix) else { return nil }
    let rest = self[self.index(end, offsetBy: prefix.count)...]
    guard rest.first == "'", let close = rest.dropFirst().firstIndex(of: "'") else { return nil }
    return rest[...close]
  }
}
