import Glibc

/// Where the log gets its times from.
public struct AuditClock: Sendable {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var wall: @Sendable () -> Int64
  /// Nanoseconds since some moment of this boot, never running backwards.
  public var monotonic: @Sendable () -> Int64

  /// A clock.
  public init(wall: @escaping @Sendable () -> Int64, monotonic: @escaping @Sendable () -> Int64) {
    self.wall = wall
    self.monotonic = monotonic
  }

  /// The kernel's.
  public static let system = AuditClock(
    wall: { nanoseconds(CLOCK_REALTIME) }, monotonic: { nanoseconds(CLOCK_MONOTONIC) })

  private static func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// A moment in UTC, in milliseconds: how the log writes times.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public let milliseconds: Int64

  /// A moment.
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// Reads `YYYY-MM-DDThh:mm:ss.mmmZ`; the milliseconds, or the whole time of day, may be left out.
  public init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
      guard range.upperBound <= bytes.count else { return nil }
      return bytes[range].reduce(Int64?(0)) { total, byte in
        guard let total, (0x30...0x39).contains(byte) else { return nil }
        return total * 10 + Int64(byte - 0x30)
      }
    }
    func has(_ byte: Unicode.Scalar, at index: Int) -> Bool {
      index < bytes.count && bytes[index] == UInt8(ascii: byte)
    }
    guard let year = number(0..<4), has("-", at: 4), let month = number(5..<7), has("-", at: 7),
      let day = number(8..<10), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    var total = Self.days(year, month, day) * 86_400_000
    if bytes.count > 10 {
      guard has("T", at: 10), let hour = number(11..<13), has(":", at: 13), let minute = number(14..<16),
        has(":", at: 16), let second = number(17..<19), hour < 24, minute < 60, second < 61
      else { return nil }
      total += ((hour * 60 + minute) * 60 + second) * 1000
      if bytes.count == 24 {
        guard has(".", at: 19), let fraction = number(20..<23) else { return nil }
        total += fraction
      } else if bytes.count != 20 {
        return nil
      }
      guard has("Z", at: bytes.count - 1) else { return nil }
    }
    milliseconds = total
  }

  public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

  public var description: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the 24 bytes of `YYYY-MM-DDThh:mm:ss.mmmZ`.
  func append(to text: inout [UInt8]) {
    let (days, time) = milliseconds.quotientAndFloor(86_400_000)
    let (year, month, day) = Self.date(days)
    func digits(_ value: Int64, _ count: Int) {
      var divisor: Int64 = 1
      for _ in 1..<count { divisor *= 10 }
      while divisor > 0 {
        text.append(0x30 + UInt8(value / divisor % 10))
        divisor /= 10
      }
    }
    digits(year, 4)
    text.append(UInt8(ascii: "-"))
    digits(month, 2)
    text.append(UInt8(ascii: "-"))
    digits(day, 2)
    text.append(UInt8(ascii: "T"))
    digits(time / 3_600_000, 2)
    text.append(UInt8(ascii: ":"))
    digits(time / 60_000 % 60, 2)
    text.append(UInt8(ascii: ":"))
    digits(time / 1000 % 60, 2)
    text.append(UInt8(ascii: "."))
    digits(time % 1000, 3)
    text.append(UInt8(ascii: "Z"))
  }

  /// Days since 1970-01-01 of a date of the proleptic Gregorian calendar. Years are counted from March, so that
  /// the leap day is the last one: 365 days a year, and 153 days every five months from March on.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let marchYear = month > 2 ? year : year - 1
    let marchMonth = month > 2 ? month - 3 : month + 9
    let dayOfYear = (153 * marchMonth + 2) / 5 + day - 1
    return 365 * marchYear + marchYear / 4 - marchYear / 100 + marchYear / 400 + dayOfYear - 719_468
  }

  /// The inverse of `days`, for years 0 to 9999.
  private static func date(_ days: Int64) -> (Int64, Int64, Int64) {
    let (era, dayOfEra) = (days + 719_468).quotientAndFloor(146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
  }
}

extension Int64 {
  /// Division that rounds down, with a remainder of at least 0.
  fileprivate func quotientAndFloor(_ divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
