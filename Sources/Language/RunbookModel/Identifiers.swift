/// The name of one step, unique in its page: `[a-z0-9][a-z0-9-]*`.
public struct StepID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The text after `#` in the page, without the `#`.
  public let rawValue: String

  /// Wraps a name that was validated by the compiler or read back from a log.
  public init(_ rawValue: String) { self.rawValue = rawValue }

  public var description: String { rawValue }

  /// The name jq filters use for the step's result: `-` written as `_`.
  public var variableName: String {
    String(decoding: rawValue.utf8.map { $0 == 0x2d ? 0x5f : $0 }, as: UTF8.self)
  }

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The name of one run: its start in UTC and five random letters, for example `20261120T231500Z-k3xqd`.
public struct RunID: Hashable, Sendable, CustomStringConvertible {
  /// The whole name, usable as a file name.
  public let rawValue: String

  /// Wraps a name made at the start of a run or read back from a log.
  public init(_ rawValue: String) { self.rawValue = rawValue }

  public var description: String { rawValue }
}

/// A content digest, `sha256:` and 64 lower-case hexadecimal digits.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  /// The digest with its algorithm in front.
  public let rawValue: String

  /// Wraps a digest computed elsewhere; this module computes none.
  public init(_ rawValue: String) { self.rawValue = rawValue }

  public var description: String { rawValue }
}
