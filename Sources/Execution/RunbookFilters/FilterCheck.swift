import CJQ
import Glibc
public import RunbookModel

/// Compiles filters in this process, for `check`: compiling cannot loop, only evaluating can.
public struct FilterCheck: FilterCompiler {
  /// Loads libjq on first use.
  public init() {}

  /// See `FilterCompiler`. One compile for up to 128 filters where all are right; a wrong one is found by
  /// halving, so k wrong ones of n cost about k × log₂ n compiles.
  public func errors(in filters: [Filter], variables: [[String]]) -> [(index: Int, message: String)] {
    var found: [(index: Int, message: String)] = []
    for start in stride(from: 0, to: filters.count, by: FilterProgram.limit) {
      let range = start..<min(start + FilterProgram.limit, filters.count)
      check(range, filters, variables, &found)
    }
    return found
  }

  private func check(
    _ range: Range<Int>, _ filters: [Filter], _ variables: [[String]],
    _ found: inout [(index: Int, message: String)]
  ) {
    let program = FilterProgram(entries: range.map { (filters[$0], Set(variables[$0])) })
    guard let message = Self.compileError(program.source) else { return }
    guard range.count > 1 else {
      found.append((range.lowerBound, Self.plainMessage(message)))
      return
    }
    let middle = (range.lowerBound + range.upperBound) / 2
    check(range.lowerBound..<middle, filters, variables, &found)
    check(middle..<range.upperBound, filters, variables, &found)
  }

  private static func compileError(_ program: String) -> String? {
    var error: UnsafeMutablePointer<CChar>?
    let compiled = rb_jq_compile(program, &error)
    rb_jq_free(compiled)
    defer { free(error) }
    return error.map { String(cString: $0) }
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
}
