/// Why a text is no value of a type, for people: lower case, no full stop.
public struct ParameterProblem: Error, Sendable, Hashable {
  /// What was expected. Never contains the text, which may be a secret.
  public let message: String

  /// A problem.
  public init(_ message: String) { self.message = message }
}

extension ParameterType {
  /// The value `text` stands for: a string for `string`, `choice`, `secret` and `duration` (as written), else a
  /// number or a boolean. Checks pattern, limits and choices.
  public func value(parsing text: String) throws(ParameterProblem) -> JSONValue {
    let value: JSONValue
    switch kind {
    case .string, .secret: value = .string(text)
    case .integer:
      guard Self.isInteger(text) else { throw ParameterProblem("must be an integer, for example 42") }
      value = .number(text)
    case .number:
      guard case .number(let number)? = try? JSONValue(parsing: text), number == text,
        Double(text)?.isFinite == true
      else {
        throw ParameterProblem("must be a number, for example 1.5")
      }
      value = .number(text)
    case .boolean:
      guard text == "true" || text == "false" else { throw ParameterProblem("must be true or false") }
      value = .boolean(text == "true")
    case .choice:
      guard choices.contains(text) else {
        throw ParameterProblem("must be one of \(choices.map { "'\($0)'" }.joined(separator: ", "))")
      }
      value = .string(text)
    case .duration:
      guard DurationText.milliseconds(parsing: text) != nil else {
        throw ParameterProblem("must be a duration, for example 30s, 5m or 1h30m")
      }
      value = .string(text)
    }
    try checkLimits(text)
    if let pattern, !TextPattern.matches(text, pattern) {
      throw ParameterProblem("must match \(pattern)")
    }
    return value
  }

  private func checkLimits(_ text: String) throws(ParameterProblem) {
    func amount(_ text: String) -> Double? {
      kind == .duration ? DurationText.milliseconds(parsing: text).map(Double.init) : Double(text)
    }
    func isLess(_ a: String, _ b: String) -> Bool {
      if let a = Int(a), let b = Int(b) { return a < b }
      guard let a = amount(a), let b = amount(b) else { return false }
      return a < b
    }
    switch kind {
    case .integer, .number, .duration:
      if let minimum, isLess(text, minimum) { throw ParameterProblem("must be at least \(minimum)") }
      if let maximum, isLess(maximum, text) { throw ParameterProblem("must be at most \(maximum)") }
    case .string, .boolean, .choice, .secret: break
    }
  }

  /// Digits without leading zeros, which mean another base elsewhere, and an optional minus.
  private static func isInteger(_ text: String) -> Bool {
    let digits = text.hasPrefix("-") ? text.utf8.dropFirst() : text.utf8[...]
    guard let first = digits.first, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
    return first != 0x30 || (digits.count == 1 && text.utf8.count == 1)
  }
}

/// Durations as pages write them: `500ms`, `5s`, `2m`, `1h30m`, `1d`.
public enum DurationText {
  /// The duration in milliseconds; nil where the text is none or it is longer than a year.
  ///
  /// Units in falling order, each at most once: `d`, `h`, `m`, `s`, `ms`.
  public static func milliseconds(parsing text: String) -> Int? {
    let limit = 366 * 86_400_000
    var rest = Substring(text).utf8
    var largest = Int.max
    var total = 0
    while !rest.isEmpty {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard let amount = Int(Substring(digits)) else { return nil }
      rest = rest.dropFirst(digits.count)
      let word = rest.prefix { (0x61...0x7a).contains($0) }
      rest = rest.dropFirst(word.count)
      guard let unit = milliseconds(ofUnit: Substring(word)), unit < largest else { return nil }
      let (part, overflow) = amount.multipliedReportingOverflow(by: unit)
      guard !overflow, part <= limit else { return nil }
      total += part
      largest = unit
    }
    return text.isEmpty || total > limit ? nil : total
  }

  private static func milliseconds(ofUnit name: Substring) -> Int? {
    switch name {
    case "d": 86_400_000
    case "h": 3_600_000
    case "m": 60_000
    case "s": 1000
    case "ms": 1
    default: nil
    }
  }
}
