public import RunbookDiagnostics

/// Reads YAML as runbooks use it: one document of text, sequences and mappings, by libyaml.
///
/// Anchors, aliases, tags, directives, a key twice, keys that are no scalars, and a second document are errors:
/// they make a file mean something else than what a reader sees.
public enum YAMLReader {
  /// Deepest nesting of sequences and mappings.
  public static let maximumDepth = 32
  /// Most scalars, sequences and mappings in one document.
  public static let maximumNodes = 20_000

  /// Reads front matter, option lines, or the body of a fence.
  ///
  /// - Returns: The value, `nil` where there is none or YAML's grammar refuses the text, and all mistakes.
  ///   After other mistakes than those of grammar the value is there without the parts they concern.
  public static func read(_ text: MappedText) -> (YAMLNode?, [Diagnostic]) {
    var builder = YAMLBuilder(text)
    return builder.build()
  }

  /// Reads a whole file.
  public static func read(_ file: SourceFile) -> (YAMLNode?, [Diagnostic]) {
    read(MappedText(file))
  }
}
