public import Testing

/// Texts that something on their way could take for more than a text.
public struct HostileText: Sendable, CustomTestStringConvertible {
  /// What is hostile about it.
  public let name: String
  /// The value itself. Where it tries to run something, that is `touch pwned`.
  public let text: String

  public var testDescription: String { name }

  /// One of each kind, 100 KiB of many kinds last.
  public static let all = [
    HostileText(name: "quotes", text: #"it's "quoted" \ and \"escaped\""#),
    HostileText(
      name: "substitutions",
      text: "$(touch pwned) `touch pwned` ${HOME} $HOME ; touch pwned | touch pwned & $((1+1)) *"),
    HostileText(name: "way out of single quotes", text: "'; touch pwned; '"),
    HostileText(name: "way out of double quotes", text: "\"; touch pwned; \""),
    HostileText(name: "function", text: "() { :; }; touch pwned"),
    HostileText(name: "jq", text: #"") | halt | ("\(halt)"#),
    HostileText(name: "newlines", text: "first\nsecond\r\n\ttabbed\n\n"),
    HostileText(name: "long option", text: "--help"), HostileText(name: "option", text: "-n"),
    HostileText(name: "dash", text: "-"), HostileText(name: "blank", text: " "),
    HostileText(name: "nothing", text: ""),
    HostileText(name: "UTF-8", text: "Größe 漢字 🜂 e\u{301}"),
    HostileText(name: "terminal", text: "\u{1b}[2J\u{7}\u{1}"),
    HostileText(name: "page", text: "</script><script>alert(1)</script>"),
    HostileText(
      name: "100 KiB",
      text: String(repeating: "0123456789abcde$(touch pwned)`'\"\\\n", count: 100 * 1024 / 34)),
  ]
}
