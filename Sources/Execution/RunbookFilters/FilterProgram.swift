import RunbookModel

/// Many filters as one jq program, because each compile costs tens of milliseconds for jq's own library.
///
/// The program's input is `{i, in, v}`: which filter, its `.`, and the values of its variables. Filters are
/// leaves of a balanced tree of `if`: a chain would nest too deep, functions compile in quadratic time.
struct FilterProgram {
  /// jq 1.6 refuses a function above 65,535 code units; 128 filters of usual size take a sixth of that.
  static let limit = 128

  /// Filters with the variables each may use, in the order of their indices.
  let entries: [(filter: Filter, variables: Set<String>)]

  /// The whole program.
  var source: String {
    var text = ". as {i: $__i, in: $__in, v: $__v} | $__in | "
    write(0..<entries.count, to: &text)
    return text
  }

  private func write(_ range: Range<Int>, to text: inout String) {
    if range.count == 1 {
      let entry = entries[range.lowerBound]
      // Only variables the filter mentions are bound: binding costs compile time.
      text += "("
      for name in Set(Self.variables(in: entry.filter.source)).intersection(entry.variables).sorted() {
        text += "$__v.\(name) as $\(name) | "
      }
      // The line feed ends a comment that the scanner let through, the parenthesis keeps precedence.
      text += "(\(entry.filter.source)\n))"
    } else {
      let middle = (range.lowerBound + range.upperBound) / 2
      text += "if $__i < \(middle) then "
      write(range.lowerBound..<middle, to: &text)
      text += " else "
      write(middle..<range.upperBound, to: &text)
      text += " end"
    }
  }

  /// All `$name` in a filter's text; some may stand in strings, which does no harm.
  static func variables(in source: String) -> [String] {
    let bytes = Array(source.utf8)
    var names: [String] = []
    var index = 0
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "$") else {
        index += 1
        continue
      }
      var end = index + 1
      while end < bytes.count, isNameByte(bytes[end]) { end += 1 }
      if end > index + 1 { names.append(String(decoding: bytes[(index + 1)..<end], as: UTF8.self)) }
      index = end
    }
    return names
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
