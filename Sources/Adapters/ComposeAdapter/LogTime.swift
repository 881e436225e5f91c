internal import Glibc

/// A `--since` or `--until` as people write it, as the engine wants it: seconds since 1970.
enum LogTime {
  /// Reads `90`, `10m`, `1h30m` (that long before `now`) and `2026-11-20`, `2026-11-20T10:00`,
  /// `2026-11-20T10:00:00Z`, `…+01:00`; without a zone the machine's own counts. nil for anything else.
  static func seconds(_ text: String, now: Int) -> Int? {
    if let number = Int(text), number >= 0 { return number }
    if let length = duration(text) { return now - length }
    return date(text)
  }

  private static func duration(_ text: String) -> Int? {
    var total = 0.0
    var number = ""
    var rest = text[...]
    guard !rest.isEmpty else { return nil }
    while let character = rest.popFirst() {
      if character.isNumber || character == "." {
        number.append(character)
        continue
      }
      guard let value = Double(number) else { return nil }
      number = ""
      switch character {
      case "d": total += value * 86_400
      case "h": total += value * 3600
      case "m" where rest.first == "s":
        rest.removeFirst()
        total += value / 1000
      case "m": total += value * 60
      case "s": total += value
      default: return nil
      }
    }
    return number.isEmpty && total < 1e12 ? Int(total) : nil
  }

  private static func date(_ text: String) -> Int? {
    let halves = text.split(separator: "T", omittingEmptySubsequences: false)
    guard let day = numbers(halves[0], separator: "-", counts: 3...3), halves.count <= 2 else { return nil }
    var fields = tm()
    fields.tm_year = Int32(day[0] - 1900)
    fields.tm_mon = Int32(day[1] - 1)
    fields.tm_mday = Int32(day[2])
    guard (1970...9999).contains(day[0]), (1...12).contains(day[1]), (1...31).contains(day[2]) else {
      return nil
    }
    var zone: Substring = ""
    if halves.count == 2 {
      let end = halves[1].firstIndex { "Z+-".contains($0) } ?? halves[1].endIndex
      zone = halves[1][end...]
      let clock = halves[1][..<end].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
      guard let time = numbers(clock[0], separator: ":", counts: 2...3), (0...23).contains(time[0]),
        (0...59).contains(time[1]), (0...60).contains(time.count == 3 ? time[2] : 0),
        clock.count == 1 || (!clock[1].isEmpty && clock[1].allSatisfy(\.isNumber))
      else { return nil }
      fields.tm_hour = Int32(time[0])
      fields.tm_min = Int32(time[1])
      fields.tm_sec = Int32(time.count == 3 ? time[2] : 0)
    }
    guard let mark = zone.first else {
      fields.tm_isdst = -1
      return mktime(&fields)
    }
    if zone == "Z" { return timegm(&fields) }
    guard mark != "Z", let offset = numbers(zone.dropFirst(), separator: ":", counts: 2...2) else {
      return nil
    }
    return timegm(&fields) - (mark == "+" ? 1 : -1) * (offset[0] * 3600 + offset[1] * 60)
  }

  private static func numbers(
    _ text: Substring, separator: Character, counts: ClosedRange<Int>
  ) -> [Int]? {
    let parts = text.split(separator: separator, omittingEmptySubsequences: false)
    guard counts.contains(parts.count), parts.allSatisfy({ $0.allSatisfy(\.isNumber) && $0.utf8.count <= 4 })
    else {
      return nil
    }
    let numbers = parts.compactMap { Int($0) }
    return numbers.count == parts.count ? numbers : nil
  }
}
