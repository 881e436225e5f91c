import Glibc

/// Standard output as the operator sees it: whether it is a terminal, how wide, and whether it may be coloured.
struct Screen: Sendable {
  /// Whether lines may be erased and drawn again.
  let isTerminal: Bool
  /// Whether escape sequences for colour may be written.
  let usesColor: Bool
  /// Columns, at least 20; 100 where there is no terminal and no COLUMNS.
  let width: Int

  /// Looks at `descriptor`, NO_COLOR (no-color.org), TERM and COLUMNS.
  init(descriptor: Int32 = STDOUT_FILENO) {
    let term = ProcessInfo.environment("TERM") ?? ""
    isTerminal = isatty(descriptor) == 1 && term != "dumb"
    usesColor = isTerminal && (ProcessInfo.environment("NO_COLOR") ?? "").isEmpty
    var size = winsize()
    if isatty(descriptor) == 1, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
      width = max(20, Int(size.ws_col))
    } else {
      width = max(20, ProcessInfo.environment("COLUMNS").flatMap { Int($0) } ?? 100)
    }
  }

  /// For views that are stored or tested: no terminal.
  init(width: Int, usesColor: Bool) {
    isTerminal = false
    self.usesColor = usesColor
    self.width = width
  }

  /// `text` in a style, or as it is where there are no colours.
  func styled(_ text: String, _ style: Style) -> String {
    usesColor && !text.isEmpty ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }
}

/// What a colour stands for; SGR parameters (ECMA-48, section 8.3.117).
enum Style: String {
  case strong = "1"
  case faint = "2"
  case good = "32"
  case bad = "31;1"
  case caution = "33"
  case destructive = "35;1"
  case link = "36"
}
