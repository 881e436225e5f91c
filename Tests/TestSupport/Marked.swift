public import RunbookDiagnostics

/// A source text in a test with its interesting places between » and «, which are not part of the text.
///
/// Marks nest; »« marks a place without text.
public struct Marked {
  /// The file without the marks.
  public let file: SourceFile
  /// The marked ranges in the order of their beginnings.
  public let ranges: [SourceRange]

  /// Takes the marks out of `text`.
  ///
  /// - Precondition: each mark has its counterpart.
  public init(_ text: String, path: String = "test.md") {
    var bytes: [UInt8] = []
    var open: [Int] = []
    var starts: [Int] = []
    var ranges: [SourceRange?] = []
    for scalar in text.unicodeScalars {
      switch scalar {
      case "»":
        open.append(ranges.count)
        ranges.append(nil)
        starts.append(bytes.count)
      case "«":
        guard let index = open.popLast() else { preconditionFailure("« without »") }
        ranges[index] = SourceRange(start: starts[index], end: bytes.count)
      default:
        bytes.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
      }
    }
    precondition(open.isEmpty, "» without «")
    file = SourceFile(path: path, bytes: bytes)
    self.ranges = ranges.compactMap(\.self)
  }

  /// The one marked range.
  ///
  /// - Precondition: there is exactly one.
  public var range: SourceRange {
    precondition(ranges.count == 1, "\(ranges.count) marked ranges, one expected")
    return ranges[0]
  }
}
