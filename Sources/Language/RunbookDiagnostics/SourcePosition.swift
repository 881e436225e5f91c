/// A place in a source file as people and editors name it.
public struct SourcePosition: Sendable, Hashable, Comparable {
  /// Line, from 1.
  public let line: Int
  /// Column in UTF-8 bytes, from 1, as compilers count.
  public let column: Int

  /// Both count from 1.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// Orders by line, then by column.
  public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}
