import Glibc

/// Regular expressions in POSIX extended syntax that have to match a whole text, as `[[ =~ ]]` in bash with `^`
/// and `$` around them.
public enum TextPattern {
  /// Why `pattern` is no regular expression, in the C library's words; nil where it is one.
  public static func problem(in pattern: String) -> String? {
    compile(pattern) { _ in
    } onError: {
      $0
    }
  }

  /// Whether all of `text` matches `pattern`. A text with a NUL never does, and nothing matches what is no
  /// regular expression.
  public static func matches(_ text: String, _ pattern: String) -> Bool {
    guard !text.utf8.contains(0) else { return false }
    var isMatch = false
    _ = compile(pattern) { expression in
      var match = regmatch_t()
      isMatch =
        regexec(expression, text, 1, &match, 0) == 0 && match.rm_so == 0
        && Int(match.rm_eo) == text.utf8.count
    } onError: {
      $0
    }
    return isMatch
  }

  private static func compile(
    _ pattern: String, _ body: (UnsafePointer<regex_t>) -> Void, onError: (String) -> String
  ) -> String? {
    // Without a UTF-8 locale `.` would match one byte; the process itself stays in "C".
    let locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
    let previous = locale.map { uselocale($0) }
    defer {
      if let previous { uselocale(previous) }
      if let locale { freelocale(locale) }
    }
    var expression = regex_t()
    let status = regcomp(&expression, pattern, REG_EXTENDED)
    guard status == 0 else {
      var buffer = [CChar](repeating: 0, count: 256)
      let count = regerror(status, &expression, &buffer, buffer.count)
      let bytes = buffer.prefix(max(0, count - 1)).map { UInt8(bitPattern: $0) }
      return onError(String(decoding: bytes, as: UTF8.self).lowercased())
    }
    defer { regfree(&expression) }
    body(&expression)
    return nil
  }
}
