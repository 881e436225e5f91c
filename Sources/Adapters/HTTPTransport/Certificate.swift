/// What a server's own certificate says.
public struct Certificate: Sendable, Equatable {
  /// Distinguished name, for example `CN = api.example.org`.
  public var subject: String
  /// Whom it is for, as it is written there: `DNS:api.example.org`, `IP Address:127.0.0.1`.
  public var names: [String]
  /// Distinguished name of who signed it.
  public var issuer: String
  /// First second of its validity; nil where the library's text was not understood.
  public var notBefore: CalendarTime?
  /// Last second of its validity.
  public var notAfter: CalendarTime?

  /// Reads the entries libcurl gives (`Expire date:Nov 20 12:00:00 2026 GMT`).
  init(entries: [String]) {
    var values: [Substring: Substring] = [:]
    for entry in entries {
      guard let colon = entry.utf8.firstIndex(of: UInt8(ascii: ":")) else { continue }
      values[entry[..<colon], default: entry[entry.index(after: colon)...]] =
        entry[
          entry.index(after: colon)...]
    }
    func moment(_ name: Substring) -> CalendarTime? {
      values[name].flatMap { CalendarTime(certificateText: $0) }
    }
    subject = values["Subject"].map(String.init) ?? ""
    issuer = values["Issuer"].map(String.init) ?? ""
    names =
      values["X509v3 Subject Alternative Name"]?.split(separator: ",").map { name in
        String(name.drop { $0 == " " })
      } ?? []
    notBefore = moment("Start date")
    notAfter = moment("Expire date")
  }
}

/// A point in time in UTC, to the second.
public struct CalendarTime: Sendable, Equatable {
  /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
  public let secondsSinceEpoch: Int

  /// That many seconds after 1970-01-01T00:00:00Z.
  public init(secondsSinceEpoch: Int) { self.secondsSinceEpoch = secondsSinceEpoch }

  /// Reads the two forms TLS libraries print: `Nov 20 12:00:00 2026 GMT` and `2026-11-20 12:00:00 GMT`.
  init?(certificateText text: Substring) {
    let words = text.split(separator: " ")
    if words.count == 5, let month = Self.months.firstIndex(of: String(words[0])) {
      self.init(year: words[3], month: month + 1, day: words[1], time: words[2])
    } else if words.count >= 2, case let date = words[0].split(separator: "-"), date.count == 3,
      let month = Int(date[1])
    {
      self.init(year: date[0], month: month, day: date[2], time: words[1])
    } else {
      return nil
    }
  }

  /// `2026-11-20T12:00:00Z`.
  public var text: String {
    let days = secondsSinceEpoch >= 0 ? secondsSinceEpoch / 86400 : (secondsSinceEpoch - 86399) / 86400
    let (year, month, day) = Self.civil(fromDays: days)
    let second = secondsSinceEpoch - days * 86400
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(year)-\(two(month))-\(two(day))T"
      + "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
  }

  /// Whole days from `start` to here, rounded down: negative once it is past.
  public func days(since start: CalendarTime) -> Int {
    let seconds = secondsSinceEpoch - start.secondsSinceEpoch
    return seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
  }

  private init?(year: Substring, month: Int, day: Substring, time: Substring) {
    let clock = time.split(separator: ":").map { Int($0) }
    guard let year = Int(year), let day = Int(day), clock.count == 3, let hour = clock[0],
      let minute = clock[1], let second = clock[2], (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    self.init(
      secondsSinceEpoch: Self.days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second)
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  // Days of the proleptic Gregorian calendar, counted in eras of 400 years that begin on 1 March.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let index = (5 * dayOfYear + 2) / 153
    let month = index < 10 ? index + 3 : index - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * index + 2) / 5 + 1)
  }
}
