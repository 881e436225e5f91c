import Glibc

/// The two calls on which durability hangs, so that a test can let them fail.
struct JournalDevice: Sendable {
  /// As pwrite(2): the number of bytes written, or -1 with errno.
  var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int
  /// As fdatasync(2).
  var sync: @Sendable (_ descriptor: Int32) -> Int32

  /// The kernel's.
  static let system = JournalDevice(
    write: { descriptor, bytes, offset in pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset)) },
    sync: { fdatasync($0) })
}
