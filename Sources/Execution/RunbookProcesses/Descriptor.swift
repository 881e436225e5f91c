import Glibc

/// A file descriptor that is closed with its owner; -1 is none, as for `poll`.
struct Descriptor: ~Copyable, Sendable {
  /// The descriptor, or -1.
  private(set) var number: Int32

  /// Takes over `number`.
  init(_ number: Int32) { self.number = number }

  deinit { if number >= 0 { Glibc.close(number) } }

  /// Whether there is one.
  var isOpen: Bool { number >= 0 }

  /// Closes it before its time; a second time does nothing.
  mutating func close() {
    if number >= 0 { Glibc.close(number) }
    number = -1
  }

  /// Gives it to somebody else.
  consuming func release() -> Int32 {
    let released = number
    discard self
    return released
  }
}
